package relay

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
)

// Writer is a producer as this system needs it: every replica in sync acknowledges, and a broker that went away is
// noticed within a second.
type Writer struct {
	kafka.Writer
	transport *kafka.Transport
}

// NewWriter makes a producer for the topics of this system; others it does not know.
func NewWriter(brokers []string) *Writer {
	transport := &kafka.Transport{MetadataTTL: time.Second, DialTimeout: time.Second, MetadataTopics: []string{events.Topic, events.DeadLetter}}
	return &Writer{transport: transport, Writer: kafka.Writer{
		Addr:                   kafka.TCP(brokers...),
		Balancer:               &runs{},
		RequiredAcks:           kafka.RequireAll, // a literal Writer waits for none
		BatchTimeout:           2 * time.Millisecond,
		BatchSize:              batch,
		MaxAttempts:            5,
		WriteTimeout:           3 * time.Second,
		ReadTimeout:            3 * time.Second,
		AllowAutoTopicCreation: false,
		Transport:              transport,
	}}
}

// runLength is how many messages in a row go to one partition.
const runLength = 32

// runs spreads messages over the partitions in runs. Each partition of a batch costs a request, a write to disk at every
// replica, and waking up whoever reads it; by the hash of their keys forty messages went to all twelve. Which partition a
// message is in does not matter: it is a signal only, and comes in no promised order.
type runs struct {
	mu   sync.Mutex // guards what follows
	left int        // of this run
	at   int
}

// Balance implements kafka.Balancer.
func (r *runs) Balance(_ kafka.Message, partitions ...int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 || r.at >= len(partitions) {
		r.left, r.at = runLength, rand.IntN(len(partitions))
	}
	r.left--
	return partitions[r.at]
}

// Close ends the producer with its connections, which kafka-go leaves to whoever made the transport.
func (w *Writer) Close() error {
	err := w.Writer.Close()
	w.transport.CloseIdleConnections()
	return err
}
