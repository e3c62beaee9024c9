package payment_test

import (
	"context"
	"slices"

	"gazua.example/payment-api/payment"
)

// person settles one REVIEW, after a look at the means. Who wants a payment FAILED has what is live given back there first;
// a cancellation has SUCCEEDED when all of it was given back. One person works at a time.
func (s *simulation) person(name string, hopeful bool) *actor {
	waits := func() bool {
		return len(s.db.open(true)) > 0 && !slices.ContainsFunc(s.actors, func(a *actor) bool { return a.isPerson && a.begun && !a.ended })
	}
	a := s.actor(name, worker1, waits, func(a *actor) {
		id := s.db.open(true)[0].id
		v := payment.Verdict{Work: id, Note: "somebody looked", Success: hopeful}
		r := s.db.row(id.Payment)
		if id.Cancellation > 0 {
			c := r.cancellations[id.Cancellation-1]
			v.Success, v.ByHand = s.refundedInFull(c) || s.givenBackUnknown(c), true
		} else if !hopeful {
			for i := range r.payment.Legs {
				s.means.giveBackByHand(r.payment.Reference(&r.payment.Legs[i]))
			}
		}
		err := a.service.SettleReview(context.Background(), v)
		a.tell(line{what: "settles", payment: id.Payment, cancellation: id.Cancellation, effect: said(err)})
	})
	a.isPerson = true
	return a
}

// givenBackUnknown says that a means gave back what we do not know of: then the rest is to be given back too.
func (s *simulation) givenBackUnknown(c *payment.Cancellation) bool {
	return slices.ContainsFunc(c.Refunds, func(r payment.Refund) bool {
		booked := s.means.refundOf(c.Reference(&r))
		return r.State == payment.RefundPending && booked != nil && booked.id != ""
	})
}

func (s *simulation) refundedInFull(c *payment.Cancellation) bool {
	for i := range c.Refunds {
		if f := s.means.refundOf(c.Reference(&c.Refunds[i])); f == nil || f.id == "" {
			return false
		}
	}
	return true
}

func (m *means) giveBackByHand(reference string) {
	b := m.find(reference)
	if b == nil {
		return
	}
	for i := range b.takings {
		switch t := &b.takings[i]; t.status {
		case payment.Held:
			t.status = payment.Released
		case payment.Captured:
			t.status = payment.Voided
		}
	}
}
