// Package pace says when each arrival is due. It is a pure function of the stages, the seed and the arrival's number:
// nobody waits in here, nothing depends on how fast the target answers. That is what makes the load an open model: a slow
// target finds the arrivals at its door at the planned times all the same, and its slowness shows as latency counted
// from the planned time, not as fewer arrivals (coordinated omission).
//
// A stage's shape is a rate over time; the area under it is the number of arrivals by then. Arrival n comes where the area
// reaches n, or, as a Poisson process, where it reaches the n-th arrival of a process of rate one.
package pace

import (
	"fmt"
	"sort"
	"time"
)

// Plan is the stages one after another.
type Plan struct {
	stages []Stage
	starts []time.Duration // of each stage
	groups []group
	total  int
}

// New lays the stages end to end. The seed is that of Poisson arrivals; no other depends on chance.
func New(stages []Stage, seed uint64) (Plan, error) {
	plan, err := lay(stages)
	if err != nil {
		return Plan{}, err
	}
	for i := range plan.groups {
		g := &plan.groups[i]
		g.first = plan.total
		g.count(seed, i)
		plan.total += g.total
	}
	return plan, nil
}

// Check says why the stages cannot be planned. It draws nothing, so it is quick where New is not.
func Check(stages []Stage) error {
	_, err := lay(stages)
	return err
}

// lay puts the stages on the time axis. The arrivals are not counted yet.
func lay(stages []Stage) (Plan, error) {
	if len(stages) == 0 {
		return Plan{}, fmt.Errorf("plan the arrivals: there is no stage")
	}
	plan, start := Plan{stages: stages}, time.Duration(0)
	for i, s := range stages {
		if fault := s.Check(); fault != "" {
			return Plan{}, fmt.Errorf("plan the arrivals: stage %d (%s) %s", i+1, s.Name, fault)
		}
		plan.starts = append(plan.starts, start)
		if i == 0 || s.Poisson != stages[i-1].Poisson {
			plan.groups = append(plan.groups, group{poisson: s.Poisson})
		}
		g := &plan.groups[len(plan.groups)-1]
		for _, p := range s.pieces() {
			if p.length == 0 {
				continue
			}
			p.stage, p.start, p.before = i, start, g.area
			start += p.length
			g.area += p.area(p.length)
			g.pieces = append(g.pieces, p)
		}
		if g.poisson && g.area > MaxPoisson {
			return Plan{}, fmt.Errorf("plan the arrivals: %.0f arrivals as a Poisson process; at most %d can be drawn", g.area, MaxPoisson)
		}
	}
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
	// The last group that begins with this arrival or before it.
	i := sort.Search(len(p.groups)-1, func(i int) bool { return p.groups[i+1].first > n })
	g := &p.groups[i]
	return g.at(min(n-g.first, max(g.total-1, 0)))
}

// StageAt is the index of the stage that runs at this time from the start; the last one afterwards.
func (p Plan) StageAt(at time.Duration) int {
	next := sort.Search(len(p.starts), func(i int) bool { return p.starts[i] > at })
	return max(0, next-1)
}

// RateAt is the planned rate at this time from the start, in arrivals a second; 0 outside of the plan.
func (p Plan) RateAt(at time.Duration) float64 {
	if at < 0 || at >= p.Duration() {
		return 0
	}
	for _, g := range p.groups {
		for _, part := range g.pieces {
			if at < part.start+part.length {
				return part.rate(at - part.start)
			}
		}
	}
	return 0
}

// Stages are the stages as planned.
func (p Plan) Stages() []Stage { return p.stages }
