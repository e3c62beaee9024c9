// Package pace says when each arrival is due. It is a pure function of the stages and the arrival's number: nobody
// waits in here, nothing depends on how fast the target answers. That is what makes the load an open model: a slow
// target finds the arrivals at its door at the planned times all the same, and its slowness shows as latency counted
// from the planned time, not as fewer arrivals (coordinated omission).
package pace

import (
	"fmt"
	"math"
	"sort"
	"time"
)

// Stage is a stretch of the run in which the rate goes in a straight line from From to To, in arrivals a second.
// A constant rate is a line whose ends are equal.
type Stage struct {
	Name     string        `json:"name"`
	From     float64       `json:"from_per_s"`
	To       float64       `json:"to_per_s"`
	Duration time.Duration `json:"duration_ns"`
}

// arrivals is the expected number of arrivals in the stage: the area under its line.
func (s Stage) arrivals() float64 {
	return (s.From + s.To) / 2 * s.Duration.Seconds()
}

// after is the time from the stage's start until the area under its line has grown to count.
func (s Stage) after(count float64) time.Duration {
	if count <= 0 {
		return 0
	}
	slope := (s.To - s.From) / s.Duration.Seconds()
	// slope/2·t² + from·t = count. This form of the root does not cancel out when the slope is small, and is count/from
	// when it is zero.
	seconds := 2 * count / (s.From + math.Sqrt(math.Max(0, s.From*s.From+2*slope*count)))
	return min(time.Duration(math.Round(seconds*float64(time.Second))), s.Duration)
}

// Plan is the stages one after another.
type Plan struct {
	stages []Stage
	starts []time.Duration // of each stage
	counts []float64       // arrivals expected before each stage; one more entry for the end
	total  int
}

// New lays the stages end to end.
func New(stages []Stage) (Plan, error) {
	if len(stages) == 0 {
		return Plan{}, fmt.Errorf("plan the arrivals: there is no stage")
	}
	plan := Plan{stages: stages, counts: []float64{0}}
	start, count := time.Duration(0), 0.0
	for i, s := range stages {
		if s.Duration <= 0 || s.From < 0 || s.To < 0 || math.IsNaN(s.From+s.To) || math.IsInf(s.From+s.To, 0) {
			return Plan{}, fmt.Errorf("plan the arrivals: stage %d (%s) needs a duration above 0 and rates of 0 or more", i+1, s.Name)
		}
		plan.starts = append(plan.starts, start)
		start += s.Duration
		count += s.arrivals()
		plan.counts = append(plan.counts, count)
	}
	// Arrival n stands where the area reaches n, so the first is at the very start. The area is rounded to a millionth,
	// or 0.1/s for 30 s would now and then be four arrivals.
	plan.total = int(math.Ceil(math.Round(count*1e6) / 1e6))
	return plan, nil
}

// Total is the number of arrivals; they are numbered 0 to Total-1.
func (p Plan) Total() int { return p.total }

// Duration is the time from the first stage's start to the last one's end.
func (p Plan) Duration() time.Duration {
	last := len(p.stages) - 1
	return p.starts[last] + p.stages[last].Duration
}

// At is the planned time of arrival n, counted from the start, and the index of its stage.
func (p Plan) At(n int) (at time.Duration, stage int) {
	count := float64(n)
	// The last stage whose arrivals start at or before this one, past those that have none of their own.
	stage = sort.Search(len(p.stages), func(i int) bool { return p.counts[i+1] > count })
	stage = min(stage, len(p.stages)-1)
	return p.starts[stage] + p.stages[stage].after(count-p.counts[stage]), stage
}

// StageAt is the index of the stage that runs at this time from the start; the last one afterwards.
func (p Plan) StageAt(at time.Duration) int {
	next := sort.Search(len(p.starts), func(i int) bool { return p.starts[i] > at })
	return max(0, next-1)
}

// Stages are the stages as planned.
func (p Plan) Stages() []Stage { return p.stages }
