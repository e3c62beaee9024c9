package payment_test

import (
	"bytes"
	"strings"

	"gazua.example/payment-api/payment"
)

// The oracles judge when all is settled: load and faults off, nothing on its way, nothing open. What can be judged at every
// moment the referee has judged already.

// judge looks at everything and returns the first thing that must not be, or nil.
func (o *outside) judge() error {
	for _, r := range o.db.rows {
		o.judgeEnd(r)
		o.judgeHistory(r)
		o.judgeCancellations(r)
		o.judgeJournal(r)
		o.judgeCallbacks(r)
		o.judgeGuard(r)
	}
	o.judgeBook()
	o.judgeKeys()
	if o.referee.first != nil {
		return o.referee.first
	}
	return nil
}

// judgeEnd: all or nothing. PAID means that every leg is captured, in the rows and in the book, for its amount and under
// its own id; FAILED means that nothing is live or held anywhere.
func (o *outside) judgeEnd(r *row) {
	p := &r.payment
	if !p.State.Final() || len(r.work) > 0 {
		o.referee.object("liveness", "payment %d is %s with %d pieces of open work", p.ID, p.State, len(r.work))
		return
	}
	if o.undoneAfterReview(r) {
		return
	}
	sum := int64(0)
	for i := range p.Legs {
		l := &p.Legs[i]
		b := o.means.find(p.Reference(l))
		if p.State == payment.Paid {
			sum += o.judgeTaken(r, l, b)
		} else if b.live() > 0 || !gone(l.State) {
			o.referee.object("all-or-nothing", "payment %d is FAILED, its %s is %s, and the means has %d live", p.ID, l.Means, l.State, b.live())
		}
	}
	if p.State == payment.Paid && sum != p.Price.Amount {
		o.referee.object("all-or-nothing", "payment %d is PAID with %d of %d", p.ID, sum, p.Price.Amount)
	}
}

// judgeTaken returns what a means holds for a leg of a PAID payment.
func (o *outside) judgeTaken(r *row, l *payment.Leg, b *booking) int64 {
	if l.State != payment.Captured || b.live() != 1 || b.captured() == nil {
		o.referee.object("all-or-nothing", "payment %d is PAID, its %s is %s, and the book says %+v", r.payment.ID, l.Means, l.State, b)
		return 0
	}
	t := b.captured()
	if t.amount != l.Amount || t.id != l.TransactionID && !r.decided {
		o.referee.object("all-or-nothing", "payment %d has %d as %s, the book %d as %s", r.payment.ID, l.Amount, l.TransactionID, t.amount, t.id)
	}
	return t.amount
}

// undoneAfterReview says that a person made a payment PAID, and an undo call that was on its way gave it back.
func (o *outside) undoneAfterReview(r *row) bool {
	if !r.decided || r.payment.State != payment.Paid {
		return false
	}
	for i := range r.payment.Legs {
		if b := o.means.find(r.payment.Reference(&r.payment.Legs[i])); b.live() != 1 {
			o.referee.object("review-undo", "payment %d was made PAID by a person, and its %s is live %d times", r.payment.ID, r.payment.Legs[i].Means, b.live())
			return true
		}
	}
	return false
}

// judgeHistory: versions without gaps, each event from where the one before it led.
func (o *outside) judgeHistory(r *row) {
	at, cancellations := "", map[uint32]string{}
	for i, e := range r.events {
		if int(e.Version) != i+1 {
			o.referee.object("legality", "event %d of payment %d has version %d", i+1, r.payment.ID, e.Version)
		}
		if e.Cause == "" || len(e.Cause) > 64 {
			o.referee.object("legality", "event %d of payment %d has the cause %q", i+1, r.payment.ID, e.Cause)
		}
		if e.Cancellation > 0 {
			if cancellations[e.Cancellation] != e.From {
				o.referee.object("legality", "event %d of payment %d: its cancellation was %s, not %s", i+1, r.payment.ID, cancellations[e.Cancellation], e.From)
			}
			cancellations[e.Cancellation] = e.To
			continue
		}
		if at != e.From {
			o.referee.object("legality", "event %d of payment %d: it was %s, not %s", i+1, r.payment.ID, at, e.From)
		}
		at = e.To
	}
	if at != string(r.payment.State) || int(r.payment.Version) != len(r.events) {
		o.referee.object("legality", "payment %d is %s, version %d, after %d events that end with %s", r.payment.ID, r.payment.State, r.payment.Version, len(r.events), at)
	}
}

// judgeGuard: the order is held as long as the payment is not FAILED.
func (o *outside) judgeGuard(r *row) {
	p := &r.payment
	if holds := o.db.guards[o.db.guard(p)] == p.ID; holds != (p.State != payment.Failed) {
		o.referee.object("guard", "payment %d is %s, holds its order: %t", p.ID, p.State, holds)
	}
}

// judgeBook: nothing is live of which there is no payment.
func (o *outside) judgeBook() {
	for _, b := range o.means.bookings {
		if b.live() > 0 && o.db.row(b.payment) == nil {
			o.referee.object("phantom", "%s is live and has no payment", b.original)
		}
	}
}

// judgeKeys: every key has an answer, which is true, and every payment has one key.
func (o *outside) judgeKeys() {
	creators := map[payment.ID]int{}
	for _, k := range o.db.keys {
		r := o.db.row(k.payment)
		if k.answer == nil || r == nil {
			o.referee.object("keys", "the key of %d.%d has no answer, or no payment", k.payment, k.cancellation)
			return
		}
		if k.cancellation == 0 {
			creators[k.payment]++
		}
		o.judgeAnswer(r, k)
	}
	for _, r := range o.db.rows {
		if creators[r.payment.ID] != 1 {
			o.referee.object("keys", "payment %d has %d keys", r.payment.ID, creators[r.payment.ID])
		}
	}
}

func (o *outside) judgeAnswer(r *row, k *keyRow) {
	state := string(r.payment.State)
	if k.cancellation > 0 {
		state = string(r.cancellations[k.cancellation-1].State)
	}
	body, status := string(k.answer.Body), k.answer.Status
	switch {
	case !strings.Contains(body, `"`+r.payment.ID.String()+`"`):
		o.referee.object("answers", "payment %d was answered with %s", r.payment.ID, body)
	case status == 201 && !strings.Contains(body, `"status":"`+state+`"`):
		o.referee.object("answers", "%d.%d is %s, and was answered with %s", r.payment.ID, k.cancellation, state, body)
	case status == 201 && state == "FAILED" && !strings.Contains(body, `"reason":"`):
		oracle := "answers"
		if r.decided {
			oracle = "review-reason"
		}
		o.referee.object(oracle, "%d.%d failed without a reason: %s", r.payment.ID, k.cancellation, body)
	case status == 202 && !bytes.Contains(k.answer.Body, []byte(`"status_url":"/v1/payments/`)):
		o.referee.object("answers", "%d.%d was answered with %s", r.payment.ID, k.cancellation, body)
	case status != 201 && status != 202:
		o.referee.object("answers", "%d.%d was answered with %d", r.payment.ID, k.cancellation, status)
	}
}
