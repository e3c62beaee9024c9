package consume

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
)

const scope = "gazua.example/payment-worker/consume"

var asConsumer = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer)}

// startSpan goes on with the trace that the message carries: the work stands below the span that sent it, so that one
// trace holds a payment from its request to its callback. It links to it too, as the conventions want it: a message may be
// worked on more than once, and each time is a span of its own.
func startSpan(ctx context.Context, m kafka.Message) (context.Context, trace.Span) {
	ctx = propagation.TraceContext{}.Extract(ctx, events.Carrier{Message: &m})
	from := trace.SpanContextFromContext(ctx)
	ctx, span := telemetry.Child(ctx, otel.Tracer(scope), "process", asConsumer...)
	if span.IsRecording() {
		span.SetName("process " + m.Topic)
		span.SetAttributes(processed(m.Topic)...)
		span.SetAttributes(semconv.MessagingDestinationPartitionID(fmt.Sprint(m.Partition)), semconv.MessagingKafkaOffset(int(m.Offset)))
		if from.IsValid() {
			span.AddLink(trace.Link{SpanContext: from})
		}
	}
	return ctx, span
}

// endSpan says how it went. A message that is put aside was worked on; an error means that it is tried again.
func endSpan(ctx context.Context, span trace.Span, m kafka.Message, began time.Time, err error) {
	done := outcome{topic: m.Topic}
	if err != nil {
		done.failure = "try_again"
		span.SetAttributes(semconv.ErrorTypeKey.String(done.failure))
		span.SetStatus(codes.Error, "tried again")
	}
	span.End()
	measures().duration.Record(ctx, done, time.Since(began))
}

func processed(topic string) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKafka, semconv.MessagingDestinationName(topic), semconv.MessagingOperationName("process"),
		semconv.MessagingOperationTypeProcess, semconv.MessagingConsumerGroupName(events.Group),
	}
}

// consumed is the consumer's metrics.
type consumed struct {
	duration *telemetry.Durations[outcome]
	messages metric.Int64Counter
}

type outcome struct{ topic, failure string }

var measures = sync.OnceValue(func() *consumed {
	meter := otel.Meter(scope)
	duration, durations := telemetry.NewDurations(meter, "messaging.process.duration", "Work on a message, once; what failed for a passing reason is tried again.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, outcome.attributes)
	messages, counts := meter.Int64Counter("messaging.client.consumed.messages", metric.WithUnit("{message}"), metric.WithDescription("Messages read from Kafka."))
	if err := errors.Join(durations, counts); err != nil {
		panic(err) // names and bounds are constants: a programmer's mistake
	}
	return &consumed{duration, messages}
})

func (o outcome) attributes() []attribute.KeyValue {
	attributes := processed(o.topic)
	if o.failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(o.failure))
	}
	return attributes
}

// read counts a message that was read.
func (c *consumed) read(ctx context.Context, topic string) {
	c.messages.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(semconv.MessagingSystemKafka, semconv.MessagingDestinationName(topic),
		semconv.MessagingOperationName("receive"), semconv.MessagingConsumerGroupName(events.Group))))
}

// Positions is how far this member has come in the partitions that it has now: the offset that it would commit.
func (c *Consumer) Positions() map[int]int64 {
	positions := map[int]int64{}
	if marks := c.marks.Load(); marks != nil {
		for partition, mark := range *marks {
			positions[partition] = mark.commit()
		}
	}
	return positions
}
