package payment_test

import "gazua.example/payment-api/payment"

// Points and coupons: a reference has at most one reservation, ever. What was released or voided, even before it came, is
// never reserved again.

func (m *means) reserve(b *booking, r *wire) payment.Reply {
	switch {
	case len(b.takings) > 0 && b.takings[0].live():
		return payment.Reply{Code: "already_held"} // says nothing about how it ended
	case len(b.takings) > 0 || b.tombstone:
		return refused("tombstoned")
	case r.decline:
		b.declined = true
		return refused("insufficient_funds")
	}
	return m.open(b, r, payment.Held)
}

// confirm takes what is held. A no to it means that nothing is held any more: so the rules read it.
func (m *means) confirm(b *booking, r *wire) payment.Reply {
	if len(b.takings) == 0 {
		if b.tombstone {
			return refused("tombstoned")
		}
		return refused("not_found")
	}
	t := &b.takings[0]
	if r.decline && t.status == payment.Held {
		t.status = payment.Released
	}
	switch t.status {
	case payment.Voided:
		return refused("tombstoned")
	case payment.Released:
		return refused("released")
	case expired:
		return refused("expired")
	case payment.Held:
		t.status, t.at = payment.Captured, m.now()
		m.referee.booked(b)
	}
	return b.done(t)
}

func (b *booking) release() payment.Reply {
	switch {
	case len(b.takings) == 0:
		b.tombstone = true
	case b.takings[0].status == payment.Held:
		b.takings[0].status = payment.Released
	case b.takings[0].status == payment.Captured || b.takings[0].status == payment.Voided:
		return refused("captured")
	}
	return payment.Reply{Result: payment.Done}
}

func (b *booking) voidPoints() payment.Reply {
	switch {
	case len(b.takings) == 0:
		b.tombstone = true
		return refused("not_found")
	case b.takings[0].status == payment.Held:
		return refused("held")
	case b.takings[0].status != payment.Captured && b.takings[0].status != payment.Voided:
		return refused("not_found")
	case b.refunded > 0:
		return refused("refunded")
	}
	b.takings[0].status = payment.Voided
	return payment.Reply{Result: payment.Done}
}
