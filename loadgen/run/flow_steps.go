package run

import (
	"cmp"
	"fmt"
	"time"

	"gazua.example/loadgen/scenario"
)

// The steps of a flow: how each begins, and when it is done.

// stepState is how far a step has come.
type stepState struct {
	waits   bool
	told    scenario.Told
	checked bool   // it was held against an expectation
	unmet   string // what was not as expected
}

// take begins a step. One that cannot begin is an expectation that is not met: the flow counted on something.
func (w *walk) take(e *Engine, step scenario.Step, now time.Time) {
	w.step, w.begun, w.about = step, now, nil
	w.steps++
	if step.Do == scenario.DoThink {
		return
	}
	for _, c := range w.payments {
		if c.create.Payment == step.Payment {
			w.about = c
		}
	}
	if step.Do == scenario.DoCreate {
		w.order(e, step, now)
		return
	}
	if fault := w.impossible(); fault != "" {
		w.judge(e, now, stepState{unmet: fault})
		return
	}
	w.about.errand = ""
	c := w.about
	switch step.Do {
	case scenario.DoCancel:
		c.cancels = append(c.cancels, scenario.Cancel{Amount: step.Amount})
		which := len(c.cancels) - 1
		e.beginFor(w, canceling{}, c.number, which, 1+which, c.id, now)
	case scenario.DoReplay:
		c.replays++
		e.beginFor(w, probing{}, c.number, c.replays-1, probeSpans+c.replays-1, "", now)
	case scenario.DoExpect:
		e.errands.Add(1)
		e.schedule(&open{
			purpose: expecting{step}, walk: w, number: c.number, spans: (expectSpans + w.steps) * spansEach, id: c.id,
			planned: now.Sub(e.start), accepted: true,
		}, now)
	}
}

// expectSpans is where the numbers of the spans of looks begin.
const expectSpans = 2 * probeSpans

// impossible says why the step cannot be taken, "" when it can.
func (w *walk) impossible() string {
	c := w.about
	if c == nil {
		return fmt.Sprintf("no payment is called %q", w.step.Payment)
	}
	known := c.end == "PAID" || c.end == "FAILED"
	switch w.step.Do {
	case scenario.DoCancel:
		if c.end != "PAID" || len(c.cancels) == maxSequels {
			return fmt.Sprintf("payment %s is %s, with %d cancellations", w.step.Payment, cmp.Or(c.end, "not final"), len(c.cancels))
		}
	case scenario.DoReplay:
		if c.id == "" || c.replays == maxSequels {
			return fmt.Sprintf("payment %s is %s, with %d replays", w.step.Payment, cmp.Or(c.end, "not accepted"), c.replays)
		}
	case scenario.DoExpect:
		if !known {
			return fmt.Sprintf("payment %s is %s", w.step.Payment, cmp.Or(c.end, "not final"))
		}
	}
	return ""
}

// maxSequels bounds what a script asks for about one payment; a list of steps was read with the same bound.
const maxSequels = 8

// order begins a payment in the middle of a flow.
func (w *walk) order(e *Engine, step scenario.Step, now time.Time) {
	if w.about != nil || len(w.payments) == e.each {
		w.judge(e, now, stepState{unmet: fmt.Sprintf("creates payment %q a second time, or more than %d payments", step.Payment, e.each)})
		return
	}
	at := now.Sub(e.start)
	c := &chapter{number: w.payments[0].number + len(w.payments), create: step}
	e.tally.Planned.Add(1)
	if e.open.Add(1) > int64(e.scenario.Client.MaxOpen) {
		e.open.Add(-1)
		e.tally.Unsent.Add(1)
		e.journal.Unsent(c.number, at)
		w.over = true
		return
	}
	w.about, w.payments = c, append(w.payments, c)
	e.schedule(&open{purpose: paying{}, walk: w, number: c.number, planned: at, since: e.pending.begin(at)}, now)
}

// state is how far the step has come.
func (w *walk) state(e *Engine, now time.Time) (s stepState, until time.Time) {
	c, until := w.about, now.Add(farOff)
	switch w.step.Do {
	case scenario.DoThink:
		until = w.begun.Add(e.scenario.Pause(w.step.Think, w.arrival, w.steps))
		return stepState{waits: now.Before(until)}, until
	case scenario.DoCreate:
		done := c.end != "" || w.step.Async && c.accepted
		return stepState{waits: !done, told: scenario.Told{State: cmp.Or(c.end, "ACCEPTED")}}, until
	case scenario.DoAwait:
		return w.awaited(now)
	}
	if c.errand == "" {
		return stepState{waits: true}, until
	}
	switch s = (stepState{told: scenario.Told{State: c.errand, Canceled: c.seen.Canceled}, checked: true}); w.step.Do {
	case scenario.DoCancel:
		if s.checked = w.step.State != ""; s.checked && c.errand != w.step.State {
			s.unmet = fmt.Sprintf("the cancellation must become %s, and is %s", w.step.State, c.errand)
		}
	case scenario.DoReplay:
		if c.errand != answered {
			s.unmet = "the request again is not answered: " + c.errand
		}
	case scenario.DoExpect:
		s.told = c.seen
		if c.errand != asExpected {
			s.unmet = fmt.Sprintf("payment %s must be %s, and is %s", w.step.Payment, wanted(&w.step), shown(c))
		}
	}
	return s, until
}

func (w *walk) awaited(now time.Time) (s stepState, until time.Time) {
	c, until := w.about, now.Add(farOff)
	if w.step.Within > 0 {
		until = w.begun.Add(w.step.Within)
	}
	s = stepState{told: scenario.Told{State: c.end}, checked: true}
	switch {
	case c.end == "" && now.Before(until):
		return stepState{waits: true}, until
	case c.end == "":
		s.unmet = fmt.Sprintf("payment %s must be final within %s, and is not", w.step.Payment, w.step.Within)
	case c.end != "PAID" && c.end != "FAILED", w.step.State != "" && c.end != w.step.State:
		s.unmet = fmt.Sprintf("payment %s must become %s, and is %s", w.step.Payment, cmp.Or(w.step.State, "final"), c.end)
	}
	return s, until
}
