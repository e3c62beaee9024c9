// Package trend says whether a run's figures rose while its load stayed the same: memory, goroutines and descriptors of each
// process, latency, backlog. docs/capacity.md tells the method and how to read it.
//
//	monitor.jsonl, series.jsonl ─► means of 10 s ─► without the warm-up ─► at most 60 means ─► slope with its interval ─► verdict
package trend

import (
	"math"
	"strings"
)

// Verdict of a line.
type Verdict string

// The verdicts. A line is set against its bound: what may be added an hour.
const (
	Rises    Verdict = "rises"     // the whole interval is above the bound
	Flat     Verdict = "flat"      // the whole interval is at the bound or below: it does not rise
	Unclear  Verdict = "unclear"   // the bound is within the interval: only a longer run can tell
	TooShort Verdict = "too short" // less than LeastSeconds of load, or of values of the process
)

// The rules. The confidence is of each line by itself: of 100 that are flat one is not within its interval, and of those that are
// at their bound one in 200 is said to rise.
const (
	confidence   = 0.99
	LeastSeconds = 600 // of load, warm-up included

	warmUpShare = 0.2 // of the load, or of the time since the process was started again
	warmUpLeast = 60  // s
	warmUpMost  = 900 // s

	boundShare = 0.01 // of its level may a figure gain an hour
)

// least is what a figure may gain an hour whatever its level is: less is no leak that anybody would look for.
var least = map[string]float64{
	"rss_bytes": 1 << 20, "heap_bytes": 1 << 20, "goroutines": 1, "fds": 1, "sync_p99_ms": 1, "own_p99_ms": 1, "backlog": 1, "sent_per_s": 0.5,
}

// Line is one series of a run.
type Line struct {
	Process string   `json:"process"` // payments: what the client saw
	Metric  string   `json:"metric"`
	Level   float64  `json:"level"`                   // median, after the warm-up
	PerHour float64  `json:"slope_per_hour"`          // in the metric's unit
	Low     *float64 `json:"low_per_hour,omitempty"`  // nil: nothing bounds it
	High    *float64 `json:"high_per_hour,omitempty"` //
	Bound   float64  `json:"bound_per_hour"`
	Seconds float64  `json:"seconds"` // that were looked at, after the warm-up
	Means   int      `json:"means"`   // to which the slope was fitted
	Verdict Verdict  `json:"verdict"`
}

// Of looks at a run's folder; load is how long its arrivals lasted, in seconds. What the folder does not have has no line.
func Of(folder string, load float64) ([]Line, error) {
	all, err := read(folder, load)
	if err != nil {
		return nil, err
	}
	lines := []Line{}
	for _, s := range all {
		lines = append(lines, s.judge(load))
	}
	return lines, nil
}

// series is one figure over the time of the load.
type series struct {
	process, metric string
	since           float64 // when the process was started (again); 0: before the load
	bins            bins
}

func (s *series) judge(load float64) Line {
	length := load - s.since
	line := Line{Process: s.process, Metric: s.metric, Verdict: TooShort}
	if length < LeastSeconds {
		return line
	}
	points := s.bins.batches(s.since+WarmUp(length), load)
	if len(points) < leastPoints || points[len(points)-1].T-points[0].T < LeastSeconds/2 {
		return line // it has values of a part of the time only
	}
	slope := Fit(points, confidence)
	line.Means, line.Seconds = len(points), points[len(points)-1].T-points[0].T
	line.Level, line.PerHour = level(points), slope.Value*3600
	line.Bound = max(boundShare*math.Abs(line.Level), least[s.metric])
	line.Low, line.High = known(slope.Low*3600), known(slope.High*3600)
	switch {
	case line.Low != nil && *line.Low > line.Bound:
		line.Verdict = Rises
	case line.High != nil && *line.High <= line.Bound:
		line.Verdict = Flat
	default:
		line.Verdict = Unclear
	}
	return line
}

// WarmUp is what is left out at the beginning: pools fill, caches warm, the collector finds its pace.
func WarmUp(length float64) float64 {
	return min(max(length*warmUpShare, warmUpLeast), warmUpMost)
}

func known(v float64) *float64 {
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Verdict of the whole run, the worst of its lines in this order.
const (
	RunUneven   = "UNEVEN"    // the load itself rose, and everything with it: nothing can be told
	RunRises    = "RISES"     // a line does
	RunTooShort = "TOO_SHORT" // no line could be told
	RunUnclear  = "UNCLEAR"   // none rises, and of one or more a rise is not ruled out
	RunFlat     = "FLAT"      // none rises
)

// Conclude is the verdict of all lines.
func Conclude(lines []Line) string {
	count := Count(lines)
	for _, l := range lines {
		if l.Metric == loadMetric && l.Verdict == Rises {
			return RunUneven
		}
	}
	switch {
	case count[Rises] > 0:
		return RunRises
	case count[TooShort] == len(lines):
		return RunTooShort
	case count[Unclear] > 0:
		return RunUnclear
	}
	return RunFlat
}

// Count is how many lines have each verdict.
func Count(lines []Line) map[Verdict]int {
	count := map[Verdict]int{}
	for _, l := range lines {
		count[l.Verdict]++
	}
	return count
}

// ExitCode of the process: 4 like that of a comparison that found something worse, 3 where the run does not say.
func ExitCode(verdict string) int {
	switch verdict {
	case RunRises:
		return 4
	case RunUneven, RunTooShort:
		return 3
	}
	return 0
}

// started tells the name of a process that an event says was begun anew.
func started(event string) (process string, ok bool) {
	for _, what := range []string{" started", " restarted"} {
		if name, ok := strings.CutSuffix(event, what); ok {
			return name, true
		}
	}
	return "", false
}
