package payment

import (
	"fmt"
	"slices"
	"time"
)

// refundOrder decides which means gives back first: the PG's no must come before anything else was given back.
var refundOrder = []Means{PG, Point, Coupon}

// taken is what the cancellations of a payment have claimed of a leg, or of all of them.
type taken struct {
	succeeded int64
	going     int64 // in flight or in REVIEW: may yet succeed or fail
}

// allocate makes the next cancellation of p, or says why there is none. It runs inside the transaction that holds p's
// row, so nobody else allocates meanwhile: what has succeeded and what is in flight never exceed what was captured, in
// total and for each leg.
func allocate(p *Payment, before []*Cancellation, r *CancelRequest, window time.Duration) (*Cancellation, error) {
	if err := cancelable(p, window); err != nil {
		return nil, err
	}
	all, byLeg := tally(before)
	left := p.Price.Amount - all.succeeded // should all that is in flight fail
	amount := left - all.going
	if r.Amount != nil {
		amount = *r.Amount
	} else if all.going > 0 {
		return nil, cancellationBusy(p, "another cancellation of this payment is in progress; what is left is not known yet")
	}
	switch {
	case left == 0:
		return nil, &Error{Kind: KindCancelExceeds, Payment: p.ID, Detail: "this payment is canceled in full"}
	case amount > left:
		return nil, &Error{
			Kind: KindCancelExceeds, Payment: p.ID,
			Detail: fmt.Sprintf("amount %d is more than what is left of the payment, %d", amount, left),
		}
	case amount > left-all.going:
		return nil, cancellationBusy(p, "a cancellation in progress has claimed part of this amount")
	}
	c := &Cancellation{
		Payment: p.ID, Seq: uint32(len(before)) + 1, Amount: amount, State: CancelProcessing, Version: 1, Note: r.Reason, Created: p.ReadAt,
	}
	rest := amount
	for _, means := range refundOrder {
		i := slices.IndexFunc(p.Legs, func(l Leg) bool { return l.Means == means })
		if i < 0 || rest == 0 {
			continue
		}
		l := &p.Legs[i]
		part := min(rest, l.Amount-byLeg[l.Seq].succeeded-byLeg[l.Seq].going)
		if means == Coupon {
			if err := mayReturnCoupon(p, rest, part, amount, left, all.going); err != nil {
				return nil, err
			}
		}
		if part > 0 {
			c.Refunds = append(c.Refunds, Refund{Leg: l.Seq, Means: means, Amount: part, State: RefundPending})
			rest -= part
		}
	}
	if rest > 0 {
		panic(fmt.Sprintf("payment %d: %d of %d has no leg to be given back by", p.ID, rest, amount)) // the bound above rules it out
	}
	return c, nil
}

// cancelable says whether p is PAID and young enough.
func cancelable(p *Payment, window time.Duration) error {
	switch {
	case p.State == Failed:
		return &Error{Kind: KindPaymentFailed, Payment: p.ID, Detail: "this payment failed; there is nothing to cancel"}
	case p.State != Paid:
		return &Error{Kind: KindNotPaid, Payment: p.ID, RetryAfter: time.Second, Detail: "this payment is not paid yet"}
	case p.ReadAt.Sub(p.ID.Time()) > window:
		return &Error{
			Kind: KindCancelTooLate, Payment: p.ID,
			Detail: fmt.Sprintf("a payment can be canceled for %s after it was created, and this one is older", days(window)),
		}
	}
	return nil
}

// mayReturnCoupon: a coupon is whole or nothing, so it goes back only with the cancellation that empties the payment,
// counting what has succeeded. Emptying it only if one in flight succeeds too is not known to be emptying yet.
func mayReturnCoupon(p *Payment, rest, part, amount, left, going int64) error {
	switch {
	case amount == left && rest == part:
		return nil
	case amount == left-going && going > 0:
		return cancellationBusy(p, "this would empty the payment only if the cancellation in progress succeeds")
	}
	return &Error{
		Kind: KindCouponWhole, Payment: p.ID,
		Detail: fmt.Sprintf("a coupon is given back only with the cancellation that empties the payment; at most %d can be canceled without it", amount-rest),
	}
}

func tally(cancellations []*Cancellation) (all taken, byLeg map[uint8]taken) {
	byLeg = map[uint8]taken{}
	for _, c := range cancellations {
		if c.State == CancelFailed {
			continue
		}
		for _, r := range c.Refunds {
			leg := byLeg[r.Leg]
			if c.State == CancelSucceeded {
				leg.succeeded += r.Amount
				all.succeeded += r.Amount
			} else {
				leg.going += r.Amount
				all.going += r.Amount
			}
			byLeg[r.Leg] = leg
		}
	}
	return all, byLeg
}

func cancellationBusy(p *Payment, detail string) error {
	return &Error{Kind: KindCancelBusy, Payment: p.ID, RetryAfter: time.Second, Detail: detail}
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}
