package run

import (
	"sync"
	"sync/atomic"
	"time"

	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
)

// sampleEvery is the resolution of the series.
const sampleEvery = time.Second

// sampler writes a point of the series every second, from the run's start to quiescence, and keeps what the report tells of
// the async monitor. It is a goroutine of its own: the wait for quiescence asks a database that may be slow to answer.
type sampler struct {
	series *record.Series
	engine *Engine
	plan   pace.Plan
	start  time.Time

	last    atomic.Pointer[record.Point]
	loadEnd atomic.Int64 // when the arrivals had ended, in ns since start; 0 before
	ending  chan struct{}
	wg      sync.WaitGroup
	async   report.Async // only the sampler's goroutine, and after stop everybody
}

func startSampler(series *record.Series, engine *Engine, plan pace.Plan, start time.Time) *sampler {
	s := &sampler{series: series, engine: engine, plan: plan, start: start, ending: make(chan struct{})}
	s.last.Store(&record.Point{})
	s.wg.Go(s.sample)
	return s
}

// latest is the last point, empty before the first.
func (s *sampler) latest() *record.Point { return s.last.Load() }

// arrived begins the phase of settling.
func (s *sampler) arrived(now time.Time) { s.loadEnd.Store(int64(now.Sub(s.start))) }

// stop writes the last point and closes the series. The error means that it is not complete.
func (s *sampler) stop() error {
	close(s.ending)
	s.wg.Wait()
	s.point(time.Now())
	return s.series.Close()
}

// sample wakes at whole seconds of the run: the points of two runs lie on each other.
func (s *sampler) sample() {
	for next := sampleEvery; ; next += sampleEvery {
		select {
		case <-s.ending:
			return
		case <-time.After(time.Until(s.start.Add(next))):
			s.point(time.Now())
		}
		// A machine that stood still for seconds gets one long interval, not many empty ones.
		if late := time.Since(s.start) - next; late > sampleEvery {
			next += late.Truncate(sampleEvery)
		}
	}
}

func (s *sampler) point(now time.Time) {
	payments, _ := s.engine.Open()
	phase, stage := "settle", ""
	if s.loadEnd.Load() == 0 {
		phase, stage = "load", s.plan.Stages()[s.plan.StageAt(now.Sub(s.start))].Name
	}
	p := s.series.Add(now, phase, stage, record.Gauges{
		InFlight: s.engine.InFlight(), Open: payments, Backlog: s.engine.tally.Backlog.Load(),
		OldestPending: float64(s.engine.OldestPending(now).Milliseconds()) / 1000,
	})
	s.follow(&p)
	s.last.Store(&p)
}

// follow keeps the extremes of the backlog, and when it was empty for good.
func (s *sampler) follow(p *record.Point) {
	a := &s.async
	a.Requested += p.AsyncRequested
	a.Completed += p.AsyncCompleted
	if p.Backlog > a.BacklogMax {
		a.BacklogMax, a.BacklogMaxAt = p.Backlog, p.T
	}
	a.OldestPendingMax = max(a.OldestPendingMax, p.OldestPending)
	if p.Phase != "settle" {
		return
	}
	if p.Open > 0 {
		a.Drain = 0
	} else if a.Drain == 0 {
		a.Drain = max(p.T-time.Duration(s.loadEnd.Load()).Seconds(), 0.001)
	}
}
