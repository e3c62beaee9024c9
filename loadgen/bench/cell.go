package bench

import (
	"cmp"
	"fmt"
	"slices"
)

// Place is where a figure stands: who was measured, and how.
type Place struct {
	Section    string  `json:"section"` // grid, sustained, lone, maximum, telemetry
	Mode       string  `json:"mode"`    // sync or async
	Legs       int     `json:"legs"`
	Clients    int     `json:"clients,omitempty"`    // of the closed model
	Rate       float64 `json:"rate_per_s,omitempty"` // of the open model
	Contestant string  `json:"contestant"`
}

// name is what its runs are called.
func (p Place) name() string {
	if p.Clients == 0 {
		return fmt.Sprintf("%s-%s-%dleg-open-%s", p.Section, p.Mode, p.Legs, p.Contestant)
	}
	return fmt.Sprintf("%s-%s-%dleg-%d-%s", p.Section, p.Mode, p.Legs, p.Clients, p.Contestant)
}

// load says for people how it was loaded.
func (p Place) load() string {
	legs := map[bool]string{true: "1 leg", false: fmt.Sprintf("%d legs", p.Legs)}[p.Legs == 1]
	if p.Clients == 0 {
		return fmt.Sprintf("%s, %s, %.0f/s (open)", p.Mode, legs, p.Rate)
	}
	clients := map[bool]string{true: "1 client", false: fmt.Sprintf("%d clients", p.Clients)}[p.Clients == 1]
	return fmt.Sprintf("%s, %s, %s", p.Mode, legs, clients)
}

// Repeat is one measurement.
type Repeat struct {
	Number   int                `json:"repeat"`
	Verdict  string             `json:"verdict"`
	Reasons  []string           `json:"reasons,omitempty"`
	Payments int64              `json:"payments"` // that ended within the load
	Rate     float64            `json:"rate_per_s"`
	P50      float64            `json:"p50_ms"`
	P99      float64            `json:"p99_ms"`
	CPU      map[string]float64 `json:"cpu_us_per_payment"`        // by program: both APIs are one
	System   float64            `json:"system_cpu_us_per_payment"` // of all that is measured: not of loadgen, monitor and mock
	Backlog  *Backlog           `json:"backlog,omitempty"`         // of an open model
	Folder   string             `json:"folder,omitempty"`          // of the run
}

// Backlog is how fast the payments that are not final grew through the load.
type Backlog struct {
	Slope float64  `json:"slope_per_s"`
	Low   *float64 `json:"low_per_s,omitempty"` // of its interval of 99 %
	Grows bool     `json:"grows"`
	Most  int64    `json:"most"`
	Drain float64  `json:"drain_s"`
}

// Verdicts, beside those of a run (PASS, FAIL, INVALID).
const (
	pass    = "PASS"
	fail    = "FAIL"
	invalid = "INVALID"
	rows    = "ROWS" // of raw: no invariant was judged, all rows are there
	none    = "NONE" // nothing was measured
)

// Cell is all repeats of one place. No figure of it means anything without its verdict.
type Cell struct {
	Place
	Verdict string            `json:"verdict"` // the worst of its repeats'
	Rate    Figure            `json:"rate"`
	P50     Figure            `json:"p50"`
	P99     Figure            `json:"p99"`
	CPU     map[string]Figure `json:"cpu_us_per_payment"`
	System  Figure            `json:"system_cpu_us_per_payment"`
	Repeats []Repeat          `json:"repeats"`
}

// add takes a repeat in.
func (c *Cell) add(r Repeat) {
	c.Repeats = append(c.Repeats, r)
	slices.SortFunc(c.Repeats, func(a, b Repeat) int { return cmp.Compare(a.Number, b.Number) })
	of := func(value func(Repeat) float64) Figure {
		var values []float64
		for _, r := range c.Repeats {
			values = append(values, value(r))
		}
		return figureOf(values)
	}
	c.Rate = of(func(r Repeat) float64 { return r.Rate })
	c.P50, c.P99 = of(func(r Repeat) float64 { return r.P50 }), of(func(r Repeat) float64 { return r.P99 })
	c.System = of(func(r Repeat) float64 { return r.System })
	c.CPU = map[string]Figure{}
	for program := range r.CPU {
		c.CPU[program] = of(func(r Repeat) float64 { return r.CPU[program] })
	}
	c.Verdict = c.Repeats[0].Verdict
	for _, r := range c.Repeats[1:] {
		c.Verdict = worse(c.Verdict, r.Verdict)
	}
}

// good says that its figures mean something.
func (c *Cell) good() bool { return c != nil && (c.Verdict == pass || c.Verdict == rows) }

// worse of two verdicts: lost money before a run that says nothing, and that before one that is not there.
func worse(a, b string) string {
	order := []string{fail, invalid, none}
	for _, bad := range order {
		if a == bad || b == bad {
			return bad
		}
	}
	for _, v := range []string{a, b} {
		if v != pass && v != rows {
			return invalid // a verdict that nobody knows is none
		}
	}
	if a == pass || b == pass {
		return pass
	}
	return rows
}

// paired are the values of the repeats that both cells have.
func paired(a, b *Cell, value func(Repeat) float64) (left, right []float64) {
	for _, x := range a.Repeats {
		for _, y := range b.Repeats {
			if x.Number == y.Number {
				left, right = append(left, value(x)), append(right, value(y))
			}
		}
	}
	return left, right
}
