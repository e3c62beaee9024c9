package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Spans that are not exported are counted. The SDK's batch processor drops what its queue has no room for without a word,
// so the bound stands in front of it and its queue is larger by what it may hold in its hand:
//
//	span ends ─► fewer than spanQueue waiting? ─► SDK's queue ─► batch ─► exporter ─► collector
//	                    no: queue_full                              an error: export_failed
//
// Nothing here ever waits: a payment does not stand still for its own trace.

// Bounds of the spans that wait for the exporter: enough for a burst of some seconds.
const (
	spanQueue = 16384
	spanBatch = 512
)

// drops is how many spans were lost, and why.
type drops struct {
	full, failed atomic.Int64
	warn         *quiet
}

func newDrops(log *slog.Logger) (*drops, error) {
	d := &drops{warn: &quiet{log: log}}
	full := metric.WithAttributeSet(attribute.NewSet(semconv.ErrorTypeKey.String("queue_full")))
	failed := metric.WithAttributeSet(attribute.NewSet(semconv.ErrorTypeKey.String("export_failed")))
	_, err := otel.Meter(scope).Int64ObservableCounter("gazua.telemetry.spans.dropped", metric.WithUnit("{span}"),
		metric.WithDescription("Recorded spans that never reached the collector."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(d.full.Load(), full)
			o.Observe(d.failed.Load(), failed)
			return nil
		}))
	if err != nil {
		return nil, fmt.Errorf("make the metric of dropped spans: %w", err)
	}
	return d, nil
}

func (d *drops) lost(counter *atomic.Int64, n int, why string) {
	total := counter.Add(int64(n))
	d.warn.say("spans are dropped; gazua.telemetry.spans.dropped counts them", "why", why, "dropped", total)
}

// bounded stands in front of the SDK's batch processor.
type bounded struct {
	trace.SpanProcessor
	waiting *atomic.Int64 // let through and not yet given to the exporter
	room    int64
	drops   *drops
}

// OnEnd implements trace.SpanProcessor.
func (b *bounded) OnEnd(s trace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if b.waiting.Add(1) > b.room {
		b.waiting.Add(-1)
		b.drops.lost(&b.drops.full, 1, "queue_full")
		return
	}
	b.SpanProcessor.OnEnd(s)
}

// counted is the exporter behind it.
type counted struct {
	trace.SpanExporter
	waiting *atomic.Int64
	drops   *drops
}

// ExportSpans implements trace.SpanExporter.
func (c *counted) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	c.waiting.Add(-int64(len(spans)))
	err := c.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		c.drops.lost(&c.drops.failed, len(spans), "export_failed")
	}
	return err
}

// newProcessor puts both around the SDK's.
func newProcessor(exporter trace.SpanExporter, room int, d *drops) trace.SpanProcessor {
	waiting := new(atomic.Int64)
	inner := trace.NewBatchSpanProcessor(&counted{exporter, waiting, d}, trace.WithMaxQueueSize(room+spanBatch), trace.WithMaxExportBatchSize(spanBatch))
	return &bounded{SpanProcessor: inner, waiting: waiting, room: int64(room), drops: d}
}

// quiet says the same thing once a minute at most, however often it happens.
type quiet struct {
	log  *slog.Logger
	next atomic.Int64 // not before, in Unix nanoseconds
}

func (q *quiet) say(text string, args ...any) {
	now := time.Now()
	if next := q.next.Load(); now.UnixNano() >= next && q.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano()) {
		q.log.Warn(text, args...)
	}
}
