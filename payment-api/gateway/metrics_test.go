package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"gazua.example/payment-api/payment"
)

// measuredMeans is a gateway to a means that answers as handle does, with a reader of its metrics.
func measuredMeans(t *testing.T, handle http.HandlerFunc) (*Gateway, *metric.ManualReader) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	g, err := New(Options{
		URLs: map[payment.Means][]string{payment.PG: {server.URL}}, Timeout: time.Second, ReservationTTL: time.Minute,
		Bulkhead: 1, ControlCalls: 1, BulkheadWait: 20 * time.Millisecond, Breaker: BreakerOptions{Window: 10 * time.Second, Failures: .5, Volume: 3, Open: time.Minute, Probes: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	reader := metric.NewManualReader()
	meter := metric.NewMeterProvider(metric.WithReader(reader)).Meter("test")
	if g.metrics, err = newMetrics(meter); err != nil {
		t.Fatal(err)
	}
	if _, err := g.gauges(meter); err != nil {
		t.Fatal(err)
	}
	return g, reader
}

func charge(g *Gateway) payment.Reply {
	p := &payment.Payment{ID: 1, Price: payment.Money{Amount: 10, Currency: "KRW"}, Legs: []payment.Leg{{Seq: 1, Means: payment.PG, Amount: 10, Token: "t"}}}
	return g.Do(context.Background(), payment.Call{Op: payment.Charge, Payment: p, Leg: &p.Legs[0]})
}

// measured is the metrics by name and, in the order of their keys, the attributes that tell them apart: gauges by value,
// histograms by count.
func measured(t *testing.T, reader *metric.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					way, _ := p.Attributes.Value("way")
					found[fmt.Sprint(m.Name, " ", way.AsString())] = p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					place, _ := p.Attributes.Value("place")
					result, _ := p.Attributes.Value("result")
					found[fmt.Sprint(m.Name, " ", place.AsString(), result.AsString())] = int64(p.Count)
				}
			}
		}
	}
	return found
}

func expect(t *testing.T, reader *metric.ManualReader, want map[string]int64) {
	t.Helper()
	got := measured(t, reader)
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %d, want %d; all: %v", name, got[name], value, got)
		}
	}
}

func TestMetrics_TheBreakerOpens_AndItsGaugeSaysSo(t *testing.T) {
	g, reader := measuredMeans(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	expect(t, reader, map[string]int64{"gazua.breaker.state ": 0})
	for range 3 {
		charge(g)
	}
	if reply := charge(g); reply.Code != "breaker-open" {
		t.Fatalf("the breaker is not open: %+v", reply)
	}
	expect(t, reader, map[string]int64{
		"gazua.breaker.state ": 2, "gazua.means.call.duration unclear": 3, "gazua.means.call.duration not-processed": 1,
		"gazua.means.pool.wait bulkhead": 4, "gazua.means.pool.wait connection": 3, "gazua.means.in_flight forward": 0,
	})
}

func TestMetrics_ACallInFlight_HoldsItsPlace_AndTheNextOnesWaitIsMeasured(t *testing.T) {
	var arrived atomic.Bool
	gate := make(chan struct{})
	g, reader := measuredMeans(t, func(http.ResponseWriter, *http.Request) { arrived.Store(true); <-gate })
	done := make(chan struct{})
	go func() { charge(g); close(done) }()
	for deadline := time.Now().Add(10 * time.Second); !arrived.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the call never arrived")
		}
	}
	if reply := charge(g); reply.Code != "bulkhead-full" {
		t.Errorf("the second call: %+v", reply)
	}
	expect(t, reader, map[string]int64{"gazua.means.in_flight forward": 1, "gazua.means.in_flight control": 0, "gazua.means.pool.wait bulkhead": 2})
	close(gate)
	<-done
}
