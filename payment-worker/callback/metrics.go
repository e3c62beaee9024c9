package callback

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/mysql"
)

type metrics struct {
	delivered, failed, gaveUp metric.Int64Counter
	duration                  *telemetry.Durations[attempted]
	size                      metric.Int64Histogram
	backlog                   atomic.Pointer[mysql.CallbackBacklog]
}

// attempted is what tells one attempt's measurement from another's.
type attempted struct{ became, failure string }

func (a attempted) attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{attribute.String("outcome", a.became)}
	if a.failure != "" {
		attributes = append(attributes, semconv.ErrorTypeKey.String(a.failure))
	}
	return attributes
}

func newMetrics() (*metrics, error) {
	meter := otel.Meter(scope)
	m := &metrics{}
	m.backlog.Store(&mysql.CallbackBacklog{})
	var err error
	m.duration, err = telemetry.NewDurations(meter, "gazua.callback.duration", "Attempts to call a merchant.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, attempted.attributes)
	if err == nil {
		m.size, err = meter.Int64Histogram("gazua.callback.batch.size", metric.WithUnit("{callback}"), metric.WithDescription("Callbacks in one transaction, by what it does."),
			metric.WithExplicitBucketBoundaries(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
	}
	counter := func(name, description string) metric.Int64Counter {
		c, e := meter.Int64Counter(name, metric.WithDescription(description))
		if err == nil {
			err = e
		}
		return c
	}
	m.delivered = counter("gazua.callbacks.delivered", "Callbacks that the merchant answered with 2xx.")
	m.failed = counter("gazua.callbacks.failed", "Attempts to call a merchant that will be repeated.")
	m.gaveUp = counter("gazua.callbacks.given_up", "Callbacks that were not delivered within a day; `payment-worker callback list --gave-up` names them.")
	if err == nil {
		_, err = meter.Int64ObservableGauge("gazua.callbacks.pending", metric.WithDescription("Callbacks that are not delivered yet, of all workers."),
			metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error { o.Observe(m.backlog.Load().Pending); return nil }))
	}
	if err == nil {
		_, err = meter.Float64ObservableGauge("gazua.callbacks.oldest", metric.WithUnit("s"), metric.WithDescription("Age of the oldest callback that is not delivered yet."),
			metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
				o.Observe(m.backlog.Load().Oldest.Seconds())
				return nil
			}))
	}
	if err != nil {
		return nil, fmt.Errorf("make the metrics of the callbacks: %w", err)
	}
	return m, nil
}

// What a transaction does with callbacks.
var (
	claims   = metric.WithAttributeSet(attribute.NewSet(attribute.String("gazua.callback.step", "claim")))
	recorded = metric.WithAttributeSet(attribute.NewSet(attribute.String("gazua.callback.step", "record")))
)

// batch notes how many callbacks share a transaction.
func (m *metrics) batch(ctx context.Context, step metric.RecordOption, n int) {
	m.size.Record(ctx, int64(n), step)
}

func (m *metrics) count(ctx context.Context, o mysql.CallbackOutcome, took time.Duration) {
	m.duration.Record(ctx, attempted{outcomes[o.State], failureOf(o)}, took)
	switch o.State {
	case mysql.CallbackDelivered:
		m.delivered.Add(ctx, 1)
	case mysql.CallbackPending:
		m.failed.Add(ctx, 1)
	case mysql.CallbackGaveUp:
		m.gaveUp.Add(ctx, 1)
	}
}

// outcomes are the names of what became of an attempt.
var outcomes = map[mysql.CallbackState]string{mysql.CallbackDelivered: "delivered", mysql.CallbackPending: "failed", mysql.CallbackGaveUp: "given_up"}

// backlogEvery is how often the backlog is counted.
const backlogEvery = 15 * time.Second

// Watch counts the backlog until ctx ends.
func (s *Sender) Watch(ctx context.Context, count func(context.Context) (mysql.CallbackBacklog, error)) {
	for ctx.Err() == nil {
		if b, err := count(ctx); err == nil { // the next look is soon; a database that is away is said elsewhere
			s.metrics.backlog.Store(&b)
		}
		rest(ctx, backlogEvery)
	}
}
