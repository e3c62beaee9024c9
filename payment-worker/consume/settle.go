package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/attribute"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/events"
	"gazua.example/payment-api/payment"
)

// Payments is what the handler needs of the domain.
type Payments interface {
	Start(ctx context.Context, id payment.ID) (found bool, err error)
}

// Means says whether the payment means can be called.
type Means interface {
	Available(means ...payment.Means) bool
}

// Producer writes dead letters.
type Producer interface {
	WriteMessages(ctx context.Context, messages ...kafka.Message) error
}

// Settler handles a message: it has the payment settled, or puts aside what can never be one.
type Settler struct {
	Payments Payments
	Means    Means
	Dead     Producer
	Log      *slog.Logger
}

var _ Handler = (*Settler)(nil)

// Paused implements Handler: while the PG's breaker is open nothing is fetched; the messages wait in Kafka, where waiting
// costs nothing.
func (s *Settler) Paused() bool { return !s.Means.Available(payment.PG) }

// Handle implements Handler. A panic is the message's own: it is put aside, and does not take down one worker after another.
// Its payment stays open work, which the resolver takes up.
func (s *Settler) Handle(ctx context.Context, m kafka.Message) (err error) {
	began := time.Now()
	ctx, span := startSpan(ctx, m)
	defer func() { endSpan(ctx, span, m, began, err) }()
	defer func() {
		if mistake := recover(); mistake != nil {
			s.Log.ErrorContext(ctx, telemetry.PanicMessage, "where", "message", "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = s.putAside(ctx, m, fmt.Sprintf("panic: %v", mistake))
		}
	}()
	id, err := events.Decode(m)
	if err != nil {
		return s.putAside(ctx, m, err.Error())
	}
	if span.IsRecording() {
		span.SetAttributes(attribute.String("gazua.payment_id", id.String()))
	}
	found, err := s.Payments.Start(ctx, id)
	switch {
	case errors.Is(err, payment.ErrMissed):
		return nil // somebody else has it, or had it; if that one died the resolver goes on
	case err != nil:
		return fmt.Errorf("settle payment %d: %w", id, err)
	case !found:
		return s.putAside(ctx, m, fmt.Sprintf("there is no payment %d", id))
	}
	return nil
}

// putAside keeps a message that can never work where people can look at it, and only then lets it go.
func (s *Settler) putAside(ctx context.Context, m kafka.Message, reason string) error {
	s.Log.ErrorContext(ctx, "dead letter", "topic", m.Topic, "partition", m.Partition, "offset", m.Offset, "reason", reason)
	letter := kafka.Message{Topic: events.DeadLetter, Key: m.Key, Value: m.Value, Headers: append(m.Headers[:len(m.Headers):len(m.Headers)],
		kafka.Header{Key: events.HeaderReason, Value: []byte(reason)},
		kafka.Header{Key: events.HeaderFrom, Value: fmt.Appendf(nil, "%s/%d/%d", m.Topic, m.Partition, m.Offset)})}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.Dead.WriteMessages(ctx, letter); err != nil {
		return fmt.Errorf("put a dead letter aside: %w", err)
	}
	return nil
}
