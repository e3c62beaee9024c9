package consume

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"gazua.example/infra/stack/stacktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic      = "work"
	group      = "workers"
	partitions = 12
)

// broker is a real Kafka-protocol broker with one topic.
type broker struct {
	t    *testing.T
	dir  string
	addr string
	stop func()
	kafka.Client
}

func startBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir()}
	var err error
	if b.addr, b.stop, err = stacktest.StartBroker(b.dir); err != nil {
		t.Fatal(err)
	}
	transport := &kafka.Transport{MetadataTTL: 100 * time.Millisecond}
	b.Client = kafka.Client{Addr: kafka.TCP(b.addr), Timeout: 2 * time.Second, Transport: transport}
	t.Cleanup(func() { transport.CloseIdleConnections(); b.stop() })
	if err := MakeTopics(t.Context(), []string{b.addr}, partitions, 1, topic); err != nil {
		t.Fatal(err)
	}
	return b
}

// restart starts the broker again on its port, with its data.
func (b *broker) restart() {
	b.t.Helper()
	_, text, err := net.SplitHostPort(b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	port, _ := strconv.Atoi(text)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(b.dir))
	if err != nil {
		b.t.Fatal(err)
	}
	b.stop = cluster.Close
}

// produce writes texts into one partition.
func (b *broker) produce(partition int, texts ...string) {
	b.t.Helper()
	var records []kafka.Record
	for _, text := range texts {
		records = append(records, kafka.Record{Value: kafka.NewBytes([]byte(text))})
	}
	eventually(b.t, "the broker takes the records", func() bool {
		answer, err := b.Produce(b.t.Context(), &kafka.ProduceRequest{
			Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
		})
		return err == nil && answer.Error == nil
	})
}

// committed is the group's offset of a partition; -1: none.
func (b *broker) committed(partition int) int64 {
	b.t.Helper()
	answer, err := b.OffsetFetch(b.t.Context(), &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {partition}}})
	if err != nil || answer.Error != nil || len(answer.Topics[topic]) == 0 {
		return -1
	}
	return answer.Topics[topic][0].CommittedOffset
}

// members is how many the group has.
func (b *broker) members() int {
	b.t.Helper()
	answer, err := b.DescribeGroups(b.t.Context(), &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil || len(answer.Groups) != 1 {
		b.t.Fatalf("describe the group: %+v, %v", answer, err)
	}
	return len(answer.Groups[0].Members)
}

// scripted is a handler that does what the test says and remembers what was done.
type scripted struct {
	handle func(text string) error
	paused func() bool

	mu   sync.Mutex
	done []string // in the order of their ends
}

func (h *scripted) Handle(_ context.Context, m kafka.Message) error {
	if h.handle != nil {
		if err := h.handle(string(m.Value)); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = append(h.done, string(m.Value))
	return nil
}

func (h *scripted) Paused() bool { return h.paused != nil && h.paused() }

func (h *scripted) has(texts ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !slices.ContainsFunc(texts, func(text string) bool { return !slices.Contains(h.done, text) })
}

func (h *scripted) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.done)
}

// member is a running consumer.
type member struct {
	*Consumer
	leave func()
	ended chan struct{}
}

func (b *broker) join(h Handler, change ...func(*Consumer)) *member {
	b.t.Helper()
	c, err := New(Options{Brokers: []string{b.addr}, Topic: topic, Group: group, Workers: 8}, h, slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range change {
		f(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{c, cancel, make(chan struct{})}
	go func() {
		defer close(m.ended)
		if err := c.Run(ctx); err != nil {
			b.t.Errorf("run: %v", err)
		}
	}()
	b.t.Cleanup(func() {
		cancel()
		m.wait(b.t)
	})
	return m
}

func (m *member) wait(t *testing.T) {
	t.Helper()
	select {
	case <-m.ended:
	case <-time.After(20 * time.Second):
		t.Error("the consumer does not end")
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
