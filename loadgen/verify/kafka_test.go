package verify

import (
	"testing"

	"go.uber.org/goleak"
)

func TestKafka_NothingIsLeftRunning(t *testing.T) {
	p := newPost(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	if _, err := p.kafka.Ends(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.kafka.Lag(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := &Offender{id: other(3), PaymentID: "0"}
	if err := p.kafka.tell(t.Context(), p.scope.FromOffsets, []*Offender{o}); err != nil || len(o.Kafka) != 1 {
		t.Fatalf("%q, %v", o.Kafka, err)
	}
	p.kafka.Brokers = []string{"127.0.0.1:1"}
	if _, err := p.kafka.Ends(t.Context()); err == nil {
		t.Error("there is nobody at that address")
	}
}

// A reader that has enough stops in the middle of a partition, and one that starts late does not see what was before.
func TestRecords_FromAndTo_AreKept(t *testing.T) {
	p := newPost(t)
	log, err := p.kafka.open()
	if err != nil {
		t.Fatal(err)
	}
	defer log.close()
	var got []place
	for r, err := range log.records(t.Context(), p.kafka.Topic, map[int32]int64{0: 5, 1: 0}, map[int32]int64{0: 8, 1: 100}) {
		if err != nil {
			break // partition 1 has no hundred
		}
		if got = append(got, placeOf(r)); len(got) == 5 {
			break
		}
	}
	want := []place{{0, 5}, {0, 6}, {0, 7}, {1, 0}, {1, 1}}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
