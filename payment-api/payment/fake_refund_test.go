package payment_test

import (
	"strconv"
	"time"

	"gazua.example/payment-api/payment"
)

// refund is what became of one refund's reference: its first result is its result for ever.
type refund struct {
	wire
	id   string // the transaction; empty: refused
	code string
	at   time.Time
}

func (f *refund) reply() payment.Reply {
	if f.id == "" {
		return refused(f.code)
	}
	return payment.Reply{Result: payment.Done, TransactionID: f.id, BookedAt: f.at}
}

func (m *means) refund(b *booking, r *wire) payment.Reply {
	for _, f := range m.refunds {
		if f.reference == r.reference {
			if f.original != r.original || f.amount != r.amount {
				return refused("another_request")
			}
			return f.reply()
		}
	}
	f := &refund{wire: *r, at: m.now()}
	m.refunds = append(m.refunds, f)
	captured := b.captured()
	switch {
	case r.decline:
		f.code = "refund_refused"
	case captured == nil:
		f.code = "not_found"
	case r.amount > captured.amount-b.refunded:
		f.code = "exceeds"
	default:
		m.booked++
		f.id = "t-" + strconv.Itoa(m.booked)
		b.refunded += r.amount
		m.referee.refunded(b, f)
	}
	return f.reply()
}

// captured is the taking that refunds go back on, or nil.
func (b *booking) captured() *taking {
	for i := range b.takings {
		if b.takings[i].status == payment.Captured {
			return &b.takings[i]
		}
	}
	return nil
}

// live says how many holds and takings of a reference there are that were not given back.
func (b *booking) live() (n int) {
	if b == nil {
		return 0
	}
	for i := range b.takings {
		if b.takings[i].live() {
			n++
		}
	}
	return n
}

func (m *means) refundOf(reference string) *refund {
	for _, f := range m.refunds {
		if f.reference == reference {
			return f
		}
	}
	return nil
}
