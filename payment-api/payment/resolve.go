package payment

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// ResolveDue takes up open work whose time has come: payments whose outcome is unknown, that were abandoned by a process
// that died, that wait for their undo, that were deferred or that expired. It returns how many it took.
func (s *Service) ResolveDue(ctx context.Context, limit int) (int, error) {
	sendBy := s.Clock.Now().Add(s.Limits.Lease - s.Limits.Margin) // before the statement that sets the leases is sent
	tasks, err := s.Store.Take(ctx, s.Actor, limit, s.Limits.Lease)
	if err != nil {
		return 0, err
	}
	var all sync.WaitGroup // side by side: one means that hangs must not use up the leases of the rest
	for _, t := range tasks {
		all.Go(func() {
			s.report(ctx, t.Payment, "resolve", s.contained(ctx, t.Payment, func() error {
				return s.resolve(ctx, t, Until{Start: sendBy, SendBy: sendBy})
			}))
		})
	}
	all.Wait()
	return len(tasks), nil
}

// Start claims an accepted payment that a message named, and settles it. A payment that is not there is reported with
// found = false; one that somebody else has is none of our business.
func (s *Service) Start(ctx context.Context, id ID) (found bool, err error) {
	sendBy := s.Clock.Now().Add(s.Limits.Lease - s.Limits.Margin) // before the statement that sets the lease is sent
	loaded, err := s.Store.Load(ctx, []ID{id})
	if err != nil || len(loaded) == 0 {
		return false, err
	}
	p := loaded[0]
	if p.State != Accepted {
		return true, nil
	}
	err = s.contained(ctx, p, func() error { return s.start(ctx, p, "message", Until{Start: sendBy, SendBy: sendBy}) })
	s.report(ctx, p, "start", err)
	return true, err
}

// contained turns a panic into ErrMissed: the payment stays open work that everybody can see, and its message does not
// take down one worker after another.
func (s *Service) contained(ctx context.Context, p *Payment, work func() error) (err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			s.Log.ErrorContext(ctx, "panic", "payment_id", p.ID.String(), "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = ErrMissed
		}
	}()
	return work()
}

func (s *Service) start(ctx context.Context, p *Payment, cause string, until Until) error {
	if !p.ReadAt.Before(p.ExpiresAt) {
		for i := range p.Legs {
			p.moveLeg(&p.Legs[i], Absent)
		}
		p.Reason = ReasonExpired
		return s.commit(ctx, p, Failed, ReasonExpired, Work{})
	}
	if !s.Gateway.Available(p.means()...) {
		return s.Store.Postpone(ctx, s.Actor, []ID{p.ID}, s.Limits.Defer)
	}
	if err := s.commit(ctx, p, Processing, cause, s.holdOn()); err != nil {
		return err
	}
	return s.settle(ctx, p, until)
}

// resolve brings one payment further from what is committed and from what the means say. It never reserves or charges
// for a payment that it found PROCESSING: only inquiries, confirms of what is captured in full, and the undo.
func (s *Service) resolve(ctx context.Context, t Task, until Until) error {
	p := t.Payment
	switch p.State {
	case Accepted:
		return s.start(ctx, p, "deferred", until)
	case Undoing:
		return s.undo(ctx, p, t.Attempts)
	case Processing:
	default:
		return nil // final or in review: somebody ended it between our lease and our read
	}
	before, stuck := p.LegStates(), false
	for i := range p.Legs {
		stuck = s.inquire(ctx, p, &p.Legs[i]) || stuck
	}
	left := s.Limits.ResolveDeadline - p.ReadAt.Sub(p.StartedAt)
	switch {
	case p.CapturedInFull():
		return s.confirm(ctx, p, until)
	case stuck || left <= 0:
		return s.turnBack(ctx, p, t.Attempts)
	case p.LegStates() != before:
		return s.commit(ctx, p, Processing, "inquiry", Work{Due: min(backoff(t.Attempts), left)})
	default:
		return s.Store.Postpone(ctx, s.Actor, []ID{p.ID}, min(backoff(t.Attempts), left))
	}
}

// inquire asks the means what became of a leg whose call may have gone out. stuck: this leg will not go forward.
func (s *Service) inquire(ctx context.Context, p *Payment, l *Leg) (stuck bool) {
	if l.State != Pending && l.State != Unknown {
		return l.State.Gone()
	}
	reply := s.ask(ctx, Inquiry, p, l)
	if reply.Result != Done {
		return false // absent by now proves nothing: the call may be on its way
	}
	switch reply.Leg {
	case Held, Captured, Declined:
		l.note(reply)
		p.moveLeg(l, reply.Leg)
		return reply.Leg == Declined
	default:
		return true // given back or expired at the means: the undo will record it
	}
}

// turnBack commits UNDOING and begins the undo. From here on nobody goes forward; what may have gone out is UNKNOWN.
func (s *Service) turnBack(ctx context.Context, p *Payment, attempts int) error {
	for i := range p.Legs {
		if p.Legs[i].State == Pending {
			p.moveLeg(&p.Legs[i], Unknown)
		}
	}
	if err := s.commit(ctx, p, Undoing, p.blame(), s.holdOn()); err != nil {
		return err
	}
	return s.undo(ctx, p, attempts)
}

func (s *Service) report(ctx context.Context, p *Payment, verb string, err error) {
	if err != nil {
		s.Log.WarnContext(ctx, verb, "payment_id", p.ID.String(), "state", string(p.State), "error", err.Error())
		return
	}
	s.Log.DebugContext(ctx, verb, "payment_id", p.ID.String(), "state", string(p.State), "legs", p.LegStates())
}
