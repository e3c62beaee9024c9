package retention

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// metrics is what an alarm is set on: partitions that end soon, and looks that failed.
type metrics struct {
	secondsAhead atomic.Int64
	failures     metric.Int64Counter
}

func newMetrics() (*metrics, error) {
	meter := otel.Meter("gazua.example/payment-worker/retention")
	m := &metrics{}
	var ahead, failures error
	m.failures, failures = meter.Int64Counter("gazua.partitions.failures", metric.WithDescription("Looks of the partition keeper that failed."))
	_, ahead = meter.Int64ObservableGauge("gazua.partitions.ahead", metric.WithUnit("s"),
		metric.WithDescription("Time until there is no partition for a new payment. Alarm below three days."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			if seconds := m.secondsAhead.Load(); seconds != 0 {
				o.Observe(seconds)
			}
			return nil
		}))
	if err := errors.Join(ahead, failures); err != nil {
		return nil, fmt.Errorf("make the keeper's metrics: %w", err)
	}
	return m, nil
}

func (m *metrics) ahead(d time.Duration) { m.secondsAhead.Store(int64(d.Seconds())) }

func (m *metrics) failed(ctx context.Context) { m.failures.Add(ctx, 1) }
