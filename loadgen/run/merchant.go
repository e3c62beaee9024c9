package run

import (
	"math/rand/v2"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
)

// How a merchant behaves. On no answer, 5xx, 429, 503 and 409 request-in-progress: the same key and body again. On 202:
// look at it until it is final. On any other 4xx: that was the answer. Past the deadline: give up.

// step sends the payment's next request and says what comes after it.
func (e *Engine) step(shard int, o *open) {
	payment := e.scenario.Payment(e.run, o.number)
	if o.id != "" {
		o.looks++
		e.tally.Looks.Add(1)
		answer := e.client.Read(&payment, o.id, o.attempts+o.looks)
		e.journal.Look(o.number, &answer)
		e.looked(shard, o, &answer)
		return
	}
	o.attempts++
	if o.attempts == 1 {
		e.journal.Planned(&payment, e.merchants[payment.Merchant].ID, o.planned)
		e.tally.Sent.Add(1)
	}
	e.tally.Attempts.Add(1)
	answer := e.client.Create(&payment, o.attempts)
	e.journal.Attempt(o.number, &answer)
	if o.attempts == 1 {
		e.tally.Lateness.Record(shard, answer.Sent.Sub(e.start)-o.planned)
	}
	if !answer.Again() && !payment.Async {
		e.tally.SyncResponse.Record(shard, answer.Done.Sub(e.start)-o.planned)
	}
	e.asked(shard, o, &answer)
}

// asked judges the answer to a create.
func (e *Engine) asked(shard int, o *open, a *client.Answer) {
	e.tally.Response.Record(shard, a.Done.Sub(a.Sent))
	try := record.First
	if o.attempts > 1 {
		try = record.Repeat
	}
	e.fault(try, a)
	switch {
	case a.Accepted():
		e.tally.Accepted.Add(1)
		if a.Final() {
			e.end(shard, o, a.ID, a.State, a)
			return
		}
		o.id = a.ID
		e.tally.Backlog.Add(1)
		e.again(o, a.Done.Add(e.pollAfter(o)), a)
	case a.Again():
		e.again(o, a.Done.Add(max(e.backoffAfter(o), a.RetryAfter)), a)
	default:
		e.fault(record.Left, a)
		e.end(shard, o, "", "rejected", a)
	}
}

// looked judges the answer to a look. Whatever it is, short of a final state, means to look again: the API has promised
// this payment, and a 404 for it is for the verifier to judge.
func (e *Engine) looked(shard int, o *open, a *client.Answer) {
	e.tally.Response.Record(shard, a.Done.Sub(a.Sent))
	e.fault(record.Look, a)
	if a.Final() {
		e.tally.Backlog.Add(-1)
		e.end(shard, o, o.id, a.State, a)
		return
	}
	e.again(o, a.Done.Add(max(e.pollAfter(o), a.RetryAfter)), a)
}

// again puts the payment into the heap, or gives it up when the next request would come after the merchant's deadline.
func (e *Engine) again(o *open, due time.Time, a *client.Answer) {
	if due.Sub(e.start)-o.planned <= e.scenario.Client.Deadline {
		e.schedule(o, due)
		return
	}
	if o.id != "" {
		e.tally.Backlog.Add(-1)
		e.tally.Fault(record.Left, e.phase(a.Done), "not final", "accepted, and not final by the deadline", a.Done)
	} else {
		e.fault(record.Left, a)
	}
	e.end(0, o, o.id, "gave-up", a)
}

func (e *Engine) end(shard int, o *open, id, end string, a *client.Answer) {
	e.journal.End(o.number, id, end, a.Done)
	switch end {
	case "PAID":
		e.tally.Paid.Add(1)
	case "FAILED":
		e.tally.Failed.Add(1)
	case "rejected":
		e.tally.Rejected.Add(1)
	default:
		e.tally.GaveUp.Add(1)
	}
	if end == "PAID" || end == "FAILED" {
		e.tally.Completion.Record(shard, a.Done.Sub(e.start)-o.planned)
	}
	if e.open.Add(-1) == 0 {
		e.poke()
	}
}

func (e *Engine) fault(try record.Try, a *client.Answer) {
	if class, code := a.Fault(); class != "" {
		e.tally.Fault(try, e.phase(a.Sent), class, code, a.Done)
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
	source.Seed(e.scenario.Seed^uint64(o.number)<<20, uint64(o.attempts)<<32|uint64(o.looks))
	drawn := float64(source.Uint64()>>11) / (1 << 53)
	return time.Duration(float64(wait) * (least + (1-least)*drawn))
}
