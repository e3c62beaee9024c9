package report

import (
	"fmt"
	"strconv"
	"time"

	"gazua.example/loadgen/scenario"
)

// Bound is one bound of the validity gate with what was measured. Past it the run says more about the generator, the mock
// or the machine than about the system.
type Bound struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Bound float64 `json:"bound"`
	Unit  string  `json:"unit"` // ms or %
	Holds bool    `json:"holds"`
	// Measured is false where this machine does not tell the figure: the bound holds, and nobody may call it kept.
	Measured bool `json:"measured"`
}

// meaning is what it says about the run when the bound does not hold.
var meaning = map[string]string{
	"lateness_p99":  "the generator was late (p99 of planned → sent)",
	"unsent":        "arrivals found no place in the generator (max_in_flight, max_open)",
	"pg_added_p99":  "the mock PG was the bottleneck (what it added at p99)",
	"cpu_pressure":  "the machine was out of CPU (time of the load in which something waited for one, PSI some)",
	"generator_cpu": "the generator was the bottleneck (its CPU, of the cores that it may use)",
	"gc_pause":      "the generator stood still (its longest GC pause)",
}

func (b Bound) reason() string {
	return fmt.Sprintf("%s: %s %s, the bound %s is %s %s", meaning[b.Name], figure(b.Value), b.Unit, b.Name, figure(b.Bound), b.Unit)
}

// figure has four digits, and all of them before the point.
func figure(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Hold measures the run against its gate.
func (r *Result) Hold(gate scenario.Gate) {
	c, g := r.Counts, r.Generator
	r.Gate = []Bound{
		bound("lateness_p99", g.Lateness.P99, milliseconds(gate.LatenessP99), "ms"),
		bound("unsent", percent(float64(c.Unsent)/float64(max(c.Planned, 1))), percent(gate.Unsent), "%"),
		bound("pg_added_p99", r.PGAddedP99, milliseconds(gate.PGAddedP99), "ms"),
		bound("generator_cpu", percent(g.CPUShare/float64(max(g.Cores, 1))), percent(gate.GeneratorCPU), "%"),
		bound("gc_pause", g.GCPauseMax, milliseconds(gate.GCPause), "ms"),
	}
	pressure := bound("cpu_pressure", 0, percent(gate.CPUPressure), "%")
	if r.Pressure != nil {
		pressure = bound("cpu_pressure", percent(r.Pressure.CPU), percent(gate.CPUPressure), "%")
	}
	pressure.Measured = r.Pressure != nil
	r.Gate = append(r.Gate, pressure)
}

func bound(name string, value, most float64, unit string) Bound {
	return Bound{Name: name, Value: value, Bound: most, Unit: unit, Holds: value <= most, Measured: true}
}

func percent(share float64) float64 { return share * 100 }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
