package payment

import (
	"context"
	"errors"
	"time"
)

// Canceled is what a cancel request is to be answered.
type Canceled struct {
	Answer
	Payment  ID
	Seq      uint32
	Replayed bool // the answer was given before
}

// Cancel gives a PAID payment back, whole or in part.
//
//	one transaction holds the payment's row: key, bound, allocation, references ─► PG ─► points ─► coupon ─► SUCCEEDED
//	   the first means refuses ─► FAILED, nothing was given back;  a later one refuses ─► REVIEW, for a person
//	   no definite answer ─► the resolver repeats that refund, with the same reference, until there is one
//
// Errors are *Error. All but KindUnavailable say that this request left nothing behind.
func (s *Service) Cancel(ctx context.Context, merchant MerchantID, id ID, keyHash [32]byte, r *CancelRequest) (Canceled, error) {
	if err := r.Validate(); err != nil {
		return Canceled{}, err
	}
	received := s.Clock.Now() // before the statement that sets the lease is sent
	claim := NewCancellation{
		Payment: id, Merchant: merchant, KeyHash: keyHash, RequestHash: r.Hash(), Due: s.Limits.Lease, Lease: s.Limits.Lease, Actor: s.Actor,
		Allocate: func(p *Payment, before []*Cancellation) (*Cancellation, error) {
			return allocate(p, before, r, s.Limits.CancelWindow)
		},
	}
	claimed := s.Store.ClaimCancellation(ctx, []NewCancellation{claim})[0]
	var refused *Error
	switch {
	case errors.As(claimed.Err, &refused):
		return Canceled{}, refused
	case claimed.Err != nil:
		return Canceled{}, unavailable(claimed.Err, "the cancellation could not be stored; send the same request again")
	case claimed.Key != nil:
		replayed, err := replay(claimed.Key, claim.RequestHash)
		return Canceled{Answer: replayed.Answer, Payment: id, Seq: claimed.Key.Cancellation, Replayed: replayed.Replayed}, err
	case claimed.Payment == nil:
		return Canceled{}, s.nothingThere(ctx, id)
	}
	c := claimed.Cancellation
	answer, err := s.cancelNow(ctx, claimed.Payment, c, received)
	return Canceled{Answer: answer, Payment: id, Seq: c.Seq}, err
}

// cancelNow makes the calls of a cancellation that was just created and answers: 201 with its end; 202 where there is
// none by the deadline; what the other one stored where somebody else settled it.
func (s *Service) cancelNow(ctx context.Context, p *Payment, c *Cancellation, received time.Time) (Answer, error) {
	err := s.giveBack(ctx, p, c, Until{
		Start:  received.Add(s.Limits.SyncDeadline),
		SendBy: received.Add(s.Limits.Lease - s.Limits.Margin),
	}, 1)
	if err == nil && c.State.Final() {
		return c.finalAnswer(p), nil
	}
	if err != nil && !errors.Is(err, ErrMissed) {
		return Answer{}, unavailable(err, "the outcome could not be stored; send the same request again")
	}
	answer, err := s.Store.Answer(ctx, p.Merchant, c.KeyHash, c.pendingAnswer())
	if err != nil {
		return Answer{}, unavailable(err, "the answer could not be stored; send the same request again")
	}
	return answer, nil
}

// giveBack makes the refunds that are not definite yet, in their order, up to the first that is not given back, and
// commits what became of them. Two processes may do so at one time: a means books each reference once.
func (s *Service) giveBack(ctx context.Context, p *Payment, c *Cancellation, until Until, attempts int) error {
	before := c.RefundStates()
	for i := range c.Refunds {
		r := &c.Refunds[i]
		if r.State == Refunded {
			continue
		}
		if r.State != RefundPending || s.Clock.Now().After(until.Start) {
			break
		}
		if !s.refund(ctx, p, c, r, until) {
			break
		}
	}
	sum, all := c.refunded()
	switch refused := c.refused(); {
	case all:
		return s.commitCancellation(ctx, p, c, CancelSucceeded, "refunded", Work{}, c.givenBack(p, PayableMerchant))
	case refused != nil && sum == 0:
		return s.refuseCancellation(ctx, p, c, CancelFailed)
	case refused != nil:
		return s.refuseCancellation(ctx, p, c, CancelReview)
	case p.ReadAt.Sub(c.Created) > s.Limits.Window:
		c.Reason = ReasonInterrupted
		return s.commitCancellation(ctx, p, c, CancelReview, "not definite within the window", Work{}, c.givenBack(p, SuspenseReview))
	case c.RefundStates() != before:
		return s.commitCancellation(ctx, p, c, CancelProcessing, "a refund became known", Work{Due: backoff(attempts)}, nil)
	default:
		return s.Store.Postpone(ctx, s.Actor, []Later{{Work: WorkID{p.ID, c.Seq}, Wait: backoff(attempts)}})
	}
}

// refund asks a means to give its share back. A refund without a definite answer stays as it is.
func (s *Service) refund(ctx context.Context, p *Payment, c *Cancellation, r *Refund, until Until) (done bool) {
	reply := s.Gateway.Do(ctx, Call{Op: GiveBack, Payment: p, Leg: p.leg(r.Leg), Cancellation: c, Refund: r, SendBy: until.SendBy})
	switch reply.Result {
	case Done:
		r.TransactionID, r.BookedAt = reply.TransactionID, reply.BookedAt
		c.moveRefund(r, Refunded)
	case Refused:
		r.Code = reply.Code
		c.moveRefund(r, RefundRefused)
	}
	return reply.Result == Done
}

// refuseCancellation ends the forward way of a cancellation whose refund a means refused; the rest was never called.
func (s *Service) refuseCancellation(ctx context.Context, p *Payment, c *Cancellation, to CancellationState) error {
	for i := range c.Refunds {
		if c.Refunds[i].State == RefundPending {
			c.moveRefund(&c.Refunds[i], RefundAbsent)
		}
	}
	c.Reason = ReasonRefused
	return s.commitCancellation(ctx, p, c, to, "refused by "+string(c.refused().Means), Work{}, c.givenBack(p, SuspenseReview))
}

// commitCancellation moves the cancellation and stores the step. After an error c is not what the store holds: drop it.
func (s *Service) commitCancellation(ctx context.Context, p *Payment, c *Cancellation, to CancellationState, cause string, work Work, posting []Entry) error {
	if err := check(CancellationMoves, c.State, to); err != nil {
		panic(err) // the callers decide by the state they read: a programmer's mistake
	}
	change := CancellationChange{Payment: p.ID, Cancellation: c, From: c.State, FromVersion: c.Version, Cause: cause, Actor: s.Actor, Work: work, Posting: posting}
	c.State = to
	c.Version++
	if to.Final() {
		answer := c.finalAnswer(p)
		change.Answer = &answer
		now := s.Clock.Now()
		change.Callback = func(current *Payment) *Callback { return c.callback(current, now) }
	}
	return s.Store.ApplyCancellation(ctx, []CancellationChange{change})[0]
}

// Cancellations reads the cancellations of a merchant's payment.
func (s *Service) Cancellations(ctx context.Context, merchant MerchantID, id ID) (*Payment, []*Cancellation, error) {
	p, err := s.Get(ctx, merchant, id)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.Store.Cancellations(ctx, id)
	if err != nil {
		return nil, nil, unavailable(err, "the cancellations could not be read; try again")
	}
	return p, found, nil
}

// Cancellation reads one of them.
func (s *Service) Cancellation(ctx context.Context, merchant MerchantID, id ID, seq uint32) (*Payment, *Cancellation, error) {
	p, all, err := s.Cancellations(ctx, merchant, id)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range all {
		if c.Seq == seq {
			return p, c, nil
		}
	}
	return nil, nil, &Error{Kind: KindNotFound, Detail: "this payment has no cancellation with this number"}
}

func (p *Payment) leg(seq uint8) *Leg { return &p.Legs[seq-1] }
