package pgsim

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func openAdded() *addedLatency {
	a := &addedLatency{}
	a.open()
	return a
}

func TestAdded_ThePageIsAHistogramOfAllShards(t *testing.T) {
	a := openAdded()
	for i := range uint64(1000) {
		a.record(i, time.Duration(i+1)*10*time.Microsecond) // 10 µs to 10 ms
	}
	a.record(3, 20*time.Minute) // over the end: counted as the longest
	a.record(4, -time.Second)   // a clock that jumps does not lose an answer
	page := a.page()
	want := map[float64]int64{0.05: 6, 0.1: 11, 1: 101, 10: 1001, 1000: 1001, 60000: 1002}
	for _, b := range page.Buckets {
		// A bucket's end may fall into one of HdrHistogram's steps, which are a thousandth of the value.
		if n, ok := want[b.UpTo]; ok && (b.Count < n-n/500-1 || b.Count > n) {
			t.Errorf("up to %g ms: %d, want %d", b.UpTo, b.Count, n)
		}
		delete(want, b.UpTo)
	}
	if len(want) != 0 || len(page.Buckets) != len(addedBounds) || page.Buckets[len(page.Buckets)-1].Count != page.Count {
		t.Errorf("buckets %+v lack %v", page.Buckets, want)
	}
	if page.Count != 1002 || page.P50 < 4.99 || page.P50 > 5.02 || page.P99 < 9.8 || page.P99 > 10 || page.Max < 60_000 {
		t.Errorf("figures: %+v", page)
	}
	var table strings.Builder
	if _, err := a.snapshot().PercentilesPrint(&table, 5, 1e6); err != nil || !strings.Contains(table.String(), "Total count    =         1002") {
		t.Errorf("%v: %s", err, table.String())
	}
}

func TestAdded_AResetForgetsThePage_AndNotTheMetric(t *testing.T) {
	a := openAdded()
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	if err := a.meter(provider.Meter("test")); err != nil {
		t.Fatal(err)
	}
	a.record(1, 300*time.Microsecond)
	a.record(2, 300*time.Microsecond)
	a.collect()
	a.record(1, 3*time.Millisecond)
	a.forget()
	a.record(9, 30*time.Millisecond)
	if figures := a.figures(); figures.Count != 1 || figures.P50 < 29 {
		t.Errorf("after the reset: %+v", figures)
	}
	var got metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &got); err != nil {
		t.Fatal(err)
	}
	m := got.ScopeMetrics[0].Metrics[0]
	points := m.Data.(metricdata.Histogram[float64]).DataPoints
	if m.Name != "gazua.mock.added_latency" || m.Unit != "s" || len(points) != 1 || points[0].Count != 4 || len(points[0].Bounds) != len(addedBounds) {
		t.Fatalf("%s in %s: %+v", m.Name, m.Unit, points)
	}
	for i, n := range points[0].BucketCounts {
		want := map[int]uint64{3: 2, 6: 1, 9: 1}[i] // up to 500 µs, 5 ms, 50 ms
		if n != want {
			t.Errorf("bucket %d: %d, want %d", i, n, want)
		}
	}
}

func BenchmarkAddedLatency(b *testing.B) {
	a := openAdded()
	b.RunParallel(func(pb *testing.PB) {
		for n := uint64(0); pb.Next(); n++ {
			a.record(n, time.Duration(n%1000)*time.Microsecond)
		}
	})
}
