package run

import (
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
)

// open is something on its way: a payment, or an errand, which is what a merchant does about a payment beside asking for
// it (a cancellation, a probe). What it asks for is not kept: scenario.Payment makes it again.
type open struct {
	purpose  purpose
	number   int           // of the payment
	which    int           // of its cancellations or probes
	spans    int           // where the numbers of its spans in the payment's trace begin
	planned  time.Duration // when its first request is due, from the start
	due      time.Time     // when the next request goes out
	accepted bool          // promised with a 2xx: from now on it is looked at
	id       string        // of the payment, once it is known
	seq      int           // of the cancellation, once it is known
	attempts int
	looks    int

	walk  *walk // the flow that it belongs to; nil outside of flows
	since int   // of a payment: its place among the pending
	place int   // in the heap of follow-ups, from 1; 0 outside. Guarded by its lock
	idle  bool  // the turn of a walk that nobody has had yet. Guarded by the same
	told  bool  // a callback came while a look was on its way. Guarded by the same
}

// purpose is what an open thing is about. It sends the request that is due, notes it in the journal and the counts, and
// says whether the answer is the end of it; when the next one goes out is the same for all of them (merchant.go).
type purpose interface {
	// ask sends the POST; end is "" while there is none.
	ask(e *Engine, shard int, o *open, p *scenario.Payment) (a client.Answer, end string)
	// look sends a GET for what was accepted.
	look(e *Engine, o *open, p *scenario.Payment) (a client.Answer, end string)
	// end notes the end, once. a is the last answer.
	end(e *Engine, shard int, o *open, p *scenario.Payment, end string, a *client.Answer)
}

// gaveUp is the end of what is not final by the merchant's deadline, rejected of what was refused for good.
const (
	gaveUp   = "gave-up"
	rejected = "rejected"
)

// span is the number of its next request in the payment's trace.
func (o *open) span() int { return o.spans + o.attempts + o.looks }

// spansEach leaves room for the requests of one open thing in the numbers of spans.
const spansEach = 1 << 12

// probeSpans is where those of the probes begin; in front of them are the payment's own and those of its cancellations.
const probeSpans = 16

// begin starts an errand at a time. It is counted as open from here on, so whoever begins it must be open itself.
func (e *Engine) begin(what purpose, number, which, spans int, id string, at time.Time) {
	e.beginFor(nil, what, number, which, spans, id, at)
}

// beginFor is begin for a flow.
func (e *Engine) beginFor(w *walk, what purpose, number, which, spans int, id string, at time.Time) {
	e.errands.Add(1)
	e.schedule(&open{purpose: what, walk: w, number: number, which: which, spans: spans * spansEach, id: id, planned: at.Sub(e.start)}, at)
}
