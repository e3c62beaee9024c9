package telemetry_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"gazua.example/infra/telemetry"
)

type call struct {
	method string
	status int
}

func newDurations(t testing.TB) (*telemetry.Durations[call], *metric.ManualReader) {
	t.Helper()
	reader := metric.NewManualReader()
	d, err := telemetry.NewDurations(metric.NewMeterProvider(metric.WithReader(reader)).Meter("test"), "calls", "Calls.", []float64{.1, 1}, func(c call) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("method", c.method), attribute.Int("status", c.status)}
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, reader
}

func TestDurations_EachKeyHasItsAttributes_HoweverManyKeysThereAre(t *testing.T) {
	d, reader := newDurations(t)
	const keys = 1500 // more than are kept
	for range 2 {
		for i := range keys {
			d.Record(t.Context(), call{"GET", i}, 500*time.Millisecond)
		}
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	points := all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64]).DataPoints
	seen := map[int64]bool{}
	for _, p := range points {
		status, _ := p.Attributes.Value("status")
		seen[status.AsInt64()] = true
		if p.Count != 2 || p.Sum != 1 {
			t.Fatalf("status %d: %d records, %g s", status.AsInt64(), p.Count, p.Sum)
		}
	}
	if len(seen) != keys {
		t.Errorf("%d keys are told apart, want %d", len(seen), keys)
	}
}

func TestDurations_ARecord_AllocatesNothing(t *testing.T) {
	d, _ := newDurations(t)
	d.Record(t.Context(), call{"GET", 200}, time.Second)
	if n := testing.AllocsPerRun(100, func() { d.Record(context.Background(), call{"GET", 200}, time.Second) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDurations_Record(b *testing.B) {
	d, _ := newDurations(b)
	b.ReportAllocs()
	for b.Loop() {
		d.Record(context.Background(), call{"GET", 200}, time.Second)
	}
}
