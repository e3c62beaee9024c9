package drill

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDrains_AreCountedByProgramAndPhase(t *testing.T) {
	var shutdowns []Shutdown
	for i := range 100 {
		shutdowns = append(shutdowns, Shutdown{
			Process: "payment-api-1", Lasted: time.Duration(1510+i) * time.Millisecond, Phases: []PhaseSeen{{Phase: finishRequests, Lasted: time.Duration(i) * time.Millisecond}},
		})
	}
	shutdowns = append(shutdowns, Shutdown{Process: "payment-worker-2", Lasted: 30 * time.Second}, Shutdown{Process: "payment-worker-1", Code: unsaid})
	found := drains(shutdowns)
	if len(found) != 3 {
		t.Fatalf("%+v, want the API's whole and finish requests, and the worker's whole", found)
	}
	api, finish, worker := found[0], found[1], found[2]
	if api.N != 100 || api.P50 != 1559 || api.P99 != 1608 || api.Max != 1609 {
		t.Errorf("%+v", api)
	}
	if finish.Phase != finishRequests || finish.Buckets[0].N != 11 { // 0 to 10 ms
		t.Errorf("%+v", finish)
	}
	if worker.N != 1 || worker.P50 != 30_000 || worker.P99 != 30_000 || worker.Buckets[len(worker.Buckets)-1].N != 1 {
		t.Errorf("%+v", worker)
	}
	for _, d := range found {
		sum := 0
		for _, b := range d.Buckets {
			sum += b.N
		}
		if sum != d.N {
			t.Errorf("%s %s: the buckets hold %d of %d", d.Of, d.Phase, sum, d.N)
		}
	}
}

func TestRank_IsAValueThatWasMeasured(t *testing.T) {
	three := []time.Duration{time.Millisecond, 2 * time.Millisecond, 9 * time.Millisecond}
	for percent, want := range map[float64]float64{0: 1, 33: 1, 50: 2, 67: 9, 99: 9, 100: 9} {
		if got := rank(three, percent); got != want {
			t.Errorf("p%g of 1, 2 and 9 ms is %g", percent, got)
		}
	}
}

func TestHistogram_ShowsOnlyWhatIsFilled_AndTheLineHasItToo(t *testing.T) {
	out := &Outcome{Shutdowns: []Shutdown{{Process: "payment-api-1", Lasted: 1800 * time.Millisecond}}}
	out.Drains = drains(out.Shutdowns)
	text := strings.Join(out.Histogram(), "\n")
	if !strings.Contains(text, "≤  2000 ms     1 █") || strings.Contains(text, "1500 ms ") || strings.Contains(text, "longer") {
		t.Error(text)
	}
	out.Drains[0].P99, out.Drains[0].Max = 1900, 2000
	line := out.Lines()[0]
	for _, want := range []string{" restarts=1", " api_drain_p50_ms=1800", " api_drain_p99_ms=1900", " api_drain_max_ms=2000"} {
		if !slices.Contains(strings.Fields(line), strings.TrimSpace(want)) {
			t.Errorf("%s is missing in %q", want, line)
		}
	}
}
