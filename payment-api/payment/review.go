package payment

import (
	"context"
	"fmt"
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
	if v.Work.Cancellation == 0 {
		return s.settlePayment(ctx, found[0], v)
	}
	return s.settleCancellation(ctx, found[0], v)
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
		to = Paid
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
		to := CancelFailed
		if v.Success {
			to, c.Reason = CancelSucceeded, ""
		}
		return s.commitCancellation(ctx, p, c, to, reviewCause(v), Work{})
	}
	return fmt.Errorf("payment %d has no cancellation %d", p.ID, v.Work.Cancellation)
}

// maxCause is what the event log has room for.
const maxCause = 64

func reviewCause(v Verdict) string {
	cause := "review: " + v.Note
	if v.ByHand {
		cause = "review, by hand: " + v.Note
	}
	plain := make([]byte, 0, maxCause)
	for _, c := range cause {
		if len(plain) == maxCause {
			break
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		plain = append(plain, byte(c))
	}
	return string(plain)
}
