package relay

import (
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
		Balancer:               &kafka.Hash{},
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

// Close ends the producer with its connections, which kafka-go leaves to whoever made the transport.
func (w *Writer) Close() error {
	err := w.Writer.Close()
	w.transport.CloseIdleConnections()
	return err
}
