package mysql

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
)

// commits watches the transactions that payments share. Each member whose trace is recorded has a span from when it was
// handed over until its result is there; the statements stand below the span of the first such member, and the others
// link to it:
//
//	trace A:  TRANSACTION claim ──────────────┐
//	            ├─ BATCH, COMMIT              │ one transaction
//	trace B:  TRANSACTION apply ─ ─link─ ─ ─ ─┘
type commits struct {
	kind     string
	tracer   trace.Tracer
	wait     *telemetry.Durations[string]
	duration *telemetry.Durations[string]
	size     metric.Int64Histogram
	sizes    []metric.RecordOption
}

const kindKey = attribute.Key("gazua.commit.kind")

func newCommits(kind string) *commits {
	meter := otel.Meter(scope)
	bounds := []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
	attributes := func(kind string) []attribute.KeyValue { return []attribute.KeyValue{kindKey.String(kind)} }
	wait, waits := telemetry.NewDurations(meter, "gazua.commit.wait", "From when a payment's step was handed over until its transaction began.", bounds, attributes)
	duration, durations := telemetry.NewDurations(meter, "gazua.commit.duration", "Transactions that payments share, whole.", bounds, attributes)
	size, sizes := meter.Int64Histogram("gazua.commit.batch.size", metric.WithUnit("{step}"), metric.WithDescription("Steps of payments in one transaction."),
		metric.WithExplicitBucketBoundaries(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
	if err := errors.Join(waits, durations, sizes); err != nil {
		panic(err) // names and bounds are constants: a programmer's mistake
	}
	return &commits{
		kind: kind, tracer: otel.Tracer(scope), wait: wait, duration: duration, size: size,
		sizes: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attributes(kind)...))},
	}
}

// handed begins the span of the step that a caller hands over; nil outside a recorded trace.
func (c *commits) handed(ctx context.Context, step string) trace.Span {
	if !telemetry.Recorded(ctx) {
		return nil
	}
	_, span := c.tracer.Start(ctx, "TRANSACTION "+step, telemetry.AsClient...)
	span.SetAttributes(semconv.DBSystemNameMySQL, semconv.DBOperationName("TRANSACTION"), kindKey.String(step))
	return span
}

// handedOver is a member's step: which, when, and its span, nil where its trace is not recorded.
type handedOver struct {
	step string
	at   time.Time
	span trace.Span
}

// begun notes the waits of a batch's members and puts the transaction below the first of their spans.
func (c *commits) begun(ctx context.Context, now time.Time, members []handedOver) context.Context {
	c.size.Record(ctx, int64(len(members)), c.sizes...)
	var first trace.Span
	for _, m := range members {
		span, waited := m.span, now.Sub(m.at)
		c.wait.Record(ctx, m.step, waited)
		if span == nil {
			continue
		}
		span.SetAttributes(attribute.Float64("gazua.commit.wait", waited.Seconds()), semconv.DBOperationBatchSize(len(members)))
		switch {
		case first == nil:
			first, ctx = span, trace.ContextWithSpan(ctx, span)
		case first != span:
			span.AddLink(trace.Link{SpanContext: first.SpanContext()})
		}
	}
	return ctx
}

func (c *commits) ended(ctx context.Context, began time.Time) {
	c.duration.Record(ctx, c.kind, time.Since(began))
}
