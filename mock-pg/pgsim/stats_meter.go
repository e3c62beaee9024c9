package pgsim

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// addedName is the added latency among the metrics: seconds, a histogram, since the start of the process.
const addedName = "gazua.mock.added_latency"

// meter hands what is collected to OpenTelemetry. Its histogram takes one value at a time, which is dear for a request and
// cheap once a second: then equal values come together.
func (a *addedLatency) meter(m metric.Meter) error {
	bounds := make([]float64, len(addedBounds))
	for i, bound := range addedBounds {
		bounds[i] = bound.Seconds()
	}
	histogram, err := m.Float64Histogram(addedName, metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...),
		metric.WithDescription("how much later than asked for the mock answered: its own share of the latency"))
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hand = func(value time.Duration, times int64) {
		for range times {
			histogram.Record(context.Background(), value.Seconds())
		}
	}
	return nil
}

// meterEvery is how old the metric may be.
const meterEvery = time.Second

func (s *Server) meterAdded() {
	tick := time.NewTicker(meterEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stopping:
			s.stats.added.collect()
			return
		case <-tick.C:
			s.stats.added.collect()
		}
	}
}
