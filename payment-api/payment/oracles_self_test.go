package payment_test

import (
	"errors"
	"testing"

	"gazua.example/payment-api/payment"
)

// Every oracle speaks when its promise is broken, or it proves nothing: a world in which all went well is spoilt by hand.
func TestOracles_EachSpeaks(t *testing.T) {
	for _, c := range []struct {
		oracle string
		name   string
		spoil  func(w *world, r *row)
	}{
		{"at-most-once", "a card is charged again", func(w *world, r *row) { w.means.decide(again(w, r, payment.Charge)) }},
		{"at-most-once", "another payment of the order is charged", func(w *world, r *row) {
			another := again(w, r, payment.Charge)
			another.reference, another.original = "x.3", "x.3"
			w.means.decide(another)
		}},
		{"ambiguity", "a charge of what is called gone", func(w *world, r *row) {
			r.payment.Legs[2].State = payment.Absent
			w.means.bookings = nil
			w.means.decide(again(w, r, payment.Charge))
		}},
		{"phantom", "a charge without a payment", func(w *world, r *row) {
			another := again(w, r, payment.Charge)
			another.payment = 7
			w.means.decide(another)
		}},
		{"refund-once", "a refund that nobody asked for", func(w *world, r *row) {
			another := again(w, r, payment.GiveBack)
			another.reference, another.amount = "x", 1
			w.means.decide(another)
		}},
		{"refund-bound", "more is given back than was taken", func(w *world, r *row) {
			b := w.means.find(r.payment.ID.String() + ".3")
			b.refunded = 3001
			w.referee.refunded(b, w.means.refunds[0])
		}},
		{"all-or-nothing", "a PAID payment's charge is void", func(w *world, r *row) {
			w.means.find(r.payment.ID.String() + ".3").takings[0].status = payment.Voided
		}},
		{"all-or-nothing", "another amount was taken", func(w *world, r *row) {
			w.means.find(r.payment.ID.String() + ".3").takings[0].amount++
		}},
		{"all-or-nothing", "FAILED, and everything is live", func(_ *world, r *row) { r.payment.State = payment.Failed }},
		{"liveness", "it is not final", func(_ *world, r *row) { r.payment.State = payment.Processing }},
		{"liveness", "it is open work", func(_ *world, r *row) { r.work = []*work{{}} }},
		{"liveness", "a cancellation is not final", func(_ *world, r *row) { r.cancellations[0].State = payment.CancelProcessing }},
		{"legality", "a version is missing", func(_ *world, r *row) { r.payment.Version++ }},
		{"legality", "an event is missing", func(_ *world, r *row) { r.events = append(r.events[:1], r.events[2:]...) }},
		{"legality", "a history jumps", func(_ *world, r *row) { r.events[1].From = "UNDOING" }},
		{"guard", "the order of a PAID payment is free", func(w *world, _ *row) { clear(w.db.guards) }},
		{"keys", "a key has no answer", func(w *world, r *row) { w.db.keys[keyID{1, r.payment.KeyHash}].answer = nil }},
		{"keys", "a payment has two keys", func(w *world, r *row) { w.db.keys[keyID{1, [32]byte{8}}] = w.db.keys[keyID{1, r.payment.KeyHash}] }},
		{"answers", "a stored answer is not true", func(w *world, r *row) {
			w.db.keys[keyID{1, r.payment.KeyHash}].answer.Body = []byte(`{"id":"` + r.payment.ID.String() + `","status":"FAILED"}`)
		}},
		{"callback", "one is missing", func(w *world, r *row) { w.db.keys[keyID{1, r.payment.KeyHash}].answer = &pending }},
		{"callback", "one is too many", func(_ *world, r *row) { r.callbacks = append(r.callbacks, callbackRow{}) }},
		{"cancellations", "SUCCEEDED, and nothing is booked", func(w *world, _ *row) { w.means.refunds = nil }},
		{"cancellations", "the payment says another sum", func(_ *world, r *row) { r.payment.Canceled = 999 }},
		{"ledger", "an entry is missing", func(_ *world, r *row) { r.journal = r.journal[1:] }},
		{"ledger", "an entry has another time", func(_ *world, r *row) { r.journal[4].BookedAt = start.Add(1) }},
		{"ledger", "a refund is not posted", func(_ *world, r *row) { r.journal = r.journal[:6] }},
		{"ledger", "a posting comes twice", func(w *world, r *row) { r.post(w.db, r.journal[:2]) }},
	} {
		t.Run(c.oracle+": "+c.name, func(t *testing.T) {
			w, r := paid(t, threeLegs())
			if _, err := w.cancel(t, 1, r.payment.ID, 1000); err != nil {
				t.Fatal(err)
			}
			if err := w.judge(); err != nil {
				t.Fatalf("before it is spoilt: %v", err)
			}
			c.spoil(w, r)
			var v *violation
			if err := w.judge(); !errors.As(err, &v) || v.oracle != c.oracle {
				t.Errorf("the oracle that speaks: %v", err)
			}
		})
	}
}

var pending = payment.Answer{Status: 202, Body: []byte(`{"status_url":"/v1/payments/1"}`)}

// again is a call of the payment's card, as it goes over the wire.
func again(w *world, r *row, op payment.Op) *wire {
	l := &r.payment.Legs[2]
	return &wire{
		op: op, means: l.Means, reference: r.payment.Reference(l), original: r.payment.Reference(l), order: w.db.guard(&r.payment),
		payment: r.payment.ID, leg: l.Seq, amount: l.Amount, sent: w.now,
	}
}
