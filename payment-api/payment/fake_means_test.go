package payment_test

import (
	"strconv"
	"time"

	"gazua.example/payment-api/payment"
)

// means is the three payment means in memory, with the state machines of the mock PG, written again from its
// documentation. It books what it is asked to, duplicates too: that must be seen.
type means struct {
	now      func() time.Time
	bound    bool // the PG leaves no tombstones, and promises that nothing arrives later than the late bound
	limits   payment.Limits
	bookings []*booking
	refunds  []*refund
	flying   []flight
	booked   int // transactions so far
	referee  *referee
}

// wire is what goes over the wire.
type wire struct {
	op                  payment.Op
	means               payment.Means
	reference, original string // original: of a refund
	order               orderID
	payment             payment.ID
	leg                 uint8
	amount              int64
	decline             bool // the means wants to say no
	sent                time.Time
}

// flight is a request that is still on its way, after its sender gave up waiting.
type flight struct {
	request wire
	arrives time.Time
}

// booking is what a means knows of one reference.
type booking struct {
	wire                // that opened it, or asked first
	takings             []taking
	declined, tombstone bool
	refunded            int64
}

// taking is one hold or one taking of money.
type taking struct {
	id        string
	status    payment.LegState
	amount    int64
	at, until time.Time
}

func (t *taking) live() bool { return t.status == payment.Held || t.status == payment.Captured }

func requestOf(c payment.Call, now time.Time) wire {
	r := wire{
		op: c.Op, means: c.Leg.Means, reference: c.Reference(), original: c.Payment.Reference(c.Leg), order: orderID{c.Payment.Merchant, c.Payment.Order},
		payment: c.Payment.ID, leg: c.Leg.Seq, amount: c.Leg.Amount, sent: now,
	}
	if c.Op == payment.GiveBack {
		r.amount = c.Refund.Amount
	}
	return r
}

func (m *means) booking(r *wire) *booking {
	for _, b := range m.bookings {
		if b.original == r.original {
			return b
		}
	}
	b := &booking{wire: *r}
	m.bookings = append(m.bookings, b)
	return b
}

// find is what is known of a reference, or nil.
func (m *means) find(reference string) *booking {
	for _, b := range m.bookings {
		if b.original == reference {
			return b
		}
	}
	return nil
}

// arrive decides what was on its way and is here by now.
func (m *means) arrive() {
	for i := 0; i < len(m.flying); i++ {
		if f := m.flying[i]; !f.arrives.After(m.now()) {
			m.flying = append(m.flying[:i], m.flying[i+1:]...)
			m.referee.tell("a means", "late", string(f.request.op), f.request.reference, "arrives")
			m.decide(&f.request)
			i--
		}
	}
}

// decide is what the means does with a request, and what the gateway makes of its answer.
func (m *means) decide(r *wire) payment.Reply {
	b := m.booking(r)
	for i := range b.takings {
		if t := &b.takings[i]; t.status == payment.Held && !m.now().Before(t.until) {
			t.status = expired
		}
	}
	switch r.op {
	case payment.Inquiry:
		return b.inquiry()
	case payment.GiveBack:
		return m.refund(b, r)
	case payment.Charge:
		return m.charge(b, r)
	case payment.Reserve:
		return m.reserve(b, r)
	}
	switch {
	case r.op == payment.Confirm:
		return m.confirm(b, r)
	case r.decline:
		return refused("declined")
	case r.op == payment.Release:
		return b.release()
	case r.means == payment.PG:
		return m.voidCard(b, r)
	default:
		return b.voidPoints()
	}
}

// expired is a hold whose time ran out: outside it is RELEASED.
const expired payment.LegState = "EXPIRED"

func refused(code string) payment.Reply {
	return payment.Reply{Result: payment.Refused, Code: code}
}

func (m *means) charge(b *booking, r *wire) payment.Reply {
	switch {
	case b.tombstone:
		return refused("tombstoned")
	case m.bound && m.now().Sub(r.sent) > m.limits.LateBound:
		return refused("too_late")
	case r.decline:
		b.declined = true
		return refused("insufficient_funds")
	}
	return m.open(b, r, payment.Captured)
}

func (m *means) open(b *booking, r *wire, status payment.LegState) payment.Reply {
	m.booked++
	b.wire = *r
	b.takings = append(b.takings, taking{
		id: "t-" + strconv.Itoa(m.booked), status: status, amount: r.amount, at: m.now(), until: m.now().Add(m.limits.ReservationTTL),
	})
	m.referee.booked(b)
	return b.done(&b.takings[len(b.takings)-1])
}

func (b *booking) done(t *taking) payment.Reply {
	return payment.Reply{Result: payment.Done, TransactionID: t.id, BookedAt: t.at}
}

// voidCard is void and net-cancel: every live charge of the reference ends. A net-cancel leaves a tombstone, but for the PG
// that has a late bound instead.
func (m *means) voidCard(b *booking, r *wire) payment.Reply {
	switch {
	case b.refunded > 0:
		return refused("refunded")
	case r.op == payment.Void && len(b.takings) == 0:
		return refused("not_found")
	}
	for i := range b.takings {
		b.takings[i].status = payment.Voided
	}
	b.tombstone = b.tombstone || r.op == payment.NetCancel && !m.bound
	return payment.Reply{Result: payment.Done}
}

// inquiry speaks of the oldest live taking, else of the newest.
func (b *booking) inquiry() payment.Reply {
	if len(b.takings) == 0 {
		if b.declined {
			return payment.Reply{Result: payment.Done, Leg: payment.Declined}
		}
		return payment.Reply{Result: payment.NotFound, Tombstoned: b.tombstone}
	}
	t := &b.takings[len(b.takings)-1]
	for i := range b.takings {
		if b.takings[i].live() {
			t = &b.takings[i]
			break
		}
	}
	reply := b.done(t)
	reply.Leg, reply.Tombstoned = t.status, b.tombstone
	if t.status == expired {
		reply.Leg = payment.Released
	}
	return reply
}
