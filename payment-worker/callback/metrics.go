package callback

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"gazua.example/payment-api/mysql"
)

type metrics struct {
	delivered, failed, gaveUp metric.Int64Counter
	backlog                   atomic.Pointer[mysql.CallbackBacklog]
}

func newMetrics() (*metrics, error) {
	meter := otel.Meter("gazua.example/payment-worker/callback")
	m := &metrics{}
	m.backlog.Store(&mysql.CallbackBacklog{})
	var err error
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

func (m *metrics) count(ctx context.Context, became mysql.CallbackState) {
	switch became {
	case mysql.CallbackDelivered:
		m.delivered.Add(ctx, 1)
	case mysql.CallbackPending:
		m.failed.Add(ctx, 1)
	case mysql.CallbackGaveUp:
		m.gaveUp.Add(ctx, 1)
	}
}

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
