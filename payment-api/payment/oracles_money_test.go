package payment_test

import (
	"strings"

	"gazua.example/payment-api/payment"
)

// judgeCancellations: SUCCEEDED means that each of its refunds stands in the book, once and for its amount; FAILED means
// that none does; and the payment says how much that is.
func (o *outside) judgeCancellations(r *row) {
	canceled := int64(0)
	for _, c := range r.cancellations {
		if !c.State.Final() {
			o.referee.object("liveness", "cancellation %d of payment %d is %s", c.Seq, r.payment.ID, c.State)
			continue
		}
		if c.State == payment.CancelSucceeded {
			canceled += c.Amount
		}
		for i := range c.Refunds {
			f := &c.Refunds[i]
			booked := o.means.refundOf(c.Reference(f))
			done := booked != nil && booked.id != ""
			switch {
			case (f.State == payment.Refunded) != done && !r.decided,
				f.State == payment.Refunded && (booked.id != f.TransactionID || booked.amount != f.Amount):
				o.referee.object("cancellations", "cancellation %d of payment %d says that %s is %s, and the book has %+v", c.Seq, r.payment.ID, f.Means, f.State, booked)
			case !r.decided && done != (c.State == payment.CancelSucceeded):
				o.referee.object("cancellations", "cancellation %d of payment %d is %s, its refund by %s booked: %t", c.Seq, r.payment.ID, c.State, f.Means, done)
			}
		}
	}
	if canceled != r.payment.Canceled {
		o.referee.object("cancellations", "payment %d says that %d of it is canceled, and %d is", r.payment.ID, r.payment.Canceled, canceled)
	}
}

// judgeJournal: every posting sums to zero, the suspense is empty, and what the means owe us is what the book says, entry by
// entry: reference, amount and time of booking.
func (o *outside) judgeJournal(r *row) {
	postings, accounts := map[uint32]int64{}, map[payment.Account]int64{}
	for i := range r.journal {
		e := &r.journal[i]
		postings[e.Posting] += e.Amount
		accounts[e.Account] += e.Amount
	}
	for posting, sum := range postings {
		if sum != 0 {
			o.referee.object("ledger", "posting %d of payment %d sums to %d", posting, r.payment.ID, sum)
		}
	}
	if left := accounts[payment.SuspenseReview]; left != 0 {
		o.referee.object("ledger", "payment %d leaves %d in suspense", r.payment.ID, left)
	}
	if r.decided && accounts[payment.ByHand] != 0 || o.bookedUnseen(r) || o.undoneAfterReview(r) {
		return // a person settled it outside of the means, or could not know
	}
	p := &r.payment
	for i := range p.Legs {
		o.judgeLegJournal(r, &p.Legs[i])
	}
	owed := int64(0)
	if p.State == payment.Paid {
		owed = p.Price.Amount - p.Canceled
	}
	if accounts[payment.PayableMerchant] != -owed {
		o.referee.object("ledger", "payment %d is %s with %d canceled, and the merchant is owed %d", p.ID, p.State, p.Canceled, -accounts[payment.PayableMerchant])
	}
}

// bookedUnseen says that a person ended a cancellation of which a means booked a refund that we never heard of.
func (o *outside) bookedUnseen(r *row) bool {
	for _, c := range r.cancellations {
		for i := range c.Refunds {
			f := o.means.refundOf(c.Reference(&c.Refunds[i]))
			if r.decided && c.Refunds[i].State == payment.RefundPending && f != nil && f.id != "" {
				o.referee.object("review-refund", "cancellation %d of payment %d ended %s by a person, and %s is booked and not in the journal", c.Seq, r.payment.ID, c.State, f.reference)
				return true
			}
		}
	}
	return false
}

// judgeLegJournal matches a leg's entries one to one with what a means' statement would hold.
func (o *outside) judgeLegJournal(r *row, l *payment.Leg) {
	ours := map[string]payment.Entry{}
	for _, e := range r.journal {
		if e.Account == payment.Account("receivable:"+string(l.Means)) {
			ours[e.Reference] = e
		}
	}
	reference := r.payment.Reference(l)
	b := o.means.find(reference)
	if b == nil {
		if len(ours) > 0 {
			o.referee.object("ledger", "%s has %d entries, and the means knows nothing of it", reference, len(ours))
		}
		return
	}
	if t := b.captured(); t != nil {
		if e := ours[reference]; e.Amount != t.amount || !e.BookedAt.Equal(t.at) {
			o.referee.object("ledger", "%s: the book took %d at %s, the journal has %d at %s", reference, t.amount, t.at, e.Amount, e.BookedAt)
		}
		delete(ours, reference)
	}
	for _, f := range o.means.refunds {
		if f.original != reference || f.id == "" {
			continue
		}
		if e := ours[f.reference]; e.Amount != -f.amount || !e.BookedAt.Equal(f.at) {
			o.referee.object("ledger", "%s: the book gave %d back at %s, the journal has %d at %s", f.reference, f.amount, f.at, e.Amount, e.BookedAt)
		}
		delete(ours, f.reference)
	}
	for other, e := range ours {
		o.referee.object("ledger", "the journal has %d under %s, and the book nothing", e.Amount, other)
	}
}

// judgeCallbacks: what was answered 202 ends with exactly one callback, which says how; what was answered with its end, with
// none.
func (o *outside) judgeCallbacks(r *row) {
	for i, c := range r.callbacks {
		for _, other := range r.callbacks[:i] {
			if other.version == c.version {
				o.referee.object("callback", "payment %d has two callbacks of version %d", r.payment.ID, c.version)
			}
		}
		if len(c.Body) > payment.MaxCallback || !strings.Contains(string(c.Body), `"type":"`+c.Type+`"`) {
			o.referee.object("callback", "payment %d has a callback of %d bytes: %s", r.payment.ID, len(c.Body), c.Body)
		}
	}
	kind := map[payment.State]string{payment.Paid: "payment.paid", payment.Failed: "payment.failed"}[r.payment.State]
	o.judgeCallback(r, keyID{r.payment.Merchant, r.payment.KeyHash}, 0, kind)
	for _, c := range r.cancellations {
		kind := map[payment.CancellationState]string{
			payment.CancelSucceeded: "cancellation.succeeded", payment.CancelFailed: "cancellation.failed",
		}[c.State]
		o.judgeCallback(r, keyID{r.payment.Merchant, c.KeyHash}, c.Seq, kind)
	}
}

func (o *outside) judgeCallback(r *row, key keyID, cancellation uint32, kind string) {
	got, want := 0, 0
	for _, c := range r.callbacks {
		if c.cancellation == cancellation {
			got++
			if c.Type != kind {
				o.referee.object("callback", "%d.%d ended with %s, its callback says %s", r.payment.ID, cancellation, kind, c.Type)
			}
		}
	}
	if k := o.db.keys[key]; k != nil && k.answer != nil && k.answer.Status == 202 {
		want = 1
	}
	if got != want {
		o.referee.object("callback", "%d.%d has %d callbacks, and should have %d", r.payment.ID, cancellation, got, want)
	}
}
