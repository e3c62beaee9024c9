package bench

import "fmt"

// Aim is one of the bounds that the design promises, with what was measured.
type Aim struct {
	Name    string `json:"name"`
	Want    string `json:"want"`
	Ratio   Figure `json:"ratio"`
	Outcome string `json:"outcome"` // met, missed, or not measured
	Sure    bool   `json:"sure"`    // the whole interval says the same
}

// Outcomes of an aim. One whose cells are not good is not measured.
const (
	met         = "met"
	missed      = "missed"
	notMeasured = "not measured"
)

// aims holds the bounds of one leg against what was measured.
func aims(r *Report) (all []Aim) {
	for _, a := range []struct {
		text, section, mode string
		clients             int
		name, of            string
		bound               float64
		least               bool // the ratio must be at least the bound, else at most
	}{
		{"synchronous rate at 64 clients, system/plain", Grid, Sync, 64, "system/plain", "rate", 5, true},
		{"synchronous rate at 256 clients, system/plain", Grid, Sync, 256, "system/plain", "rate", 6, true},
		{"CPU of MySQL a payment at 64 clients, system/raw", Grid, Sync, 64, "system/raw", "mysql_cpu", 1.5, false},
		{"CPU of MySQL a payment at 256 clients, system/raw", Grid, Sync, 256, "system/raw", "mysql_cpu", 1.5, false},
		{"asynchronous rate at 256 clients, system/plain", Grid, Async, 256, "system/plain", "rate", 5, true},
		{"p50 of a lone client, system/plain", lone, Sync, 1, "system/plain", "p50", 1.05, false},
		{"p99 at 90 % of plain's maximum, system/plain", maximum, Sync, 0, "system/plain", "p99", 1, false},
		{"rate with telemetry exported/not exported", telemetry, Sync, 64, "telemetry-on/system", "rate", 0.95, true},
	} {
		aim := Aim{Name: a.text, Want: fmt.Sprintf("≤ %g", a.bound), Outcome: notMeasured}
		if a.least {
			aim.Want = fmt.Sprintf("≥ %g", a.bound)
		}
		holds := func(v float64) bool { return a.least && v >= a.bound || !a.least && v <= a.bound }
		if x, ok := r.ratio(a.section, a.mode, 1, a.clients, a.name, a.of); ok && (x.Verdict == pass || x.Verdict == rows) {
			aim.Ratio, aim.Outcome = x.Ratio, missed
			if holds(x.Ratio.Mean) {
				aim.Outcome = met
			}
			aim.Sure = x.Ratio.Low != nil && holds(*x.Ratio.Low) == holds(*x.Ratio.High)
		}
		all = append(all, aim)
	}
	return all
}
