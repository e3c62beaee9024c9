// Package run carries a scenario out: it sends the planned arrivals, behaves like the merchants behind them until each
// payment is final, waits for quiescence, has the run verified and writes its folder.
package run

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// Engine sends the load. One goroutine (Run) knows when something is due: the arrivals by their planned time, and the
// follow-ups (the same request again, a look at what was accepted, a cancellation, a probe) from a heap. What is due goes
// to a bounded pool of workers, one request each:
//
//	plan ──► due ──► worker: one request ──► final
//	          ▲                    │
//	          └──── follow-ups ◄───┘ again later, or something about it
//	                    ▲
//	callback ───────────┘ now
//
// So a payment that waits for its next look is an entry in the heap and costs no goroutine. In a closed model it is not the
// plan that says when the next payment comes but its user's return (closed.go); a payment may be the first of a flow, whose
// steps are follow-ups too (flow.go).
type Engine struct {
	scenario  *scenario.Scenario
	plan      pace.Plan
	run       string
	merchants []Merchant
	client    *client.Client
	journal   *record.Journal
	tally     *record.Tally
	start     time.Time

	tasks    chan *open
	workers  int // started; only Run touches it
	wg       sync.WaitGroup
	later    followUps
	open     atomic.Int64  // payments started and not ended
	errands  atomic.Int64  // the same of errands; only an open payment, or an open flow, begins one
	pending  pending       // since when payments are open
	inFlight atomic.Int64  // requests
	each     int           // numbers of payments that an arrival takes
	users    users         // of a closed model
	arrived  chan struct{} // closed after the last arrival
	wake     chan struct{} // a token: something is due before wakeAt, or nothing is open any more
	wakeAt   atomic.Int64  // until when Run sleeps, in ns since start
}

// Merchant is one of the stack's merchants.
type Merchant struct {
	ID     uint32 `json:"id"`
	Name   string `json:"name"`
	Key    string `json:"api_key"`
	Secret string `json:"webhook_secret"` // "": it has no callbacks
}

// NewEngine makes an engine whose arrivals are planned from start on.
func NewEngine(s *scenario.Scenario, plan pace.Plan, run string, merchants []Merchant, c *client.Client,
	j *record.Journal, t *record.Tally, start time.Time,
) *Engine {
	return &Engine{
		scenario: s, plan: plan, run: run, merchants: merchants, client: c, journal: j, tally: t, start: start,
		each: s.PaymentsEach(), tasks: make(chan *open), arrived: make(chan struct{}), wake: make(chan struct{}, 1),
	}
}

// Run sends the arrivals until the plan ends or load is done, and the follow-ups until every payment and every errand has
// its end or settle is done. When it returns no request is in flight any more, which takes at most two time-outs of an attempt.
func (e *Engine) Run(load, settle context.Context) {
	next, arriving := 0, true
	send, more := e.sendArrivals, func(next int, _ time.Time) bool { return next < e.plan.Total() }
	if e.closed() {
		send, more = e.sendUsers, e.usersStay
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for settle.Err() == nil {
		now := time.Now()
		if arriving {
			next = send(next, now)
			arriving = more(next, now) && load.Err() == nil
			if !arriving {
				close(e.arrived)
			}
		}
		e.sendFollowUps(now)
		if !arriving && e.open.Load() == 0 && e.errands.Load() == 0 { // in this order
			break
		}
		e.sleep(load, settle, timer, next, arriving)
	}
	if arriving {
		close(e.arrived)
	}
	close(e.tasks)
	e.wg.Wait()
	e.abandon()
}

// Arrived is closed when the last arrival was sent.
func (e *Engine) Arrived() <-chan struct{} { return e.arrived }

// Open is how many payments, and how many errands about them, are started and not ended.
func (e *Engine) Open() (payments, errands int64) {
	payments = e.open.Load() // first: an errand is counted before its payment has ended
	return payments, e.errands.Load()
}

// sendArrivals sends all that are due and returns the number of the next one.
func (e *Engine) sendArrivals(next int, now time.Time) int {
	for ; next < e.plan.Total(); next++ {
		at, _ := e.plan.At(next)
		if e.start.Add(at).After(now) {
			break
		}
		e.tally.Planned.Add(1)
		if !e.arrive(next, at) {
			e.tally.Unsent.Add(1)
			e.journal.Unsent(next*e.each, at)
		}
	}
	return next
}

// arrive sends the first payment of an arrival, or of a turn of a user; false: there is no place for it.
func (e *Engine) arrive(arrival int, at time.Duration) bool {
	o := &open{purpose: paying{}, number: arrival * e.each, planned: at, since: e.pending.begin(at)}
	// Counted before the hand-over, since the worker may be done with it before this goroutine runs again.
	if e.open.Add(1) <= int64(e.scenario.Client.MaxOpen) {
		e.beginWalk(arrival, o)
		if e.launch(o) {
			return true
		}
		if o.walk != nil {
			e.dropWalk(o.walk)
		}
	}
	e.open.Add(-1)
	e.pending.end(o.since)
	return false
}

func (e *Engine) sendFollowUps(now time.Time) {
	for {
		o := e.later.take(now)
		if o == nil {
			return
		}
		if !e.launch(o) {
			e.later.add(o) // still due: the next wake-up tries again
			return
		}
	}
}

// launch hands one request to an idle worker, or to a new one while the bound allows. It never waits: a wait here would
// make every later arrival late and the model closed.
func (e *Engine) launch(o *open) bool {
	select {
	case e.tasks <- o:
		return true
	default:
	}
	if e.workers >= e.scenario.Client.MaxInFlight {
		return false
	}
	shard := e.workers
	e.workers++
	e.wg.Go(func() {
		e.step(shard, o)
		for o := range e.tasks {
			e.step(shard, o)
		}
	})
	return true
}
