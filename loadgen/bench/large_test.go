package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/fill"
	"gazua.example/loadgen/scenario"
)

func TestLargeScenario_IsOne(t *testing.T) {
	for _, p := range []Place{
		{Section: "large-1000", Mode: Sync, Legs: 1, Rate: 300, Contestant: System}, {Section: "large-1000", Mode: Sync, Legs: 1, Clients: 64, Contestant: System},
	} {
		for _, looks := range []int{0, 20, 99} {
			text := largeScenario(p, 10*time.Second, looks)
			s, err := scenario.Read("large.yaml", []byte(text))
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			if (s.Model == scenario.Open) != (p.Clients == 0) || len(s.Flows) != map[bool]int{true: 0, false: 2}[looks == 0] {
				t.Errorf("%+v with %d looks became %+v", p, looks, s)
			}
		}
	}
}

func cellOf(p Place, verdict string, p99 ...float64) *LargeCell {
	c := &LargeCell{Cell: Cell{Place: p}}
	for i, v := range p99 {
		c.take(Repeat{Number: i + 1, Verdict: verdict, Rate: 300, P50: v / 2, P99: v, CPU: map[string]float64{"mysql": 500}}, Pages{Reads: float64(i)})
	}
	return c
}

func largeOf(verdict string, p99 ...[]float64) *LargeReport {
	r := &LargeReport{Folder: "f"}
	payments := int64(100)
	for _, values := range p99 {
		r.Sizes = append(r.Sizes, &Size{Payments: payments, Cells: []*LargeCell{cellOf(Place{Rate: 300}, verdict, values...), cellOf(Place{Clients: 64}, verdict, values...)}})
		payments *= 10
	}
	r.conclude()
	return r
}

func TestLarge_TheLargestOverTheSmallest(t *testing.T) {
	r := largeOf(pass, []float64{10, 10, 10}, []float64{50, 50, 50}, []float64{12, 12, 12})
	if got := r.Line(); got != "bench=large payments=100,1000,10000 p99_ms=10.0,50.0,12.0 ratio=1.20 ci=[1.20,1.20] verdict=PASS report=f/bench-large.json" {
		t.Errorf("%s", got)
	}
	if r.Aim == nil || r.Aim.Outcome != met || !r.Aim.Sure || r.ExitCode() != 0 || len(r.Ratios) != 8 {
		t.Errorf("%+v %+v", r.Aim, r.Ratios)
	}
	if f := r.Sizes[0].Cells[0].Reads; f.Mean != 1 || f.N != 3 {
		t.Errorf("reads %+v", f)
	}
	if r = largeOf(pass, []float64{10, 10.1}, []float64{14, 14.1}); r.Aim.Outcome != missed || !r.Aim.Sure || r.ExitCode() != 0 {
		t.Errorf("%+v, exit code %d", r.Aim, r.ExitCode())
	}
	if r = largeOf(pass, []float64{10, 11, 9}, []float64{10, 20, 9}); r.Aim.Outcome != met || r.Aim.Sure {
		t.Errorf("an interval that reaches to both sides: %+v", r.Aim)
	}
}

// No figure says anything without a good verdict of each run.
func TestLarge_TheVerdictIsTheWorst(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*LargeReport)
		verdict string
		code    int
	}{
		"all good":           {func(*LargeReport) {}, pass, 0},
		"a violation":        {func(r *LargeReport) { r.Sizes[1].Cells[1].Verdict = fail }, fail, 1},
		"a spoilt run":       {func(r *LargeReport) { r.Sizes[0].Cells[0].Verdict = invalid }, invalid, 3},
		"stopped":            {func(r *LargeReport) { r.Incomplete = true }, invalid, 3},
		"nothing measured":   {func(r *LargeReport) { r.Sizes = nil }, none, 3},
		"one size":           {func(r *LargeReport) { r.Sizes = r.Sizes[:1] }, pass, 0},
		"a payment is wrong": {func(r *LargeReport) { r.Sizes[1].Old = &Old{Looks: 10, Wrong: 1, First: "gone"} }, fail, 1},
		"stopped in the second size": {func(r *LargeReport) {
			r.Incomplete, r.Sizes[1].Cells = true, r.Sizes[1].Cells[:1]
		}, invalid, 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := largeOf(pass, []float64{10, 11}, []float64{12, 13})
			c.change(r)
			r.conclude()
			r.conclude() // it is done after every size
			if r.Verdict != c.verdict || r.ExitCode() != c.code {
				t.Errorf("verdict %s, exit code %d", r.Verdict, r.ExitCode())
			}
			if len(r.Because) > 1 {
				t.Errorf("because %q", r.Because)
			}
			if c.verdict != pass && r.Aim != nil && r.Aim.Outcome == met && name != "a violation" && name != "a payment is wrong" {
				t.Errorf("the aim is %s", r.Aim.Outcome)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
			var text strings.Builder
			r.Text(&text)
			if c.verdict != pass && name != "nothing measured" && !strings.Contains(text.String()+r.Line(), c.verdict) {
				t.Errorf("the text does not say %s:\n%s", c.verdict, text.String())
			}
		})
	}
}

func TestUnpairedRatio_IsWelchs(t *testing.T) {
	// Logarithms with the means ln 2 and 0 and the variances 0.01 and 0.04, three of each: 2.94 degrees of freedom.
	a := []float64{2 * math.Exp(-0.1), 2, 2 * math.Exp(0.1)}
	b := []float64{math.Exp(-0.2), 1, math.Exp(0.2)}
	f := unpairedRatio(a, b)
	if math.Abs(f.Mean-2) > 1e-9 || f.N != 3 || f.Low == nil {
		t.Fatalf("%+v", f)
	}
	const half = 0.4157 // t(0.975; 2.9412) = 3.22 times sqrt(0.05/3)
	if math.Abs(math.Log(*f.High)-math.Log(2)-half) > 0.002 || math.Abs(math.Log(*f.Low**f.High)-2*math.Log(2)) > 1e-9 {
		t.Errorf("[%f %f], half %f", *f.Low, *f.High, math.Log(*f.High/2))
	}
	if f := unpairedRatio([]float64{2}, []float64{1, 1}); f.Mean != 2 || f.Low != nil {
		t.Errorf("a single repeat has no interval: %+v", f)
	}
	if f := unpairedRatio(nil, b); f.N != 0 || f.Mean != 0 {
		t.Errorf("nothing over something: %+v", f)
	}
}

// What the run reads before and after its load is not a payment's.
func TestPages_OfTheLoadOnly(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(second, reads float64) sample {
		return sample{start.Add(time.Duration(second * float64(time.Second))), [4]float64{reads, 10 * reads, 0, 0}}
	}
	p := &pages{samples: []sample{at(-2, 0), at(-1, 5_000), at(1, 5_020), at(11, 5_120), at(12, 9_000)}}
	of, err := p.between(start, start.Add(10*time.Second), 50)
	if err != nil || math.Abs(of.Reads-2) > 1e-9 || math.Abs(of.Requests-20) > 1e-9 { // from 5,010 to 5,110
		t.Errorf("%+v, %v", of, err)
	}
	if _, err := p.between(start, start.Add(time.Minute), 50); err == nil {
		t.Error("the samples end before the load, and it was not noticed")
	}
	if _, err := p.between(start, start.Add(time.Second), 0); err == nil {
		t.Error("a share of no payments")
	}
}

func TestLook_IsWrongWhenAnythingDiffers(t *testing.T) {
	want := fill.Payment{ID: 42, Merchant: 1, Order: "fill-a-00000001", Amount: 1_000}
	for answer, good := range map[string]bool{
		`{"id":"42","order_id":"fill-a-00000001","status":"PAID","amount":1000}`:     true,
		`{"id":"42","order_id":"fill-a-00000001","status":"CANCELED","amount":1000}`: false,
		`{"id":"42","order_id":"fill-a-00000001","status":"PAID","amount":1001}`:     false,
		`{"id":"43","order_id":"fill-a-00000001","status":"PAID","amount":1000}`:     false,
		`{"id":"42","order_id":"fill-a-00000002","status":"PAID","amount":1000}`:     false,
		``: false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/payments/42" || r.Header.Get("Authorization") != "Bearer key" {
				w.WriteHeader(http.StatusNotFound)
			}
			_, _ = w.Write([]byte(answer))
		}))
		if err := look(t.Context(), server.Client(), server.URL, "key", want); (err == nil) != good {
			t.Errorf("%s: %v", answer, err)
		}
		if err := look(t.Context(), server.Client(), server.URL, "other", want); err == nil {
			t.Errorf("a 404 is good")
		}
		server.Close()
	}
}

// The keys are read round and round until the run's folder is there, and not a part longer.
func TestKeepWarm_UntilTheLoadBegins(t *testing.T) {
	runs := t.TempDir()
	if err := os.MkdirAll(filepath.Join(runs, "an-earlier-run"), 0o755); err != nil {
		t.Fatal(err)
	}
	touched, reached := 0, make(chan struct{})
	end := keepWarm(t.Context(), runs, func(_ context.Context, part int) error {
		if part != touched%warmParts {
			t.Errorf("part %d after %d parts", part, touched)
		}
		if touched++; touched == warmParts+3 {
			if err := os.Mkdir(filepath.Join(runs, "this-run"), 0o755); err != nil {
				t.Error(err)
			}
			close(reached)
		}
		return nil
	})
	select {
	case <-reached:
	case <-t.Context().Done():
	}
	if err := end(); err != nil || touched != warmParts+3 {
		t.Errorf("%d parts, %v", touched, err)
	}
}

func TestKeepWarm_RunThatNeverBegins_Ends(t *testing.T) {
	end := keepWarm(t.Context(), filepath.Join(t.TempDir(), "none"), func(context.Context, int) error { return nil })
	if err := end(); err != nil {
		t.Error(err)
	}
	end = keepWarm(t.Context(), t.TempDir(), func(context.Context, int) error { return errors.New("away") })
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if err := end(); err != nil {
			return
		}
		end = keepWarm(t.Context(), t.TempDir(), func(context.Context, int) error { return errors.New("away") })
	}
	t.Error("a server that is away is nobody's concern")
}
