package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/events"
	"gazua.example/payment-api/mysql"
)

const scope = "gazua.example/payment-worker/relay"

// sending is the spans of a batch's messages, by outbox row; a message whose trace is not recorded has none. Each stands
// below the request that accepted its payment and travels in its message: whoever works on that goes on below it.
type sending map[uint64]trace.Span

// begin starts the spans and writes them into the messages' headers.
func begin(messages []kafka.Message) sending {
	begun := sending{}
	for i := range messages {
		m := &messages[i]
		id, ours := m.WriterData.(uint64)
		ctx := propagation.TraceContext{}.Extract(context.Background(), events.Carrier{Message: m})
		if !ours || !telemetry.Recorded(ctx) {
			continue
		}
		ctx, span := otel.Tracer(scope).Start(ctx, "send "+m.Topic, telemetry.AsProducer...)
		span.SetAttributes(sent(m.Topic)...)
		span.SetAttributes(semconv.MessagingKafkaMessageKey(string(m.Key)), semconv.MessagingBatchMessageCount(len(messages)),
			attribute.String("gazua.payment_id", string(m.Key)))
		propagation.TraceContext{}.Inject(ctx, events.Carrier{Message: m})
		begun[id] = span
	}
	return begun
}

// end says where the messages went. What is not among the delivered failed, and goes out again when its lease ends.
func (s sending) end(delivered []mysql.Sent, err error) {
	if len(s) == 0 {
		return
	}
	for _, d := range delivered {
		if span := s[d.ID]; span != nil {
			span.SetAttributes(semconv.MessagingDestinationPartitionID(fmt.Sprint(d.Partition)), semconv.MessagingKafkaOffset(int(d.Offset)))
			span.End()
			delete(s, d.ID)
		}
	}
	for _, span := range s {
		span.SetAttributes(semconv.ErrorTypeKey.String(failureOf(err)))
		span.SetStatus(codes.Error, "not delivered")
		span.End()
	}
}

func sent(topic string) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKafka, semconv.MessagingDestinationName(topic), semconv.MessagingOperationName("send"), semconv.MessagingOperationTypeSend,
	}
}

// WriteMessages is kafka.Writer's, measured. Inside a recorded trace it is a span: that of a dead letter or a replay; the
// relay's own messages have theirs one by one.
func (w *Writer) WriteMessages(ctx context.Context, messages ...kafka.Message) error {
	if len(messages) == 0 {
		return nil
	}
	topic, began, span := messages[0].Topic, time.Now(), trace.SpanFromContext(context.Background())
	if telemetry.Recorded(ctx) {
		_, span = otel.Tracer(scope).Start(ctx, "send "+topic, telemetry.AsClient...)
		span.SetAttributes(sent(topic)...)
	}
	defer span.End()
	err := w.Writer.WriteMessages(ctx, messages...)
	failed := failedOf(err, len(messages))
	if err != nil {
		span.SetAttributes(semconv.ErrorTypeKey.String(failureOf(err)))
		span.SetStatus(codes.Error, "not delivered")
	}
	measures().note(ctx, topic, time.Since(began), len(messages)-failed, failed, err)
	return err
}

// failedOf is how many of n messages were not acknowledged.
func failedOf(err error, n int) int {
	var each kafka.WriteErrors
	switch {
	case err == nil:
		return 0
	case errors.As(err, &each):
		return each.Count()
	default:
		return n
	}
}

// failureOf is error.type: the broker's error, or that there was no answer.
func failureOf(err error) string {
	var each kafka.WriteErrors
	if errors.As(err, &each) {
		for _, one := range each {
			if one != nil {
				err = one
				break
			}
		}
	}
	var said kafka.Error
	switch {
	case errors.As(err, &said):
		return said.Title()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	default:
		return "connection"
	}
}

// produced is the producers' metrics, of all writers of this process.
type produced struct {
	duration *telemetry.Durations[outcome]
	messages metric.Int64Counter
	batch    metric.Int64Histogram
}

type outcome struct{ topic, failure string }

var measures = sync.OnceValue(func() *produced {
	meter := otel.Meter(scope)
	duration, durations := telemetry.NewDurations(meter, "messaging.client.operation.duration", "Batches sent to Kafka, until all replicas in sync have them.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, outcome.attributes)
	messages, counts := meter.Int64Counter("messaging.client.sent.messages", metric.WithUnit("{message}"), metric.WithDescription("Messages sent to Kafka; those that failed have error.type."))
	batch, sizes := meter.Int64Histogram("gazua.relay.batch.size", metric.WithUnit("{row}"), metric.WithDescription("Outbox rows that one transaction of the relay took."),
		metric.WithExplicitBucketBoundaries(1, 2, 4, 8, 16, 32, 64, 128, 200))
	if err := errors.Join(durations, counts, sizes); err != nil {
		panic(err) // names and bounds are constants: a programmer's mistake
	}
	return &produced{duration, messages, batch}
})

func (o outcome) attributes() []attribute.KeyValue {
	attributes := sent(o.topic)
	if o.failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(o.failure))
	}
	return attributes
}

func (p *produced) note(ctx context.Context, topic string, took time.Duration, delivered, failed int, err error) {
	all := outcome{topic: topic}
	if err != nil {
		all.failure = failureOf(err)
		p.messages.Add(ctx, int64(failed), metric.WithAttributeSet(attribute.NewSet(all.attributes()...)))
	}
	p.duration.Record(ctx, all, took)
	if delivered > 0 {
		p.messages.Add(ctx, int64(delivered), metric.WithAttributeSet(attribute.NewSet(sent(topic)...)))
	}
}
