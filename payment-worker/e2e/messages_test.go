package e2e_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
)

// kafkaClient speaks to the broker for the length of a test.
func kafkaClient(t *testing.T) *kafka.Client {
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(system.broker), Transport: transport, Timeout: 5 * time.Second}
}

func produce(t *testing.T, topic string, partition int, value string) {
	t.Helper()
	answer, err := kafkaClient(t).Produce(t.Context(), &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte(value)), Time: time.Now()}),
	})
	if err != nil || answer.Error != nil {
		t.Fatal(err, answer)
	}
}

// committed is how far the workers have come, by partition.
func committed(t *testing.T) map[int]int64 {
	t.Helper()
	partitions := make([]int, events.Partitions)
	for p := range partitions {
		partitions[p] = p
	}
	answer, err := kafkaClient(t).OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{GroupID: events.Group, Topics: map[string][]int{events.Topic: partitions}})
	if err != nil || answer.Error != nil {
		t.Fatal(err, answer)
	}
	offsets := map[int]int64{}
	for _, p := range answer.Topics[events.Topic] {
		offsets[p.Partition] = p.CommittedOffset
	}
	return offsets
}

// The message of an accepted payment is lost: its row says that it was sent, and the group is past that record, as if
// somebody had acknowledged it without work. Nobody but the rescuer can find it. The workers stand still meanwhile, so that
// none of them reads the real message; no other story runs.
func TestAcceptedPayment_WhoseMessageIsLost_IsRescued(t *testing.T) {
	produce(t, events.Topic, 5, "for the offset's sake")
	eventually(t, "the group is past a record of partition 5", func() bool { return committed(t)[5] >= 1 })
	freeze(t, syscall.SIGSTOP)
	o := order{id: "lost", key: "lost-1", point: tok, charge: tok}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	if _, err := system.admin.ExecContext(t.Context(), "UPDATE outbox SET sent_at = UTC_TIMESTAMP(6), kafka_partition = 5, kafka_offset = 0 WHERE payment_id = ?", got.view.ID); err != nil {
		t.Fatal(err)
	}
	freeze(t, syscall.SIGCONT)
	accepted := time.Now()
	judge(t, got.view.ID, "PAID")
	if took := time.Since(accepted); took < 3*time.Second {
		t.Errorf("rescued after %s, the group must have been past it for 3 s", took)
	}
	if cause := startCause(t, got.view.ID); cause != "rescued" {
		t.Errorf("it was started by %q", cause)
	}
	rescues := ""
	for _, w := range system.workers {
		rescues += page(t, w.admin+"/metrics")
	}
	if !strings.Contains(rescues, `gazua_rescues_total{`) || !strings.Contains(rescues, `acknowledged without work`) {
		t.Error("no worker counts the rescue")
	}
}

// freeze stops all workers, or lets them go on. A stopped one holds nothing: it is let go before its session ends.
func freeze(t *testing.T, how syscall.Signal) {
	t.Helper()
	for _, w := range system.workers {
		w.signal(how)
		if how == syscall.SIGSTOP {
			t.Cleanup(func() { w.signal(syscall.SIGCONT) })
		}
	}
}

// startCause is why an accepted payment was started.
func startCause(t *testing.T, payment string) (cause string) {
	t.Helper()
	if err := system.db.QueryRowContext(t.Context(), "SELECT cause FROM payment_event WHERE payment_id = ? AND from_state = 'ACCEPTED' AND to_state = 'PROCESSING'", payment).Scan(&cause); err != nil {
		t.Fatal(err)
	}
	return cause
}

// What can never be settled is put aside, and those behind it are not held up; a person can look at it and send it again.
func TestMessages_ThatNameNoPayment_BecomeDeadLetters_AndCanBeReplayed(t *testing.T) {
	t.Parallel()
	poison := []string{"not JSON \x1b[2J\x1b[31m", `{"v":1,"payment_id":"9223372036854775807"}`, `{"v":1,"payment_id":"18446744073709551615"}`, `{"v":9,"payment_id":"1"}`}
	for i, text := range poison {
		produce(t, events.Topic, i, text)
	}
	first := letters(t, poison)
	for value, place := range first {
		if place == "" {
			t.Errorf("%q is not listed", value)
		}
	}
	if out, code := verb(t, "dlq", "list"); code != 0 || strings.Contains(out, "\x1b") || !strings.Contains(out, `not JSON \x1b[2J`) || !strings.Contains(out, "payment.accepted/0/") {
		t.Errorf("the table: %q", out)
	}

	if out, code := verb(t, "dlq", "replay", first[poison[0]]); code != 0 {
		t.Fatalf("replay: %d %s", code, out)
	}
	eventually(t, "it died again, at another place", func() bool {
		place := letters(t, poison[:1])[poison[0]]
		return place != first[poison[0]]
	})
	if out, code := verb(t, "dlq", "replay", "--all"); code != 0 {
		t.Fatalf("replay: %d %s", code, out)
	}
	eventually(t, "each died again", func() bool {
		for value, place := range letters(t, poison) {
			if place == first[value] {
				return false
			}
		}
		return true
	})

	// One that should not have died: a payment is there after all. It is worked on (nothing is to be done) and not put aside.
	paid := paidBy(t, order{id: "letter", key: "letter-1", charge: tok})
	value := `{"v":1,"payment_id":"` + paid + `"}`
	produce(t, events.DeadLetter, 9, value)
	place := letters(t, []string{value})[value]
	before := len(allLetters(t))
	if out, code := verb(t, "dlq", "replay", place); code != 0 {
		t.Fatalf("replay: %d %s", code, out)
	}
	eventually(t, "the workers have read all", func() bool {
		ends := make([]kafka.OffsetRequest, events.Partitions)
		for p := range ends {
			ends[p] = kafka.LastOffsetOf(p)
		}
		got, err := kafkaClient(t).ListOffsets(t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{events.Topic: ends}})
		if err != nil {
			return false
		}
		done := committed(t)
		return !slices.ContainsFunc(got.Topics[events.Topic], func(p kafka.PartitionOffsets) bool { return p.LastOffset > max(done[p.Partition], 0) })
	})
	if after := len(allLetters(t)); after != before-1 {
		t.Errorf("%d letters were listed, then %d", before, after)
	}
}

// letters waits until each of these values is listed as a dead letter, and says where.
func letters(t *testing.T, values []string) map[string]string {
	t.Helper()
	places := map[string]string{}
	eventually(t, "every one is a dead letter", func() bool {
		clear(places)
		for _, l := range allLetters(t) {
			if slices.Contains(values, l.Value) {
				places[l.Value] = l.Place
			}
		}
		return len(places) == len(values)
	})
	return places
}

type letter struct{ Place, Value, Reason, From string }

func allLetters(t *testing.T) []letter {
	t.Helper()
	var list struct{ Data []letter }
	listed(t, &list, "dlq", "list")
	return list.Data
}
