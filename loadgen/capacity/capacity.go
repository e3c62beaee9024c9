// Package capacity finds the highest rate that a system bears while an objective holds: latency, errors, a backlog that does
// not grow, no violated invariant. docs/capacity.md tells the method.
//
//	Search (pure) ─ rate ─► a whole run with its own verification ─► Step ─ outcome ─► Search … ─► capacity.json
package capacity

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/trend"
)

// Objective is what must hold at a rate.
type Objective struct {
	P99    float64 `json:"p99_ms"`      // planned → response of synchronous payments
	Errors float64 `json:"error_share"` // of the payments, left after all repeats of their clients
}

// Step is one run of a search.
type Step struct {
	Number  int      `json:"step"`
	Phase   Phase    `json:"phase"`
	Asked   float64  `json:"asked_per_s"`
	Rate    float64  `json:"rate_per_s"` // that was sent
	Outcome Outcome  `json:"outcome"`
	Why     []string `json:"why,omitempty"` // it did not hold
	Verdict string   `json:"verdict"`       // of the run
	P99     float64  `json:"p99_ms"`
	Errors  float64  `json:"error_share"`
	// Backlog is how fast the payments that are not final grew through the load, payments a second, with its interval.
	Backlog     float64  `json:"backlog_slope_per_s"`
	BacklogLow  *float64 `json:"backlog_slope_low_per_s,omitempty"`
	CPU         float64  `json:"system_cpu_us_per_payment,omitempty"`
	SystemCores float64  `json:"system_cpu_cores,omitempty"`
	BedShare    float64  `json:"bed_cpu_share,omitempty"`
	Folder      string   `json:"folder"`
}

// Measure judges a run that was asked for a rate.
func Measure(r *report.Result, asked float64, o Objective) (Step, error) {
	c := r.Counts
	s := Step{
		Asked: asked, Rate: r.Rate, Verdict: r.Verdict, P99: r.Latency.SyncResponse.P99, Folder: r.Folder,
		Errors: float64(c.Rejected+c.GaveUp+c.Pending) / float64(max(c.Sent, 1)),
	}
	if e := r.Efficiency; e != nil {
		s.CPU, s.SystemCores, s.BedShare = e.PerPayment, e.SystemCores, e.BedShare
	}
	open, err := readOpen(r.Folder)
	if err != nil {
		return s, fmt.Errorf("measure the step %s: %w", r.Folder, err)
	}
	slope := trend.Fit(open, confidence)
	s.Backlog = slope.Value
	if !math.IsInf(slope.Low, 0) {
		s.BacklogLow = &slope.Low
	}
	s.judge(r, o)
	return s, nil
}

// The rules of the backlog. A step begins empty: until as many payments end as begin, those that are open grow.
const (
	confidence   = 0.99
	fillingShare = 0.25 // of the load is left out at its beginning
	growthShare  = 0.02 // of the rate may the backlog grow a second: some payments take long on purpose
	mostPoints   = 600  // of one step; the longest are thinned
)

// readOpen are the payments that were started and not final, at the end of each second of the load.
func readOpen(folder string) (points []trend.Point, err error) {
	_, err = record.ReadSeries(folder, func(p record.Point) error {
		if p.Phase == "load" {
			points = append(points, trend.Point{T: p.T, Value: float64(p.Open)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	points = points[int(math.Ceil(float64(len(points))*fillingShare)):]
	if each := (len(points) + mostPoints - 1) / mostPoints; each > 1 {
		kept := points[:0]
		for i := 0; i < len(points); i += each {
			kept = append(kept, points[i])
		}
		points = kept
	}
	return points, nil
}

// judge decides what the step has shown. Lost money comes first; then what spoilt the run, since then nothing that was
// measured is the system's; then the objective.
func (s *Step) judge(r *report.Result, o Objective) {
	broken := s.broken(r, o)
	var bed []string
	for _, b := range r.Gate {
		// Arrivals find no place in the generator when the system does not answer: with a broken objective that is the system's.
		if !b.Holds && (b.Name != "unsent" || len(broken) == 0) {
			bed = append(bed, fmt.Sprintf("%s %.4g of %.4g %s", b.Name, b.Value, b.Bound, b.Unit))
		}
	}
	unsent := r.Verdict == report.Invalid && len(bed) == 0 && onlyGate(r)
	switch {
	case r.Verdict == report.Fail:
		s.Outcome, s.Why = Lost, r.Reasons
	case r.Stopped:
		s.Outcome, s.Why = Void, []string{"stopped by hand"}
	case r.Verdict != report.Pass && len(bed) == 0 && !unsent:
		s.Outcome, s.Why = Void, r.Reasons
	case len(bed) > 0:
		s.Outcome, s.Why = Bed, bed
	case len(broken) > 0:
		s.Outcome, s.Why = Broke, broken
	default:
		s.Outcome = Held
	}
}

// onlyGate says that bounds of the gate are the only reasons of a verdict.
func onlyGate(r *report.Result) bool {
	failed := 0
	for _, b := range r.Gate {
		if !b.Holds {
			failed++
		}
	}
	return failed > 0 && failed == len(r.Reasons)
}

// broken is what of the objective did not hold.
func (s *Step) broken(r *report.Result, o Objective) (why []string) {
	if s.P99 > o.P99 {
		why = append(why, fmt.Sprintf("p99 %.0f ms", s.P99))
	}
	if s.Errors > o.Errors {
		why = append(why, fmt.Sprintf("errors %.2f %%", s.Errors*100))
	}
	if s.BacklogLow != nil && *s.BacklogLow > 0 && s.Backlog > growthShare*s.Asked {
		why = append(why, fmt.Sprintf("the backlog grew by %.1f/s", s.Backlog))
	}
	if !r.Quiet {
		why = append(why, fmt.Sprintf("it had not settled %.0f s after the load", r.Settle))
	}
	if s.Rate < s.Asked*leastSent && r.Load > 0 {
		why = append(why, fmt.Sprintf("%.1f/s were sent", s.Rate))
	}
	return why
}

// leastSent is the share of the rate that must have been sent for the step to be one of that rate.
const leastSent = 0.9

// line is the step for people, as it ended.
func (s *Step) line() string {
	text := fmt.Sprintf("step %2d  %-7s  %7.1f/s  %-5s  verdict=%s p99=%.0f ms errors=%.2f %% backlog %+.1f/s", s.Number, s.Phase, s.Asked, s.Outcome, s.Verdict, s.P99, s.Errors*100, s.Backlog)
	if s.CPU > 0 {
		text += fmt.Sprintf(" cpu=%.0f µs/payment (%.2f cores)", s.CPU, s.SystemCores)
	}
	if len(s.Why) > 0 {
		text += "  " + strings.Join(s.Why, "; ")
	}
	return text + "  " + filepath.Base(s.Folder)
}
