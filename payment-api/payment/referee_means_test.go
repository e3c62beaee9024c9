package payment_test

import (
	"strconv"
	"time"

	"gazua.example/payment-api/payment"
)

// refundName says which refund a call is about, without its reference.
type refundName struct {
	payment      payment.ID
	leg          uint8
	cancellation uint32
}

// sends looks at a call right before its bytes go out: may this goroutine send it now? begun is when it began the call.
func (r *referee) sends(c payment.Call, process string, by any, begun time.Time) {
	row := r.outside.db.row(c.Payment.ID)
	if row == nil {
		r.object("rightful-sender", "%s for payment %d, which is not stored", c.Op, c.Payment.ID)
		return
	}
	switch c.Op {
	case payment.Charge, payment.Reserve:
		if row.starter != by && row.leases[by].After(r.outside.now) || row.leases[by].IsZero() {
			r.object("rightful-sender", "%s of %s by one who neither created payment %d nor claimed it", c.Op, c.Reference(), c.Payment.ID)
		}
		if p := &row.payment; p.Mode == payment.Sync && begun.After(p.StartedAt.Add(r.outside.limits.SyncDeadline)) {
			r.object("sync-deadline", "%s of %s starts %s after the payment was created", c.Op, c.Reference(), begun.Sub(p.StartedAt))
		}
		r.forward(c, row, process, by)
		if late := r.outside.now.Sub(row.payment.ExpiresAt); !row.payment.ExpiresAt.IsZero() && late > r.outside.limits.Lease {
			r.object("expiry", "%s of %s goes out %s after the payment expired", c.Op, c.Reference(), late)
		}
	case payment.Confirm:
		r.forward(c, row, process, by)
	case payment.Release, payment.Void, payment.NetCancel:
		oracle := "undo-after-commit"
		if row.decided {
			oracle = "review-undo"
		}
		if row.payment.UndoingAt.IsZero() || row.payment.State == payment.Paid {
			r.object(oracle, "%s of %s while the store says %s", c.Op, c.Reference(), row.payment.State)
		}
	case payment.GiveBack:
		r.givesBack(c, row)
	}
}

// forward: not a byte of a forward call goes out but while the payment is PROCESSING, and so early that the call ends, at
// the latest by its time-out, before the lease that its sender was given; and nobody has taken that lease away.
func (r *referee) forward(c payment.Call, row *row, process string, by any) {
	w := row.workOf(payment.WorkID{Payment: c.Payment.ID})
	ends := r.outside.now.Add(r.outside.limits.MeansTimeout)
	switch {
	case ends.After(row.leases[by]):
		r.object("send-by", "%s of %s goes out at %s, the lease of its sender ends at %s", c.Op, c.Reference(), r.outside.now.Sub(start), row.leases[by].Sub(start))
	case row.payment.State != payment.Processing && c.Op != payment.Confirm:
		r.object("forward", "%s of %s goes out while the store says %s", c.Op, c.Reference(), row.payment.State)
	case w == nil || w.owner != process || ends.After(w.lease):
		r.object("lease", "%s of %s goes out at %s by %s, which was given the lease and has it no more; the store says %s",
			c.Op, c.Reference(), r.outside.now.Sub(start), process, row.payment.State)
	}
}

func (r *referee) givesBack(c payment.Call, row *row) {
	seq := c.Cancellation.Seq
	if int(seq) > len(row.cancellations) {
		r.object("refund-once", "a refund of payment %d for a cancellation that is not stored", c.Payment.ID)
		return
	}
	for i := range c.Cancellation.Refunds {
		before := &c.Cancellation.Refunds[i]
		if before.Leg == c.Leg.Seq {
			break
		}
		// Only a person works on what is in REVIEW, and may say by hand that a means has not given back.
		if before.State == payment.RefundAbsent && row.cancellations[seq-1].State == payment.CancelReview {
			continue
		}
		if f := r.outside.means.refundOf(c.Cancellation.Reference(before)); f == nil || f.id == "" {
			r.object("refund-order", "%s is asked to give back, and %s before it has not given back", c.Leg.Means, before.Means)
		}
	}
	name := refundName{c.Payment.ID, c.Leg.Seq, seq}
	want := c.Payment.ID.String() + "." + strconv.Itoa(int(name.leg)) + "." + strconv.Itoa(int(seq))
	first, seen := r.references[name]
	if !seen {
		if r.references == nil {
			r.references = map[refundName]string{}
		}
		first = c.Reference()
		r.references[name] = first
	}
	if got := c.Reference(); got != first || got != want {
		r.object("refund-once", "the refund %s is asked for as %s, and first was as %s", want, got, first)
	}
}

// booked looks at the book after each hold and each taking of money: at most one of an order is live at each means, and
// together they are not more than the order's amount; and it must not be one that is called gone.
func (r *referee) booked(b *booking) {
	row := r.outside.db.row(b.payment)
	if row == nil {
		r.object("phantom", "%s is booked, and its payment is not stored", b.original)
		return
	}
	sum := int64(0)
	for _, other := range r.outside.means.bookings {
		if other.order != b.order {
			continue
		}
		live := other.live()
		if other.means == b.means && (other == b && live > 1 || other != b && live > 0) {
			r.object("at-most-once", "%s of order %s is taken twice: %s and %s", b.means, b.order.order, b.original, other.original)
		}
		sum += int64(live) * other.amount
	}
	if sum > row.payment.Price.Amount {
		r.object("at-most-once", "order %s costs %d, and %d is taken", b.order.order, row.payment.Price.Amount, sum)
	}
	if leg := row.payment.Legs[b.leg-1]; gone(leg.State) || row.payment.State == payment.Failed {
		r.object("ambiguity", "%s is booked, and the store says that the leg is %s and the payment %s", b.original, leg.State, row.payment.State)
	}
}

// refunded looks at the book after each refund.
func (r *referee) refunded(b *booking, f *refund) {
	captured := int64(0)
	for i := range b.takings {
		if b.takings[i].status == payment.Captured {
			captured += b.takings[i].amount
		}
	}
	if b.refunded > captured {
		r.object("refund-bound", "%d of %s was given back, and %d was taken", b.refunded, b.original, captured)
	}
	row := r.outside.db.row(f.payment)
	for _, c := range row.cancellations {
		for i := range c.Refunds {
			if c.Reference(&c.Refunds[i]) == f.reference {
				oracle := "refund-once"
				if row.decided {
					oracle = "review-refund"
				}
				if c.State == payment.CancelFailed || c.Refunds[i].State == payment.RefundAbsent || c.Refunds[i].Amount != f.amount {
					r.object(oracle, "%s gives %d back, and the store says that cancellation %d is %s, its refund of %d %s",
						f.reference, f.amount, c.Seq, c.State, c.Refunds[i].Amount, c.Refunds[i].State)
				}
				return
			}
		}
	}
	r.object("refund-once", "%s is booked, and no cancellation has such a refund", f.reference)
}
