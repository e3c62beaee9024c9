package run

import (
	"cmp"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// paying is the purpose of a payment itself, and where its errands begin: some probes beside its first attempt or right
// after its 202, the rest and the cancellations once its end was seen.
type paying struct{}

func (paying) ask(e *Engine, shard int, o *open, p *scenario.Payment) (a client.Answer, end string) {
	if o.attempts == 1 {
		if e.closed() {
			o.planned = time.Since(e.start) // nobody planned it: it comes when its user comes
		}
		e.journal.Planned(p, e.merchants[p.Merchant].ID, o.planned)
		e.tally.Sent.Add(1)
		e.beginEarly(scenario.Replay, o, p, time.Now())
	}
	e.tally.Attempts.Add(1)
	a = e.client.Create(p, o.span())
	e.journal.Attempt(o.number, &a)
	if o.attempts == 1 && !e.closed() {
		e.tally.Lateness.Record(shard, a.Sent.Sub(e.start)-o.planned)
	}
	if !a.Again() && !p.Async {
		e.tally.SyncResponse.Record(shard, a.Done.Sub(e.start)-o.planned)
		e.recordOwn(shard, o, p, &a)
	}
	e.fault(o.attempt(), &a)
	switch {
	case a.Accepted():
		e.tally.Accepted.Add(1)
		if !a.Final() {
			e.tally.Backlog.Add(1)
			e.beginEarly(scenario.SameOrder, o, p, a.Done)
		}
		return a, a.End()
	case a.Again():
		return a, ""
	}
	e.fault(record.Left, &a)
	return a, rejected
}

// recordOwn notes what of the time to the answer was the system's own: without the delays that the scenario asked the
// means for. A timed fault changes what they really took.
func (e *Engine) recordOwn(shard int, o *open, p *scenario.Payment, a *client.Answer) {
	done := a.Done.Sub(e.start)
	if a.End() != "PAID" || e.scenario.FaultBetween(o.planned, done) {
		return
	}
	if injected, known := e.scenario.Injected(p); known {
		e.tally.Own.Record(shard, done-o.planned-injected)
	}
}

func (paying) look(e *Engine, o *open, p *scenario.Payment) (a client.Answer, end string) {
	e.tally.Looks.Add(1)
	a = e.client.Read(p, o.id, o.span())
	e.journal.Look(o.number, &a)
	return a, a.End()
}

func (paying) end(e *Engine, shard int, o *open, p *scenario.Payment, end string, a *client.Answer) {
	if o.accepted {
		e.tally.Backlog.Add(-1)
	}
	id := cmp.Or(o.id, a.ID)
	e.journal.End(o.number, id, end, a.Done)
	switch end {
	case "PAID":
		e.tally.Paid.Add(1)
	case "FAILED":
		e.tally.Failed.Add(1)
	case rejected:
		e.tally.Rejected.Add(1)
	default:
		e.tally.GaveUp.Add(1)
	}
	if end != "PAID" && end != "FAILED" {
		return // whoever does not know what became of it does not go on
	}
	e.tally.Completion.Record(shard, a.Done.Sub(e.start)-o.planned)
	if o.walk != nil {
		return // the flow says what comes after it
	}
	for i, probe := range p.Probes {
		// Where it has FAILED, the same order is free: asking for it again would be an honest second try.
		if !probe.Early && (probe.What != scenario.SameOrder || end == "PAID") {
			e.beginProbe(o, i, a.Done.Add(probe.After))
		}
	}
	if end == "PAID" {
		for i, c := range p.Cancels {
			e.begin(canceling{}, o.number, i, 1+i, id, a.Done.Add(c.After))
		}
	}
}

// beginEarly begins the payment's early probe of this kind, if it has one.
func (e *Engine) beginEarly(what scenario.ProbeKind, o *open, p *scenario.Payment, from time.Time) {
	for i, probe := range p.Probes {
		if probe.Early && probe.What == what {
			e.beginProbe(o, i, from.Add(probe.After))
		}
	}
}

func (e *Engine) beginProbe(o *open, which int, at time.Time) {
	e.begin(probing{}, o.number, which, probeSpans+which, "", at)
}
