package backlog

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// world is what is looked at.
type world struct {
	work      mysql.Backlog
	err       error
	slow      time.Duration
	looks     atomic.Int64
	positions map[int]int64
	ends      map[int]int64
	endsErr   error
}

func (w *world) count(context.Context, int) (mysql.Backlog, error) {
	w.looks.Add(1)
	time.Sleep(w.slow)
	return w.work, w.err
}

func (w *world) Positions() map[int]int64 { return w.positions }

func (w *world) Ends(_ context.Context, partitions []int) (map[int]int64, error) {
	ends := map[int]int64{}
	for _, p := range partitions {
		if end, known := w.ends[p]; known {
			ends[p] = end
		}
	}
	return ends, w.endsErr
}

func (w *world) watch(t *testing.T) *Watch {
	t.Helper()
	watch, err := New(w.count, w, w, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return watch
}

func TestLook_Lag_IsToTheEndOfEachPartitionThatIsOurs(t *testing.T) {
	w := &world{positions: map[int]int64{3: 10, 4: 7, 5: 9}, ends: map[int]int64{3: 25, 4: 7, 5: 8, 6: 100}}
	watch := w.watch(t)
	if err := watch.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := watch.seen.Load().lag, (map[int]int64{3: 15, 4: 0, 5: 0}); !maps.Equal(got, want) {
		t.Errorf("lag %v, want %v", got, want)
	}
}

// A part that cannot be read is not shown as if it were what it was; the other one is.
func TestLook_APartThatFails_IsMissing_AndTheOtherIsThere(t *testing.T) {
	w := &world{work: mysql.Backlog{Unsent: 3}, positions: map[int]int64{0: 1}, ends: map[int]int64{0: 2}}
	watch := w.watch(t)
	if err := watch.look(t.Context()); err != nil { // what it saw then is old soon
		t.Fatal(err)
	}
	w.err = errors.New("no database")
	if err := watch.look(t.Context()); err == nil || watch.seen.Load().work != nil || watch.seen.Load().lag[0] != 1 {
		t.Errorf("%v, seen %+v", err, watch.seen.Load())
	}
	w.err, w.endsErr = nil, errors.New("no broker")
	if err := watch.look(t.Context()); err == nil || watch.seen.Load().work.Unsent != 3 || watch.seen.Load().lag != nil {
		t.Errorf("%v, seen %+v", err, watch.seen.Load())
	}
}

// However long a count takes, the pause after it is fifty times that.
func TestRun_TheSlowerTheCount_TheRarer(t *testing.T) {
	for slow, want := range map[time.Duration]int64{0: 12, time.Second: 2} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{slow: slow}
			watch := w.watch(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute-time.Millisecond)
			defer cancel()
			watch.Run(ctx)
			if n := w.looks.Load(); n != want {
				t.Errorf("counts of %s: %d looks in a minute, want %d", slow, n, want)
			}
		})
	}
}

func TestGauges_ShowTheLastLook_AndCauseNone(t *testing.T) {
	old := payment.FirstIDAt(time.Now().Add(-time.Minute))
	w := &world{
		work:      mysql.Backlog{Unsent: 3, OldestUnsent: 2 * time.Second, Due: 1, Leased: 2, Deferred: 3, Waiting: 4, Review: 5, Oldest: old},
		positions: map[int]int64{7: 10}, ends: map[int]int64{7: 14},
	}
	watch, reader := w.watch(t), metric.NewManualReader()
	if err := watch.gauges(metric.NewMeterProvider(metric.WithReader(reader)).Meter("test")); err != nil {
		t.Fatal(err)
	}
	if shown := gauges(t, reader); len(shown) != 0 {
		t.Errorf("shown before the first look: %v", shown)
	}
	if err := watch.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		shown := gauges(t, reader)
		if age := shown["gazua.oldest_pending"]; age < 59 || age > 120 {
			t.Errorf("the oldest is %g s old, want a minute", age)
		}
		delete(shown, "gazua.oldest_pending")
		want := map[string]float64{
			"gazua.outbox.unsent": 3, "gazua.outbox.oldest": 2, "gazua.open_payments due": 1, "gazua.open_payments leased": 2, "gazua.open_payments deferred": 3,
			"gazua.open_payments waiting": 4, "gazua.open_payments review": 5, "gazua.consumer.lag 7": 4,
		}
		if !maps.Equal(shown, want) {
			t.Errorf("shown %v, want %v", shown, want)
		}
	}
	if n := w.looks.Load(); n != 1 {
		t.Errorf("%d looks, want the one", n)
	}
}

// gauges are the values that are shown, by name and state or partition.
func gauges(t *testing.T, reader *metric.ManualReader) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	shown := map[string]float64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					state, _ := p.Attributes.Value("state")
					partition, _ := p.Attributes.Value("messaging.destination.partition.id")
					shown[strings.TrimSpace(m.Name+" "+state.AsString()+partition.AsString())] = float64(p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					shown[m.Name] = p.Value
				}
			}
		}
	}
	return shown
}
