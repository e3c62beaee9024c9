package run

import (
	"cmp"
	"math/rand/v2"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// How a merchant behaves, whatever it asks for. On no answer, 5xx, 429, 503 and a 409 that time resolves: the same key and
// body again. On 202: look at it until it is final. On any other 4xx: that was the answer. Past the deadline: give up.

// step sends the next request and says what comes after it.
func (e *Engine) step(shard int, o *open) {
	if o.purpose == nil {
		e.advance(o.walk)
		return
	}
	e.inFlight.Add(1)
	defer e.inFlight.Add(-1)
	payment := e.payment(o)
	var a client.Answer
	var end string
	if o.accepted {
		o.looks++
		// Whatever the answer is, short of a final state, it means to look again: the API has promised this, and a 404 for
		// it is for the verifier to judge.
		a, end = o.purpose.look(e, o, &payment)
		e.fault(record.Look, &a)
	} else {
		o.attempts++
		a, end = o.purpose.ask(e, shard, o, &payment)
		if end == "" && a.Accepted() {
			o.accepted, o.id, o.seq = true, cmp.Or(o.id, a.ID), a.Seq
			e.later.expect(o)
			if o.walk != nil {
				o.walk.accepted(e, o)
			}
		}
	}
	e.tally.Response.Record(shard, a.Done.Sub(a.Sent))
	if end == "" && !e.again(o, &a) {
		end = gaveUp
		if o.accepted {
			e.tally.FaultOf(&a, record.Left, e.phase(a.Done), "not final", "accepted, and not final by the deadline", a.Done)
		} else {
			e.fault(record.Left, &a)
		}
	}
	if end != "" {
		e.finish(shard, o, &payment, end, &a)
	}
}

// again schedules the next request, unless it would come after the merchant's deadline.
func (e *Engine) again(o *open, a *client.Answer) bool {
	var wait time.Duration
	if o.accepted {
		wait = e.pollAfter(o)
	} else {
		wait = e.backoffAfter(o)
	}
	due := a.Done.Add(max(wait, a.RetryAfter))
	if due.Sub(e.start)-o.planned > e.scenario.Client.Deadline {
		return false
	}
	e.schedule(o, due)
	return true
}

// payment is what the open thing is about, made again.
func (e *Engine) payment(o *open) scenario.Payment {
	if o.walk != nil {
		return o.walk.payment(e, o.number)
	}
	return e.scenario.Payment(e.run, o.number)
}

func (e *Engine) finish(shard int, o *open, p *scenario.Payment, end string, a *client.Answer) {
	e.later.forget(o)
	o.purpose.end(e, shard, o, p, end, a)
	if o.walk != nil {
		o.walk.ended(e, o, end, a)
	}
	// What its end has begun is counted already, so nobody finds both counts at zero too early.
	count := &e.errands
	if _, paying := o.purpose.(paying); paying {
		count = &e.open
		e.pending.end(o.since)
		if o.walk == nil {
			e.userReturns(o.number, a.Done)
		}
	}
	if count.Add(-1) == 0 {
		e.poke()
	}
}

// attempt says whether it was the first.
func (o *open) attempt() record.Try {
	if o.attempts > 1 {
		return record.Repeat
	}
	return record.First
}

func (e *Engine) fault(try record.Try, a *client.Answer) {
	if class, code := a.Fault(); class != "" {
		e.tally.FaultOf(a, try, e.phase(a.Sent), class, code, a.Done)
	}
}

// phase names the stage that ran at that time.
func (e *Engine) phase(at time.Time) string {
	since := at.Sub(e.start)
	if since > e.plan.Duration() {
		return "settle"
	}
	return e.plan.Stages()[e.plan.StageAt(since)].Name
}

// backoffAfter doubles with each attempt; the upper half is jitter, so that merchants that failed together do not come
// back together.
func (e *Engine) backoffAfter(o *open) time.Duration {
	c := e.scenario.Client
	wait := c.BackoffMin << min(o.attempts-1, 20)
	return e.jitter(o, min(wait, c.BackoffMax), 0.5)
}

// pollAfter grows by half with each look: payments that settle fast are seen fast, slow ones cost few requests.
func (e *Engine) pollAfter(o *open) time.Duration {
	wait := float64(e.scenario.Client.PollMin)
	for range min(o.looks, 20) {
		wait *= 1.5
	}
	return e.jitter(o, min(time.Duration(wait), e.scenario.Client.PollMax), 0.9)
}

// jitter draws from [least, 1) of the wait, from the run's seed like everything else.
func (e *Engine) jitter(o *open, wait time.Duration, least float64) time.Duration {
	var source rand.PCG
	source.Seed(e.scenario.Seed^uint64(o.number)<<20, uint64(o.spans+o.attempts)<<32|uint64(o.looks))
	drawn := float64(source.Uint64()>>11) / (1 << 53)
	return time.Duration(float64(wait) * (least + (1-least)*drawn))
}
