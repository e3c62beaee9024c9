package payment_test

import (
	"flag"
	"fmt"
	"slices"
	"time"

	"gazua.example/payment-api/payment"
)

// referee watches every commit and everything that the means book, while it happens, and keeps the first thing that must
// not be. It shares no rule with the domain: its tables are written by hand from the payment rules.
type referee struct {
	outside    *outside
	first      *violation
	references map[refundName]string // each refund's reference, as it was first seen
	healed     time.Time             // since when nothing goes wrong any more
}

// violation is a promise that was broken, and the oracle that says so.
type violation struct{ oracle, text string }

func (v *violation) Error() string { return v.oracle + ": " + v.text }

// strict lets an oracle speak that is tolerated: go test ./payment -run Simulation -strict=lease, or -strict=all.
var strict = flag.String("strict", "", "oracle of a known fault that shall fail the simulation, or all")

// tolerated are the faults that are known and not mended yet, by the oracle that would speak. Who mends one takes its line out.
var tolerated = map[string]string{
	"lease": "a stale holder's commit, or a postpone by another goroutine of the same process, takes the lease away from who holds it",
}

func (r *referee) object(oracle, format string, args ...any) {
	if r.first == nil && (tolerated[oracle] == "" || *strict == oracle || *strict == "all") {
		r.first = &violation{oracle, fmt.Sprintf(format, args...)}
	}
}

func (r *referee) tell(who, how, what, reference, effect string) {
	r.outside.tell(line{who: who, what: what, effect: reference + " " + effect, legs: how})
}

type move[S ~string] struct{ from, to S }

// legal is every move of a payment, by hand.
var legal = map[move[payment.State]]bool{
	{"ACCEPTED", "PROCESSING"}: true, {"ACCEPTED", "FAILED"}: true,
	{"PROCESSING", "PROCESSING"}: true, {"PROCESSING", "PAID"}: true, {"PROCESSING", "UNDOING"}: true,
	{"PROCESSING", "FAILED"}: true, {"PROCESSING", "ACCEPTED"}: true, {"PROCESSING", "REVIEW"}: true,
	{"UNDOING", "UNDOING"}: true, {"UNDOING", "FAILED"}: true, {"UNDOING", "REVIEW"}: true,
	{"REVIEW", "PAID"}: true, {"REVIEW", "FAILED"}: true,
}

var legalCancellation = map[move[payment.CancellationState]]bool{
	{"PROCESSING", "PROCESSING"}: true, {"PROCESSING", "SUCCEEDED"}: true, {"PROCESSING", "FAILED"}: true, {"PROCESSING", "REVIEW"}: true,
	{"REVIEW", "SUCCEEDED"}: true, {"REVIEW", "FAILED"}: true,
}

var legalRefund = map[move[payment.RefundState]]bool{{"PENDING", "REFUNDED"}: true, {"PENDING", "REFUSED"}: true, {"PENDING", "ABSENT"}: true}

// created looks at a payment that was just inserted.
func (r *referee) created(at *row) {
	p := &at.payment
	if p.State != payment.Accepted && p.State != payment.Processing || p.Version != 1 {
		r.object("legality", "payment %d is created %s with version %d", p.ID, p.State, p.Version)
	}
	for i := range p.Legs {
		if p.Legs[i].State != payment.Pending {
			r.object("legality", "payment %d is created with a leg %s", p.ID, p.Legs[i].State)
		}
	}
}

// moves looks at a payment's change before it is made.
func (r *referee) moves(at *row, c *payment.Change) {
	p, to := &at.payment, c.Payment.State
	if !legal[move[payment.State]{p.State, to}] || c.Payment.Version != p.Version+1 {
		r.object("legality", "payment %d moves from %s (version %d) to %s (version %d)", p.ID, p.State, p.Version, to, c.Payment.Version)
	}
	at.decided = at.decided || p.State == payment.Review
	if to == payment.Review {
		r.review(p.ID, maxTime(p.StartedAt, p.UndoingAt))
	}
	for i := range p.Legs {
		before, after := &p.Legs[i], &c.Payment.Legs[i]
		if !legalLeg(before.State, after.State, p.State, to) {
			r.object("legality", "payment %d moves from %s to %s, and its %s from %s to %s", p.ID, p.State, to, before.Means, before.State, after.State)
		}
		b := r.outside.means.find(p.Reference(before))
		if gone(after.State) && b.live() > 0 {
			r.object("ambiguity", "payment %d calls its %s %s while the means holds it: %+v", p.ID, before.Means, after.State, b.takings)
		}
		forward := p.State == payment.Processing || to == payment.Paid // while UNDOING a void may have been done in silence
		if after.State == payment.Captured && b.live() == 0 && forward {
			r.object("phantom", "payment %d calls its %s CAPTURED, and the means has nothing", p.ID, before.Means)
		}
	}
}

func gone(s payment.LegState) bool {
	return s == "ABSENT" || s == "DECLINED" || s == "RELEASED" || s == "VOIDED"
}

// legalLeg says what a leg may become with one move of its payment. A commit may hold several of its moves.
func legalLeg(before, after payment.LegState, from, to payment.State) bool {
	undoing := from == payment.Undoing || from == payment.Review
	switch before + " " + after {
	case "PENDING HELD", "PENDING CAPTURED", "PENDING DECLINED", "PENDING ABSENT", "PENDING UNKNOWN",
		"UNKNOWN HELD", "UNKNOWN CAPTURED", "UNKNOWN DECLINED", "UNKNOWN ABSENT", "HELD CAPTURED":
		return true
	case "ABSENT PENDING":
		return to == payment.Accepted
	case "PENDING RELEASED": // reserved, and its confirm refused
		return to == payment.Undoing
	case "HELD RELEASED", "UNKNOWN RELEASED":
		return undoing || to == payment.Undoing
	case "CAPTURED VOIDED", "HELD VOIDED", "UNKNOWN VOIDED":
		return undoing
	}
	return before == after
}

// allocated looks at a cancellation that was just inserted: what has succeeded and what is in flight must not exceed what
// was captured, in total and for each leg; and the coupon goes back only with what empties the payment.
func (r *referee) allocated(at *row, c *payment.Cancellation) {
	p := &at.payment
	if p.State != payment.Paid {
		r.object("cancellation-bound", "a cancellation of payment %d, which is %s", p.ID, p.State)
	}
	byLeg, total, succeeded, sum := map[uint8]int64{}, int64(0), int64(0), int64(0)
	for _, other := range at.cancellations {
		if other.State == payment.CancelFailed {
			continue
		}
		for i := range other.Refunds {
			byLeg[other.Refunds[i].Leg] += other.Refunds[i].Amount
			total += other.Refunds[i].Amount
		}
		if other.State == payment.CancelSucceeded {
			succeeded += other.Amount
		}
	}
	for i := range p.Legs {
		if l := &p.Legs[i]; byLeg[l.Seq] > l.Amount {
			r.object("cancellation-bound", "cancellations of payment %d claim %d of its %s of %d", p.ID, byLeg[l.Seq], l.Means, l.Amount)
		}
	}
	if total > p.Price.Amount {
		r.object("cancellation-bound", "cancellations of payment %d claim %d of %d", p.ID, total, p.Price.Amount)
	}
	for i := range c.Refunds {
		sum += c.Refunds[i].Amount
		if c.Refunds[i].Means == payment.Coupon && succeeded+c.Amount != p.Price.Amount {
			r.object("cancellation-bound", "cancellation %d of payment %d returns the coupon and leaves %d", c.Seq, p.ID, p.Price.Amount-succeeded-c.Amount)
		}
	}
	if sum != c.Amount || c.State != payment.CancelProcessing || c.Version != 1 || int(c.Seq) != len(at.cancellations) {
		r.object("legality", "cancellation %d of payment %d is created %s, version %d, with refunds of %d for %d", c.Seq, p.ID, c.State, c.Version, sum, c.Amount)
	}
}

// movesCancellation looks at a cancellation's change before it is made.
func (r *referee) movesCancellation(at *row, before *payment.Cancellation, c *payment.CancellationChange) {
	after := c.Cancellation
	if !legalCancellation[move[payment.CancellationState]{before.State, after.State}] || after.Version != before.Version+1 {
		r.object("legality", "cancellation %d of payment %d moves from %s (version %d) to %s (version %d)",
			before.Seq, c.Payment, before.State, before.Version, after.State, after.Version)
	}
	for i := range before.Refunds {
		from, to := before.Refunds[i].State, after.Refunds[i].State
		if from != to && !legalRefund[move[payment.RefundState]{from, to}] {
			r.object("legality", "cancellation %d of payment %d: a refund moves from %s to %s", before.Seq, c.Payment, from, to)
		}
	}
	if before.State == payment.CancelReview {
		at.decided = true
	}
	if refused := slices.ContainsFunc(after.Refunds, func(f payment.Refund) bool { return f.State == payment.RefundRefused }); after.State == payment.CancelReview && !refused {
		r.review(c.Payment, before.Created)
	}
}

// review looks at what gives up: nothing has to that had time enough left when all healed.
func (r *referee) review(id payment.ID, since time.Time) {
	enough := r.outside.limits.LateBound + 30*time.Second
	if left := since.Add(r.outside.limits.Window).Sub(r.healed); !r.healed.IsZero() && left > enough {
		r.object("liveness", "payment %d goes to REVIEW, and had %s of its window left when all healed", id, left)
	}
}
