package run

import (
	"fmt"
	"sync"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// walk is one flow on its way. It takes one step after another; while a step is under way (a payment, an errand, a pause)
// it waits in the heap of follow-ups, or nowhere, and what it waits for wakes it:
//
//	arrival ──► first payment ──► step ──► step ──► … ──► until all its payments are final
//	                                │ ▲
//	                   request or   │ │ accepted, ended
//	                   pause        ▼ │
//
// It counts as an errand, and ends after all its payments, so that nobody finds everything at its end while it goes on.
type walk struct {
	flow    *scenario.Flow
	arrival int
	next    func(scenario.Told) (scenario.Step, bool)
	stop    func()
	turn    *open // its own entry in the heap; it has no purpose

	mu       sync.Mutex // guards the rest
	payments []*chapter // in the order of their creation
	step     scenario.Step
	about    *chapter // of the step; nil for a pause
	begun    time.Time
	steps    int  // begun
	over     bool // no step comes any more
}

// chapter is what a walk knows of one of its payments.
type chapter struct {
	number   int
	create   scenario.Step
	accepted bool
	id       string
	end      string // "" while it has none
	cancels  []scenario.Cancel
	replays  int
	errand   string        // the end of the step's errand, "" while it has none
	seen     scenario.Told // what the last look has shown
}

// farOff is for a walk that waits for something to wake it, and not for a time.
const farOff = time.Hour

// beginWalk makes the arrival's payment the first of a flow, where the scenario has flows.
func (e *Engine) beginWalk(arrival int, first *open) {
	flow, next, stop := e.scenario.Begin(arrival)
	if flow == nil {
		return
	}
	w := &walk{flow: flow, arrival: arrival, next: next, stop: stop, begun: e.start.Add(first.planned), steps: 1}
	w.turn = &open{walk: w, number: first.number, planned: first.planned, idle: true}
	w.step, _ = next(scenario.Told{})
	if w.step.Do != scenario.DoCreate { // of a script: a list of steps was read with care
		w.step = scenario.Step{Do: scenario.DoCreate, Payment: w.step.Payment}
	}
	w.about = &chapter{number: first.number, create: w.step}
	w.payments = []*chapter{w.about}
	first.walk = w
	e.errands.Add(1)
}

// dropWalk forgets a walk for whose first payment there was no place.
func (e *Engine) dropWalk(w *walk) {
	w.stop()
	e.errands.Add(-1)
}

// payment makes a payment of the walk again.
func (w *walk) payment(e *Engine, number int) scenario.Payment {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.chapter(number)
	return e.scenario.Ordered(e.run, number, &c.create, c.cancels, c.replays)
}

func (w *walk) chapter(number int) *chapter { return w.payments[number-w.payments[0].number] }

// accepted is told when a payment was promised.
func (w *walk) accepted(e *Engine, o *open) {
	if _, paying := o.purpose.(paying); !paying {
		return
	}
	w.mu.Lock()
	c := w.chapter(o.number)
	c.accepted, c.id = true, o.id
	w.mu.Unlock()
	e.wakeWalk(w)
}

// ended is told when a payment, or an errand about it, has its end.
func (w *walk) ended(e *Engine, o *open, end string, a *client.Answer) {
	w.mu.Lock()
	c := w.chapter(o.number)
	if _, paying := o.purpose.(paying); paying {
		c.end = end
		if c.id == "" {
			c.id = a.ID
		}
	} else {
		c.errand = end
	}
	if _, looking := o.purpose.(expecting); looking {
		c.seen = scenario.Told{State: a.State, Canceled: a.Canceled}
	}
	w.mu.Unlock()
	e.wakeWalk(w)
}

// wantsRefusal says whether the cancellation on its way is meant to be refused.
func (w *walk) wantsRefusal() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.step.State == rejected
}

func (e *Engine) wakeWalk(w *walk) {
	if due := e.later.rouse(w.turn, time.Now()); int64(due.Sub(e.start)+followUpSlack) < e.wakeAt.Load() {
		e.poke()
	}
}

// advance takes the steps that can be taken now. One worker at a time has the walk's turn.
func (e *Engine) advance(w *walk) {
	w.mu.Lock()
	until, ended := w.goOn(e, time.Now())
	w.mu.Unlock()
	if !ended {
		e.schedule(w.turn, until)
		return
	}
	w.stop()
	if e.errands.Add(-1) == 0 {
		e.poke()
	}
	e.userReturns(w.arrival, time.Now())
}

// goOn returns until when the walk waits at most, or that it has ended.
func (w *walk) goOn(e *Engine, now time.Time) (until time.Time, ended bool) {
	for !w.over {
		state, until := w.state(e, now)
		if state.waits {
			return until, false
		}
		if w.judge(e, now, state); w.over {
			break
		}
		step, more := w.next(state.told)
		if w.over = !more; more {
			w.take(e, step, now)
		}
	}
	for _, c := range w.payments {
		if c.end == "" {
			return now.Add(farOff), false
		}
	}
	return now, true
}

// judge counts what the step came to, if it was held against something.
func (w *walk) judge(e *Engine, now time.Time, s stepState) {
	if s.checked || s.unmet != "" {
		e.tally.Expected.Add(1)
	}
	if s.unmet == "" {
		return
	}
	e.tally.Unmet.Add(1)
	w.over = true
	e.tally.Fault(record.Left, e.phase(now), "expectation", fmt.Sprintf("flow %s, step %d, %s: %s", w.flow.Name, w.steps, w.step.Do, s.unmet), now)
}
