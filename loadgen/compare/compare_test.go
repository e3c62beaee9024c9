package compare

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/loadgen/report"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within*math.Abs(want)) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

// The reference was computed apart from gonum: Welch's formula, and the t distribution integrated by Simpson's rule.
func TestRatioOf_AgreesWithAnotherImplementation(t *testing.T) {
	r := ratioOf([]float64{100, 104, 98}, []float64{120, 118, 125, 131})
	near(t, "ratio", r.Ratio, 1.226190656, 1e-9)
	near(t, "low", *r.Low, 1.137588340, 1e-6)
	near(t, "high", *r.High, 1.321693859, 1e-6)
}

func values(t *rapid.T, name string, least int) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(1e-3, 1e6), least, 8).Draw(t, name)
}

func TestRatioOf_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := values(t, "a", 1), values(t, "b", 1)
		same, there, back := ratioOf(a, a), ratioOf(a, b), ratioOf(b, a)
		close := func(what string, got, want float64) {
			if math.Abs(got/want-1) > 1e-6 {
				t.Fatalf("%s: %g, want %g", what, got, want)
			}
		}
		close("a run beside itself", same.Ratio, 1)
		if same.excludesOne() {
			t.Fatalf("a difference to itself: %g … %g", *same.Low, *same.High)
		}
		close("there and back", there.Ratio*back.Ratio, 1)
		if known := len(a) > 1 && len(b) > 1; (there.Low != nil) != known {
			t.Fatalf("interval %v with %d and %d runs", there.Low, len(a), len(b))
		} else if known {
			if *there.Low > there.Ratio*(1+1e-9) || *there.High < there.Ratio*(1-1e-9) {
				t.Fatalf("%g is outside of %g … %g", there.Ratio, *there.Low, *there.High)
			}
			if *there.High < 1e12 && *there.Low > 1e-12 { // beyond, exp has no digits left
				close("the interval back", *there.Low**back.High, 1)
			}
		}
		by := rapid.Float64Range(0.1, 10).Draw(t, "by")
		scaled := make([]float64, len(a))
		for i, v := range a {
			scaled[i] = v * by
		}
		close("a known shift", ratioOf(a, scaled).Ratio, by)
	})
}

// What a 95 % interval promises: of many pairs of groups with a known difference and chance of a known kind, it contains the
// difference in about 95 %.
func TestRatioOf_IntervalHoldsTheTruthInNineteenOfTwenty(t *testing.T) {
	source := rand.New(rand.NewPCG(7, 11))
	draw := func(n int, median, sigma float64) (values []float64) {
		for range n {
			values = append(values, median*math.Exp(sigma*source.NormFloat64()))
		}
		return values
	}
	const trials, truth = 4000, 1.3
	held := 0
	for range trials {
		r := ratioOf(draw(4, 100, 0.05), draw(5, 100*truth, 0.15))
		if *r.Low <= truth && truth <= *r.High {
			held++
		}
	}
	if share := float64(held) / trials; share < 0.935 || share > 0.97 {
		t.Errorf("it holds in %.1f %%", 100*share)
	}
}

const ms = time.Millisecond

func TestCompare_SameFigures_IsRatioOneAndExit0(t *testing.T) {
	s := newStore(t)
	a, b := s.group("a", 10*ms, 11*ms, 12*ms), s.group("b", 11*ms, 12*ms, 10*ms)
	c, err := Compare(a, b, Options{Metrics: metrics(t, Defaults...), Threshold: 0})
	if err != nil || c.Verdict != NoRegression || c.ExitCode() != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, row := range c.Rows {
		if strings.HasPrefix(row.Metric, "own") || strings.HasPrefix(row.Metric, "completion") {
			if row.Missing == "" {
				t.Errorf("%s was never recorded: %+v", row.Metric, row)
			}
			continue
		}
		near(t, row.Metric, row.Ratio.Ratio, 1, 1e-9)
		if row.Change != "" || row.Regress {
			t.Errorf("%+v", row)
		}
	}
}

func TestCompare_KnownShift_IsFound(t *testing.T) {
	s := newStore(t)
	base := s.group("base", 100*ms, 101*ms, 99*ms)
	for name, c := range map[string]struct {
		b         []Run
		metric    string
		threshold float64
		verdict   string
		change    string
	}{
		"slower":                     {s.group("", 130*ms, 131*ms, 128*ms), "sync.p99", 0.1, Regression, "worse"},
		"slower, within threshold":   {s.group("", 105*ms, 106*ms, 105*ms), "sync.p99", 0.1, NoRegression, "worse"},
		"faster":                     {s.group("", 80*ms, 81*ms, 82*ms), "sync.p99", 0.1, NoRegression, "better"},
		"slower, but it may be luck": {s.group("", 90*ms, 300*ms, 95*ms), "sync.p99", 0.1, NoRegression, ""},
		"one run tells nothing":      {s.group("", 300*ms), "sync.p99", 0.1, Unknown, ""},
		"a lower rate": {[]Run{
			s.add(made{verdict: report.Pass, rate: 80}), s.add(made{verdict: report.Pass, rate: 81}),
		}, "rate", 0.1, Regression, "worse"},
		"a higher rate": {[]Run{
			s.add(made{verdict: report.Pass, rate: 180}), s.add(made{verdict: report.Pass, rate: 181}),
		}, "rate", 0.1, NoRegression, "better"},
		"dearer": {[]Run{
			s.add(made{verdict: report.Pass, perPay: 1300}), s.add(made{verdict: report.Pass, perPay: 1310}),
		}, "cpu_per_payment", 0.1, Regression, "worse"},
	} {
		got, err := Compare(base, c.b, Options{Metrics: metrics(t, c.metric), Threshold: c.threshold})
		if err != nil {
			t.Fatal(err)
		}
		row := got.Rows[0]
		if got.Verdict != c.verdict || row.Change != c.change || got.ExitCode() != map[bool]int{true: 4, false: 0}[c.verdict == Regression] {
			t.Errorf("%s: %s, exit %d, %+v", name, got.Verdict, got.ExitCode(), row)
		}
		if !strings.HasPrefix(got.Line(), "verdict="+c.verdict+" a=3 b=") {
			t.Errorf("%s: the last line is %q", name, got.Line())
		}
	}
}

func TestCompare_RunThatDidNotPass_IsRefused(t *testing.T) {
	s := newStore(t)
	good, bad := s.group("", ms, ms), []Run{s.add(made{verdict: report.Invalid, latency: ms, rate: 1}), s.add(made{verdict: report.Pass, latency: ms, rate: 1})}
	o := Options{Metrics: metrics(t, "sync.p50")}
	for _, sides := range [][2][]Run{{good, bad}, {bad, good}} {
		if _, err := Compare(sides[0], sides[1], o); err == nil || !strings.Contains(err.Error(), bad[0].Folder+" is INVALID") {
			t.Errorf("error %v", err)
		}
	}
	o.EvenInvalid = true
	c, err := Compare(good, bad, o)
	if err != nil || !strings.Contains(strings.Join(c.Warnings, "\n"), bad[0].Folder+" is INVALID") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCompare_WarnsOfWhatDiffers(t *testing.T) {
	s := newStore(t)
	plain := made{verdict: report.Pass, latency: ms, rate: 1, setting: "1", host: "vm"}
	a := []Run{s.add(plain)}
	for want, change := range map[string]func(m *made){
		"the seed is not":                      func(m *made) { m.seed = 7 },
		"the host is not":                      func(m *made) { m.host = "other" },
		"GROUP_MAX is 1 in A and 64 in B":      func(m *made) { m.setting = "64" },
		"GROUP_MAX is 1 in A and not set in B": func(m *made) { m.setting = "" },
	} {
		other := plain
		change(&other)
		c, err := Compare(a, []Run{s.add(other)}, Options{Metrics: metrics(t, "rate")})
		if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], want) {
			t.Errorf("want %q: %q, %v", want, c.Warnings, err)
		}
	}
	other := s.add(plain)
	other.Result.Scenario.Async = 0.9
	for want, b := range map[string][]Run{
		"the scenario is not": {other}, "on both sides": a, "the runs of B are no repeats": {s.add(plain), s.add(made{verdict: report.Pass, setting: "2", host: "vm"})},
	} {
		c, err := Compare(a, b, Options{Metrics: metrics(t, "rate"), EvenInvalid: true})
		if err != nil || !strings.Contains(strings.Join(c.Warnings, "\n"), want) {
			t.Errorf("want %q: %q, %v", want, c.Warnings, err)
		}
	}
	c, err := Compare(a, []Run{s.add(plain)}, Options{Metrics: metrics(t, "rate")})
	if err != nil || len(c.Warnings) > 0 {
		t.Errorf("nothing differs: %q, %v", c.Warnings, err)
	}
}

func TestCompare_TextAndJSON_SayTheSame(t *testing.T) {
	s := newStore(t)
	for _, b := range [][]Run{s.group("", 200*ms, 201*ms), s.group("", 200*ms)} {
		c, err := Compare(s.group("", 100*ms, 101*ms), b, Options{Metrics: metrics(t, "sync.p99", "own.p99"), Threshold: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		c.Text(&text)
		for want, wanted := range map[string]bool{
			"REGRESSION": len(b) > 1, "repeats are needed": len(b) == 1, "own.p99: not in": true, "\n" + c.Line() + "\n": true,
		} {
			if strings.Contains(text.String(), want) != wanted {
				t.Errorf("%q is there: %v\n%s", want, !wanted, text.String())
			}
		}
		encoded, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again Comparison
		if err := json.Unmarshal(encoded, &again); err != nil || again.Line() != c.Line() || (again.Rows[0].Low == nil) != (len(b) == 1) {
			t.Errorf("%s, %v", encoded, err)
		}
	}
}

func TestParseMetric_NamesOfPoints(t *testing.T) {
	s := newStore(t)
	r := &opened{Run: s.group("", 100*ms)[0]}
	for _, name := range []string{"sync.mean", "sync.max", "sync.p1", "sync.p50", "sync.p99.99", "sync.p100"} {
		value, ok, err := metrics(t, name)[0].of(r)
		if !ok || err != nil {
			t.Fatalf("%s: %v, %v", name, ok, err)
		}
		near(t, name, value, 100, 0.002)
	}
	for _, name := range []string{"", "speed", "sync", "sync.", "sync.p", "sync.p0", "sync.p101", "sync.pNaN", "other.p99", "sync.median"} {
		if _, err := ParseMetric(name); err == nil {
			t.Errorf("%q is taken for a metric", name)
		}
	}
}

func FuzzParseMetric(f *testing.F) {
	for _, name := range append(Defaults, "sync.p", "own.p99.999") {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if m, err := ParseMetric(name); err == nil && (m.Name != name || m.of == nil || m.Unit == "") {
			t.Errorf("%q is %+v", name, m)
		}
	})
}
