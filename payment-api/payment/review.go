package payment

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// REVIEW is where money may stand wrong and no rule says what to do: a person looks, and says how it ended. What the
// means can still say goes before the person's word.

// Verdict is what a person says of a payment or cancellation in REVIEW.
type Verdict struct {
	Work    WorkID
	Success bool   // PAID or SUCCEEDED; else FAILED
	Note    string // who decided what, for the event log
	ByHand  bool   // the means cannot say any more, and the person has made sure
}

// SettleReview ends a REVIEW. The error says what stands against it.
func (s *Service) SettleReview(ctx context.Context, v Verdict) error {
	found, err := s.Store.Load(ctx, []ID{v.Work.Payment})
	if err != nil {
		return fmt.Errorf("read payment %d: %w", v.Work.Payment, err)
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no payment %d", v.Work.Payment)
	}
	p, settle := found[0], s.settlePayment
	if v.Work.Cancellation != 0 {
		settle = s.settleCancellation
	}
	if err := s.quiet(ctx, p, v.Work); err != nil {
		return err
	}
	return settle(ctx, p, v)
}

// quiet says whether no call about this work can be on its way any more: those of whoever sent it to REVIEW, or was frozen
// over it, have gone out by the end of a lease and arrived by the late bound. Until then nobody can say how it stands.
func (s *Service) quiet(ctx context.Context, p *Payment, w WorkID) error {
	events, err := s.Store.Events(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read the history of payment %d: %w", p.ID, err)
	}
	for _, e := range slices.Backward(events) {
		if e.Cancellation != w.Cancellation || e.To != string(Review) {
			continue
		}
		if left := s.Limits.Lease + s.Limits.LateBound - p.ReadAt.Sub(e.At); left > 0 {
			return fmt.Errorf("it has just gone to REVIEW, and calls may still be on their way: look again in %s", left.Round(time.Second))
		}
		return nil
	}
	return nil // it never was in REVIEW: its state says so
}

func (s *Service) settlePayment(ctx context.Context, p *Payment, v Verdict) error {
	if p.State != Review {
		return fmt.Errorf("payment %d is %s, not in REVIEW", p.ID, p.State)
	}
	for i := range p.Legs {
		if err := s.settleLeg(ctx, p, &p.Legs[i], v); err != nil {
			return err
		}
	}
	to := Failed
	if v.Success {
		to, p.Reason = Paid, ""
	}
	return s.commit(ctx, p, to, reviewCause(v), Work{})
}

// settleLeg asks the means once more and moves the leg to where the verdict wants it, if nothing stands against that.
func (s *Service) settleLeg(ctx context.Context, p *Payment, l *Leg, v Verdict) error {
	if l.State.Gone() {
		if v.Success {
			return fmt.Errorf("payment %d cannot be PAID: its %s is %s", p.ID, l.Means, l.State)
		}
		return nil
	}
	reply := s.ask(ctx, Inquiry, p, l)
	live := reply.Result == Done && (reply.Leg == Captured || reply.Leg == Held)
	switch {
	case live && !v.Success:
		return fmt.Errorf("%s says that %s is still %s with %d %s: have it given back there first", l.Means, p.Reference(l), reply.Leg, l.Amount, p.Price.Currency)
	case v.Success && reply.Result == Done && reply.Leg == Held:
		return fmt.Errorf("%s says that %s is only held: have it confirmed there first", l.Means, p.Reference(l))
	case v.Success && (reply.Result == Done && !live || reply.Result == NotFound):
		return fmt.Errorf("%s says that it holds nothing under %s: the payment cannot be PAID", l.Means, p.Reference(l))
	case reply.Result != Done && reply.Result != NotFound && !v.ByHand:
		return fmt.Errorf("%s does not say what became of %s (%s): make sure there, then say so with --by-hand", l.Means, p.Reference(l), reply.Code)
	}
	if reply.Result == Done {
		l.note(reply)
	}
	if v.Success {
		if l.State != Captured {
			p.moveLeg(l, Captured)
		}
		return nil
	}
	switch {
	case l.State == Held:
		p.moveLeg(l, Released)
	case l.State == Captured || reply.Result == Done && reply.Leg == Voided:
		p.moveLeg(l, Voided)
	case reply.Result == Done:
		p.moveLeg(l, reply.Leg) // declined or released
	default:
		p.moveLeg(l, Absent)
	}
	return nil
}

func (s *Service) settleCancellation(ctx context.Context, p *Payment, v Verdict) error {
	all, err := s.Store.Cancellations(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read the cancellations of payment %d: %w", p.ID, err)
	}
	for _, c := range all {
		if c.Seq != v.Work.Cancellation {
			continue
		}
		if c.State != CancelReview {
			return fmt.Errorf("cancellation %d of payment %d is %s, not in REVIEW", c.Seq, p.ID, c.State)
		}
		before := slices.Clone(c.Refunds)
		if err := s.settleRefunds(ctx, p, c, v); err != nil {
			return err
		}
		to := CancelFailed
		if v.Success {
			to, c.Reason = CancelSucceeded, ""
		}
		return s.commitCancellation(ctx, p, c, to, reviewCause(v), Work{}, c.decided(p, before, v.Success, s.Clock.Now()))
	}
	return fmt.Errorf("payment %d has no cancellation %d", p.ID, v.Work.Cancellation)
}

// settleRefunds makes every refund definite. Where the cancellation shall have succeeded, the means are asked for it once
// more; where it shall have failed nobody may ask, since asking is giving back.
func (s *Service) settleRefunds(ctx context.Context, p *Payment, c *Cancellation, v Verdict) error {
	now := s.Clock.Now()
	until := Until{SendBy: now.Add(s.Limits.Lease - s.Limits.Margin)}
	for i := range c.Refunds {
		r := &c.Refunds[i]
		if r.State != RefundPending {
			continue
		}
		if v.Success {
			s.refund(ctx, p, c, r, until)
		}
		if r.State != RefundPending {
			continue
		}
		if !v.ByHand {
			return fmt.Errorf("nobody knows whether %s gave %d back under %s: make sure there, then say so with --by-hand", r.Means, r.Amount, c.Reference(r))
		}
		c.moveRefund(r, RefundAbsent)
	}
	return nil
}

// maxCause is what the event log has room for.
const maxCause = 64

func reviewCause(v Verdict) string {
	cause := "review: " + v.Note
	if v.ByHand {
		cause = "review, by hand: " + v.Note
	}
	return Fit(cause, maxCause)
}
