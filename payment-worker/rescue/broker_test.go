package rescue

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-worker/consume"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// With a real broker: a message whose offset was committed without work is lost after a while; one that nobody has read yet
// is not, however long it lies there. A group that does not exist has committed nothing.
func TestLost_RealBroker(t *testing.T) {
	addr, stop, err := stacktest.StartBroker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	const topic, group = "work", "workers"
	if err := consume.MakeTopics(t.Context(), []string{addr}, 4, 1, topic); err != nil {
		t.Fatal(err)
	}
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(addr), Transport: transport, Timeout: 5 * time.Second}
	for _, partition := range []int{1, 2} {
		answer, err := client.Produce(t.Context(), &kafka.ProduceRequest{
			Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll,
			Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte("x"))}),
		})
		if err != nil || answer.Error != nil {
			t.Fatal(err, answer)
		}
	}

	o := NewGroupOffsets([]string{addr}, group, topic, 4)
	defer o.Close()
	if committed, err := o.Committed(t.Context()); err != nil || len(committed) != 0 {
		t.Fatalf("a group that nobody knows has committed %v, %v", committed, err)
	}
	r := rescuer(t, rows{1: {Sent: true, Partition: 1}, 2: {Sent: true, Partition: 2}}, o)
	r.after = 600 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	answer, err := client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{GroupID: group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: 1, Offset: 1}}}})
	if err != nil || answer.Topics[topic][0].Error != nil {
		t.Fatal(err, answer)
	}
	committed := time.Now()
	for is := false; !is; is, _ = r.Lost(t.Context(), 1) { // before the first look at the offsets nobody knows
		if time.Since(committed) > 20*time.Second {
			t.Fatal("a message that was acknowledged without work is never called lost")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if took := time.Since(committed); took < r.after {
		t.Errorf("called lost after %s, want %s at least", took, r.after)
	}
	if lost(t, r, 2) {
		t.Error("a backlog was called lost")
	}
}
