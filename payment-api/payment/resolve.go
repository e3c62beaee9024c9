package payment

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Due is a piece of open work that is ours for a while.
type Due struct {
	task  Task
	until Until
}

// Payment is whose work it is.
func (d Due) Payment() ID {
	if d.task.Payment == nil {
		return 0
	}
	return d.task.Payment.ID
}

// Cancellation is the payment's cancellation that it is about; 0: the payment itself.
func (d Due) Cancellation() uint32 {
	if d.task.Cancellation == nil {
		return 0
	}
	return d.task.Cancellation.Seq
}

// TakeDue leases open work whose time has come: payments whose outcome is unknown, that were abandoned by a process that
// died, that wait for their undo, that were deferred, lost or expired; and cancellations that are not definite. Each is to
// be handed to Resolve at once: its lease runs.
func (s *Service) TakeDue(ctx context.Context, limit int) ([]Due, error) {
	sendBy := s.Clock.Now().Add(s.Limits.Lease - s.Limits.Margin) // before the statement that sets the leases is sent
	tasks, err := s.Store.Take(ctx, s.Actor, limit, s.Limits.Lease)
	if err != nil {
		return nil, err
	}
	due := make([]Due, len(tasks))
	for i, t := range tasks {
		due[i] = Due{task: t, until: Until{Start: sendBy, SendBy: sendBy}}
	}
	return due, nil
}

// errFrozen: so much time passed since the lease was asked for that it may have ended. Nothing was done.
var errFrozen = errors.New("the lease may have ended before the work began")

// Resolve brings one piece of open work further. Work that was handed over too late is left to whoever takes it next.
func (s *Service) Resolve(ctx context.Context, d Due) {
	p, verb, work := d.task.Payment, "resolve", func() error { return s.resolve(ctx, d.task, d.until) }
	if c := d.task.Cancellation; c != nil {
		verb, work = "resolve cancellation", func() error { return s.giveBackAgain(ctx, d.task, d.until) }
	}
	if s.Clock.Now().After(d.until.SendBy) {
		work = func() error { return errFrozen }
	}
	s.report(ctx, p, verb, s.contained(ctx, p, work))
}

// giveBackAgain repeats the refunds of a cancellation that are not definite.
func (s *Service) giveBackAgain(ctx context.Context, t Task, until Until) error {
	if t.Cancellation.State != CancelProcessing {
		return nil // somebody ended it between our lease and our read
	}
	return s.giveBack(ctx, t.Payment, t.Cancellation, until, t.Attempts)
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
	err = s.contained(ctx, p, func() error { return s.start(ctx, p, CauseMessage, Until{Start: sendBy, SendBy: sendBy}) })
	s.report(ctx, p, "start", err)
	return true, err
}

// contained turns a panic into ErrMissed: the payment stays open work that everybody can see, and its message does not
// take down one worker after another.
func (s *Service) contained(ctx context.Context, p *Payment, work func() error) (err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			s.Log.ErrorContext(ctx, "panic", "where", "payment", "payment_id", p.ID.String(), "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = ErrMissed
		}
	}()
	return work()
}

// takeUp starts an accepted payment without a message: one that was deferred, or whose message is lost. A mere backlog is
// left alone until the payment expires.
func (s *Service) takeUp(ctx context.Context, t Task, until Until) error {
	p := t.Payment
	left := p.ExpiresAt.Sub(p.ReadAt)
	if t.Deferred || left <= 0 {
		return s.start(ctx, p, CauseDeferred, until)
	}
	lost, err := s.Delivery.Lost(ctx, p.ID)
	if lost {
		return s.start(ctx, p, CauseRescued, until)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "look for a message", "payment_id", p.ID.String(), "error", err.Error())
	}
	return s.postpone(ctx, p, min(s.Limits.RescueAfter, left))
}

// Why an accepted payment was started, in its event. Rescues with a healthy broker mean a lost message.
const (
	CauseMessage  = "message"
	CauseDeferred = "deferred"
	CauseRescued  = "rescued"
)

func (s *Service) start(ctx context.Context, p *Payment, cause string, until Until) error {
	if !p.ReadAt.Before(p.ExpiresAt) {
		for i := range p.Legs {
			p.moveLeg(&p.Legs[i], Absent)
		}
		p.Reason = ReasonExpired
		return s.commit(ctx, p, Failed, ReasonExpired, Work{})
	}
	if s.Clock.Now().After(until.SendBy) {
		return errFrozen // what was read is old, and whoever claims now could send nothing
	}
	if !s.Gateway.Reachable(p.Legs...) {
		return s.Store.Postpone(ctx, s.Actor, []Later{{Work: WorkID{Payment: p.ID}, Wait: s.Limits.Defer, Deferred: true}})
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
		return s.takeUp(ctx, t, until)
	case Undoing:
		return s.undo(ctx, p, until, t.Attempts)
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
		return s.turnBack(ctx, p, until, t.Attempts)
	case p.LegStates() != before:
		return s.commit(ctx, p, Processing, "inquiry", Work{Due: min(backoff(t.Attempts), left)})
	default:
		return s.postpone(ctx, p, min(backoff(t.Attempts), left))
	}
}

func (s *Service) postpone(ctx context.Context, p *Payment, wait time.Duration) error {
	return s.Store.Postpone(ctx, s.Actor, []Later{{Work: WorkID{Payment: p.ID}, Wait: wait}})
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
func (s *Service) turnBack(ctx context.Context, p *Payment, until Until, attempts int) error {
	for i := range p.Legs {
		if p.Legs[i].State == Pending {
			p.moveLeg(&p.Legs[i], Unknown)
		}
	}
	if err := s.commit(ctx, p, Undoing, p.blame(), s.holdOn()); err != nil {
		return err
	}
	return s.undo(ctx, p, until, attempts)
}

func (s *Service) report(ctx context.Context, p *Payment, verb string, err error) {
	if err != nil {
		s.Log.WarnContext(ctx, verb, "payment_id", p.ID.String(), "state", string(p.State), "error", err.Error())
		return
	}
	s.Log.DebugContext(ctx, verb, "payment_id", p.ID.String(), "state", string(p.State), "legs", p.LegStates())
}
