package payment

import (
	"context"
	"time"
)

// undo gives back what a payment that is UNDOING holds, in reverse order, and ends it when nothing is left. Every call in
// here is idempotent by our reference: it is repeated, by whoever holds the payment, until its answer is definite. It obeys
// the send-by deadline all the same: a process that was frozen must not give back what a person has made PAID meanwhile.
func (s *Service) undo(ctx context.Context, p *Payment, until Until, attempts int) error {
	before := p.LegStates()
	for i := len(p.Legs) - 1; i >= 0; i-- {
		s.undoLeg(ctx, p, &p.Legs[i], until)
	}
	switch {
	case p.every(func(l *Leg) bool { return l.State.Gone() }):
		return s.commit(ctx, p, Failed, "undone", Work{})
	case !p.UndoingAt.IsZero() && p.ReadAt.Sub(p.UndoingAt) > s.Limits.Window:
		return s.commit(ctx, p, Review, "not undone within the window", Work{})
	case p.LegStates() != before:
		return s.commit(ctx, p, Undoing, "partly undone", Work{Due: backoff(attempts)})
	default:
		return s.postpone(ctx, p, backoff(attempts))
	}
}

// undoLeg asks the means to give one leg back. What it cannot say for certain stays as it is.
func (s *Service) undoLeg(ctx context.Context, p *Payment, l *Leg, until Until) {
	switch {
	case l.State == Unknown && l.Means == PG:
		s.cancelUnknownCharge(ctx, p, l, until)
	case l.State == Held || l.State == Unknown:
		// Points and coupons keep a tombstone: once released, a late reserve or confirm is refused.
		reply := s.takeBack(ctx, Release, p, l, until)
		if reply.Result == Done {
			p.moveLeg(l, Released)
		} else if reply.Result == Refused && reply.Code == "captured" { // a confirm without an answer had come through
			p.moveLeg(l, Captured)
			s.void(ctx, p, l, until)
		}
	case l.State == Captured:
		s.void(ctx, p, l, until)
	}
}

func (s *Service) void(ctx context.Context, p *Payment, l *Leg, until Until) {
	if s.takeBack(ctx, Void, p, l, until).Result == Done {
		p.moveLeg(l, Voided)
	}
}

// cancelUnknownCharge settles a charge that nobody knows the outcome of: inquiry → net-cancel → inquiry. Only the second
// inquiry can prove absence, since the net-cancel may have overtaken the charge: either the PG says that it will refuse
// what comes late (a tombstone), or we asked after the late-arrival bound had passed since UNDOING was committed.
func (s *Service) cancelUnknownCharge(ctx context.Context, p *Payment, l *Leg, until Until) {
	found := s.ask(ctx, Inquiry, p, l)
	if found.Result != Done || found.Leg == Captured {
		s.takeBack(ctx, NetCancel, p, l, until)
		found = s.ask(ctx, Inquiry, p, l)
	}
	beyondLate := !p.UndoingAt.IsZero() && p.ReadAt.Sub(p.UndoingAt) >= s.Limits.LateBound
	switch {
	case found.Result == Done && (found.Leg == Voided || found.Leg == Declined):
		l.note(found)
		p.moveLeg(l, found.Leg)
	case found.Result == NotFound && (found.Tombstoned || beyondLate):
		p.moveLeg(l, Absent)
	}
}

func (s *Service) ask(ctx context.Context, op Op, p *Payment, l *Leg) Reply {
	return s.Gateway.Do(ctx, Call{Op: op, Payment: p, Leg: l})
}

func (s *Service) takeBack(ctx context.Context, op Op, p *Payment, l *Leg, until Until) Reply {
	return s.Gateway.Do(ctx, Call{Op: op, Payment: p, Leg: l, SendBy: until.SendBy})
}

// backoff is how long a piece of work waits after its n-th attempt: 1 s, 2 s, 4 s, then 8 s.
func backoff(attempts int) time.Duration {
	return time.Second << min(max(attempts-1, 0), 3)
}
