package run

import (
	"slices"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// canceling is the purpose of a cancellation. open.id is the payment's from the start.
type canceling struct{}

func (canceling) ask(e *Engine, _ int, o *open, p *scenario.Payment) (a client.Answer, end string) {
	if o.attempts == 1 {
		e.tally.Cancels.Begun.Add(1)
	}
	e.tally.Cancels.Attempts.Add(1)
	key, amount := p.CancelKey(o.which), p.Cancels[o.which].Amount
	a = e.client.Cancel(p, o.id, key, amount, o.span())
	e.journal.Cancel(o.number, o.which, amount, key, &a)
	wanted := wantedRefusal(p, o.which, &a)
	if o.walk != nil {
		wanted = o.walk.wantsRefusal()
	}
	if !wanted {
		e.fault(o.attempt(), &a)
	}
	if a.Accepted() || a.Again() {
		return a, a.End()
	}
	if !wanted {
		e.fault(record.Left, &a)
	}
	return a, rejected
}

// wantedRefusal says whether the scenario asks for what is refused here: two cancellations at once may get into each
// other's way and be more than there is, and a part may be of a size for which a coupon would have to be divided.
func wantedRefusal(p *scenario.Payment, which int, a *client.Answer) bool {
	switch a.Problem {
	case "cancellation-in-progress", "cancellation-exceeds":
		return len(p.Cancels) > 1
	case "coupon-not-divisible":
		return p.Cancels[which].Amount > 0 && slices.ContainsFunc(p.Legs, func(l scenario.Leg) bool { return l.Means == scenario.Coupon })
	}
	return false
}

func (canceling) look(e *Engine, o *open, p *scenario.Payment) (a client.Answer, end string) {
	e.tally.Cancels.Looks.Add(1)
	a = e.client.ReadCancel(p, o.id, o.seq, o.span())
	e.journal.CancelLook(o.number, o.which, &a)
	return a, a.End()
}

func (canceling) end(e *Engine, _ int, o *open, p *scenario.Payment, end string, a *client.Answer) {
	if end == "SUCCEEDED" && len(p.Cancels) == 1 && o.walk == nil {
		// What the payment looks like now. Of two cancellations each would look, and who saw more could not be told; a flow
		// looks when it says so.
		e.tally.Looks.Add(1)
		view := e.client.Read(p, o.id, o.span()+1)
		e.journal.Look(o.number, &view)
		e.fault(record.Look, &view)
	}
	e.journal.CancelEnd(o.number, o.which, o.id, max(o.seq, a.Seq), end, a.Done)
	switch end {
	case "SUCCEEDED":
		e.tally.Cancels.Done.Add(1)
	case "FAILED":
		e.tally.Cancels.Failed.Add(1)
	case rejected:
		e.tally.Cancels.Rejected.Add(1)
	default:
		e.tally.Cancels.GaveUp.Add(1)
	}
}
