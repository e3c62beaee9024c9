package bench

import "testing"

func TestRatios_OfPairsOfTheSameRepeat(t *testing.T) {
	r := measured(card64, map[string][]float64{Raw: {4000}, System: {1000, 2000, 3000}, Plain: {200, 400, 600}, Legacy: {100, 200, 300}})
	// The third repeat of plain is another one's: it has no pair.
	find(r.Cells, of(card64, Plain)).Repeats[2].Number = 4
	r.conclude()
	for _, want := range []struct {
		name, of string
		mean     float64
		n        int
	}{
		{"system/plain", "rate", 5, 2},
		{"system/legacy", "rate", 10, 3},
		{"system/raw", "rate", 0.25, 1},
		{"system/raw", "mysql_cpu", 4, 1},
		{"system/plain", "p99", 0.2, 2},
		{"system/plain", "p50", 0.2, 2},
	} {
		x, ok := r.ratio(Grid, Sync, 1, 64, want.name, want.of)
		if !ok || !near(x.Ratio.Mean, want.mean) || x.Ratio.N != want.n || x.Verdict != pass {
			t.Errorf("%s of %s: %+v", want.name, want.of, x)
		}
	}
}

// Cells are compared with those of the same load only.
func TestRatios_OfTheSameLoad(t *testing.T) {
	r := measured(card64, map[string][]float64{System: {1000}})
	for _, other := range []Place{{Grid, Sync, 3, 64, 0, Plain}, {Grid, Async, 1, 64, 0, Plain}, {Grid, Sync, 1, 16, 0, Plain}, {lone, Sync, 1, 64, 0, Plain}} {
		r.add(other, Repeat{Number: 1, Verdict: pass, Rate: 1})
	}
	r.conclude()
	if len(r.Ratios) != 0 {
		t.Errorf("%+v", r.Ratios)
	}
}

func TestAims_MetMissedAndNotMeasured(t *testing.T) {
	r := measured(card64, map[string][]float64{Raw: {4000, 4000, 4000}, System: {2000, 2000, 2000}, Plain: {500, 500, 500}})
	outcomes := map[string]string{}
	for _, a := range r.Aims {
		outcomes[a.Name] = a.Outcome
		if a.Outcome != notMeasured && !a.Sure {
			t.Errorf("%s is not sure, and all repeats say the same", a.Name)
		}
	}
	for name, want := range map[string]string{
		"synchronous rate at 64 clients, system/plain":     missed, // 4 times, of 5
		"synchronous rate at 256 clients, system/plain":    notMeasured,
		"CPU of MySQL a payment at 64 clients, system/raw": missed, // twice, of 1.5
		"p50 of a lone client, system/plain":               notMeasured,
	} {
		if outcomes[name] != want {
			t.Errorf("%s: %q, want %s", name, outcomes[name], want)
		}
	}
	better := measured(card64, map[string][]float64{System: {2600, 2450, 2500}, Plain: {500, 500, 500}})
	if a := better.Aims[0]; a.Outcome != met || a.Sure {
		t.Errorf("five times, give or take: %+v", a)
	}
}
