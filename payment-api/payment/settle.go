package payment

import (
	"context"
	"slices"
	"time"
)

// Until bounds what a process does with a payment that it holds, on its own monotonic clock.
type Until struct {
	Start  time.Time // no call starts after this
	SendBy time.Time // no byte of a call that moves money goes out after this: another process may have taken over
}

// settle runs the saga. Only whoever created the payment PROCESSING, or moved it ACCEPTED → PROCESSING, may call it: it
// is the only place that reserves and charges.
//
//	coupon: reserve ─► points: reserve ─► PG: charge ─► confirm the reservations ─► PAID
//	   a no, or nothing definite ─► stop: undo what is held (UNDOING ─► FAILED), or leave it to the resolver
//
// It commits each step; an error is ErrMissed (somebody else moved the payment) or ErrUnavailable. If we die anywhere in
// here the lease runs out and the resolver takes over from what is committed.
func (s *Service) settle(ctx context.Context, p *Payment, until Until) error {
	if late := s.forward(ctx, p, until); late {
		return ErrMissed // frozen past our lease: whoever holds the payment now knows more than we do
	}
	never := func(l *Leg) bool { return l.State == Pending } // a leg that was called has left PENDING
	switch {
	case p.CapturedInFull():
		return s.confirm(ctx, p, until)
	case p.any(func(l *Leg) bool { return l.State == Unknown }) && !p.any(never):
		return s.commit(ctx, p, Processing, "outcome unknown", Work{}) // due at once, for the resolver
	case p.every(func(l *Leg) bool { return never(l) || l.State.Gone() }):
		return s.fail(ctx, p)
	}
	for i := range p.Legs {
		if never(&p.Legs[i]) {
			p.moveLeg(&p.Legs[i], Absent)
		}
	}
	if err := s.commit(ctx, p, Undoing, p.blame(), s.holdOn()); err != nil {
		return err
	}
	if s.Clock.Now().After(until.Start) {
		return s.postpone(ctx, p, 0)
	}
	return s.undo(ctx, p, until, 1)
}

// forward calls the means one after another up to the first answer that is not a success. late: the send-by deadline had
// passed, so the call did not go out and nothing may be concluded.
func (s *Service) forward(ctx context.Context, p *Payment, until Until) (late bool) {
	for i := range p.Legs {
		l := &p.Legs[i]
		if s.Clock.Now().After(until.Start) {
			return false
		}
		op, success := Reserve, Held
		if l.Means == PG {
			op, success = Charge, Captured
		}
		reply := s.Gateway.Do(ctx, Call{Op: op, Payment: p, Leg: l, SendBy: until.SendBy})
		if reply.Result == TooLate {
			return true
		}
		l.note(reply)
		switch reply.Result {
		case Done:
			p.moveLeg(l, success)
			continue
		case Refused:
			p.moveLeg(l, Declined)
		case NotProcessed:
			p.moveLeg(l, Absent)
		default:
			p.moveLeg(l, Unknown)
		}
		return false
	}
	return false
}

// confirm turns the reservations of a payment that is captured in full into money, then the payment into PAID. Confirms
// are idempotent: one without a definite answer leaves its leg HELD and is repeated by the resolver.
func (s *Service) confirm(ctx context.Context, p *Payment, until Until) error {
	refused := false
	for i := range p.Legs {
		l := &p.Legs[i]
		if l.State != Held || refused || s.Clock.Now().After(until.Start) {
			continue
		}
		reply := s.Gateway.Do(ctx, Call{Op: Confirm, Payment: p, Leg: l, SendBy: until.SendBy})
		switch reply.Result {
		case Done:
			l.note(reply)
			p.moveLeg(l, Captured)
		case Refused: // what is left of the reservation, the undo gives back
			l.note(reply)
			refused = true
		case TooLate:
			return ErrMissed
		}
	}
	switch {
	case refused:
		p.Reason = ReasonInterrupted
		if err := s.commit(ctx, p, Undoing, "confirm refused", s.holdOn()); err != nil {
			return err
		}
		return s.undo(ctx, p, until, 1)
	case p.every(func(l *Leg) bool { return l.State == Captured }):
		return s.commit(ctx, p, Paid, "captured", Work{})
	case !p.StartedAt.IsZero() && p.ReadAt.Sub(p.StartedAt) > s.Limits.Window:
		p.Reason = ReasonInterrupted
		return s.commit(ctx, p, Review, "not confirmed within the window", Work{})
	default:
		return s.commit(ctx, p, Processing, "confirm unknown", Work{Due: time.Second})
	}
}

// fail ends a payment of which nothing was taken: no leg said yes, the rest was never called. Asynchronous and nobody
// declined: it goes back and waits for its means.
func (s *Service) fail(ctx context.Context, p *Payment) error {
	declined := p.any(func(l *Leg) bool { return l.State == Declined })
	if p.Mode == Async && !declined {
		for i := range p.Legs {
			if p.Legs[i].State == Absent {
				p.moveLeg(&p.Legs[i], Pending)
			}
		}
		return s.commit(ctx, p, Accepted, "deferred", Work{Due: s.Limits.Defer, Deferred: true})
	}
	for i := range p.Legs {
		if p.Legs[i].State == Pending {
			p.moveLeg(&p.Legs[i], Absent)
		}
	}
	return s.commit(ctx, p, Failed, p.blame(), Work{})
}

// commit moves the payment and stores the step. After an error p is not what the store holds: drop it.
func (s *Service) commit(ctx context.Context, p *Payment, to State, cause string, work Work) error {
	if err := check(PaymentMoves, p.State, to); err != nil {
		panic(err) // the callers decide by the state they read: a programmer's mistake
	}
	change := Change{Payment: p, From: p.State, FromVersion: p.Version, Cause: cause, Actor: s.Actor, Work: work}
	p.State = to
	p.Version++
	if to.Final() {
		answer := p.finalAnswer()
		change.Answer, change.Callback = &answer, p.callback(s.Clock.Now())
	}
	if to == Paid {
		change.Posting = p.captured()
	}
	return s.Store.Apply(ctx, []Change{change})[0]
}

// holdOn keeps the payment ours while its undo goes on.
func (s *Service) holdOn() Work { return Work{Due: s.Limits.Lease, Lease: s.Limits.Lease} }

// blame sets and returns the reason why a payment does not go forward.
func (p *Payment) blame() string {
	p.Reason = ReasonInterrupted
	if i := slices.IndexFunc(p.Legs, func(l Leg) bool { return l.State == Declined }); i >= 0 {
		p.Reason = ReasonDeclined
	} else if p.any(func(l *Leg) bool { return l.State == Absent }) && !p.any(func(l *Leg) bool { return l.State == Unknown }) {
		p.Reason = ReasonUnavailable
	}
	return p.Reason
}

// note keeps what a reply said besides its result.
func (l *Leg) note(r Reply) {
	l.Code = r.Code
	if r.TransactionID != "" {
		l.TransactionID, l.BookedAt = r.TransactionID, r.BookedAt
	}
}
