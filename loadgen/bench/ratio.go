package bench

import "fmt"

// Ratio sets two cells of the same load beside each other, repeat by repeat.
type Ratio struct {
	Name    string `json:"name"` // system/plain
	Of      string `json:"of"`   // rate, p50, p99, mysql_cpu
	Section string `json:"section"`
	Mode    string `json:"mode"`
	Legs    int    `json:"legs"`
	Clients int    `json:"clients,omitempty"`
	Verdict string `json:"verdict"` // the worse of both cells'
	Ratio   Figure `json:"ratio"`
}

// measures are what ratios are made of.
var measures = map[string]func(Repeat) float64{
	"rate":      func(r Repeat) float64 { return r.Rate },
	"p50":       func(r Repeat) float64 { return r.P50 },
	"p99":       func(r Repeat) float64 { return r.P99 },
	"mysql_cpu": func(r Repeat) float64 { return r.CPU["mysql"] },
}

// ratio of two cells; false where there is nothing to compare.
func ratio(a, b *Cell, of string) (Ratio, bool) {
	if a == nil || b == nil {
		return Ratio{}, false
	}
	r := Ratio{
		Name: a.Contestant + "/" + b.Contestant, Of: of, Section: a.Section, Mode: a.Mode, Legs: a.Legs, Clients: a.Clients,
		Verdict: worse(a.Verdict, b.Verdict), Ratio: pairedRatio(paired(a, b, measures[of])),
	}
	return r, r.Ratio.N > 0
}

// compared are the ratios of each section.
var compared = map[string][]struct{ a, b, of string }{
	Grid: {
		{System, Plain, "rate"},
		{System, Legacy, "rate"},
		{System, Raw, "rate"},
		{System, Raw, "mysql_cpu"},
		{System, Plain, "p50"},
		{System, Plain, "p99"},
	},
	lone:      {{System, Plain, "p50"}, {System, Plain, "p99"}, {System, Plain, "rate"}},
	maximum:   {{System, Plain, "p99"}, {System, Plain, "p50"}},
	telemetry: {{TelemetryOn, System, "rate"}, {TelemetryOn, System, "p99"}},
}

// ratios makes all that the cells give, in their order.
func ratios(cells []*Cell) (all []Ratio) {
	for _, a := range cells {
		for _, c := range compared[a.Section] {
			if a.Contestant != c.a {
				continue
			}
			other := a.Place
			other.Contestant = c.b
			if r, ok := ratio(a, find(cells, other), c.of); ok {
				all = append(all, r)
			}
		}
	}
	return all
}

// find is the cell of a place, nil when nothing was measured there. The rate of an open model is no part of the name: it
// comes from what was measured before.
func find(cells []*Cell, p Place) *Cell {
	for _, c := range cells {
		at := c.Place
		at.Rate, p.Rate = 0, 0
		if at == p {
			return c
		}
	}
	return nil
}

// toldRatio is a ratio for people: 4.82 [4.41…5.27].
func toldRatio(f Figure) string {
	switch {
	case f.N == 0:
		return "–"
	case f.Low == nil:
		return fmt.Sprintf("%.2f", f.Mean)
	}
	return fmt.Sprintf("%.2f [%.2f…%.2f]", f.Mean, *f.Low, *f.High)
}

// told is a ratio where no column has its verdict: one that is not good stands behind it.
func (r Ratio) told() string {
	if r.Verdict == pass || r.Verdict == rows {
		return toldRatio(r.Ratio)
	}
	return toldRatio(r.Ratio) + " " + r.Verdict
}
