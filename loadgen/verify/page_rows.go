package verify

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
)

// page gathers payments and what hangs on them, by payment id.
type page map[uint64]*Payment

// of is the payment with that id; what hangs on a payment that is not there makes one that is Missing.
func (p page) of(id uint64) *Payment {
	found := p[id]
	if found == nil {
		found = &Payment{ID: id, Missing: true}
		p[id] = found
	}
	return found
}

// cancellation is the same for the cancellations of a payment.
func (p page) cancellation(id uint64, seq uint32) *Cancellation {
	payment := p.of(id)
	found := payment.cancellation(seq)
	if found == nil {
		found = &Cancellation{Seq: seq, Missing: true}
		payment.Cancellations = append(payment.Cancellations, found)
	}
	return found
}

func (p page) sorted() []*Payment {
	list := make([]*Payment, 0, len(p))
	for _, payment := range p {
		list = append(list, payment)
	}
	slices.SortFunc(list, func(a, b *Payment) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// page reads up to its last payment, or up to to when it is not full.
func (s *Snapshot) page(ctx context.Context, from, to uint64) ([]*Payment, uint64, error) {
	found, last := page{}, uint64(0)
	err := s.each(ctx, func(rows *sql.Rows) error {
		var p Payment
		var key []byte
		err := rows.Scan(&p.ID, &p.Merchant, &p.Order, &p.Amount, &p.Canceled, &p.Currency, &p.Mode, &p.State, &p.Version, &p.Reason, &key)
		copy(p.KeyHash[:], key)
		found[p.ID], last = &p, p.ID
		return err
	}, `SELECT id, merchant_id, order_id, amount, canceled_amount, currency, mode, state, version, reason, key_hash
		FROM payment WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`, from, to, pageSize)
	if err != nil {
		return nil, 0, err
	}
	until := to
	if len(found) == pageSize {
		until = last
	}
	for _, read := range []func(context.Context, page, uint64, uint64) error{
		s.legs, s.events, s.cancellations, s.refunds, s.entries, s.openWork, s.callbacks, s.messages,
	} {
		if err := read(ctx, found, from, until); err != nil {
			return nil, 0, err
		}
	}
	return found.sorted(), until, nil
}

func (s *Snapshot) legs(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var l Leg
		err := rows.Scan(&id, &l.Seq, &l.Means, &l.Amount, &l.State, &l.Reference, &l.Transaction)
		p := found.of(id)
		p.Legs = append(p.Legs, l)
		return err
	}, `SELECT payment_id, seq, means, amount, state, reference, transaction_id
		FROM payment_leg WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, seq`, from, until)
}

func (s *Snapshot) events(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var e Event
		err := rows.Scan(&id, &e.Seq, &e.Cancellation, &e.From, &e.To, &e.Cause, &e.States, &e.At)
		p := found.of(id)
		p.Events = append(p.Events, e)
		return err
	}, `SELECT payment_id, seq, cancellation_seq, from_state, to_state, cause, legs, at
		FROM payment_event WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, seq`, from, until)
}

func (s *Snapshot) cancellations(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var c Cancellation
		var key []byte
		err := rows.Scan(&id, &c.Seq, &c.State, &c.Version, &c.Amount, &key)
		copy(c.KeyHash[:], key)
		p := found.of(id)
		p.Cancellations = append(p.Cancellations, &c)
		return err
	}, `SELECT payment_id, seq, state, version, amount, key_hash
		FROM cancellation WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, seq`, from, until)
}

func (s *Snapshot) refunds(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var cancellation uint32
		var r Refund
		err := rows.Scan(&id, &cancellation, &r.Leg, &r.Means, &r.Amount, &r.State, &r.Reference, &r.Transaction)
		c := found.cancellation(id, cancellation)
		c.Refunds = append(c.Refunds, r)
		return err
	}, `SELECT payment_id, cancellation_seq, leg_seq, means, amount, state, reference, COALESCE(transaction_id, '')
		FROM refund WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, cancellation_seq, leg_seq`, from, until)
}

func (s *Snapshot) entries(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var e LedgerEntry
		err := rows.Scan(&id, &e.Posting, &e.Account, &e.Amount, &e.Currency, &e.Reference, &e.Day, &e.BookedAt)
		p := found.of(id)
		p.Entries = append(p.Entries, e)
		return err
	}, `SELECT payment_id, posting, account, amount, currency, reference, business_day, booked_at
		FROM journal_entry WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, seq`, from, until)
}

func (s *Snapshot) openWork(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var cancellation uint32
		err := rows.Scan(&id, &cancellation)
		p := found.of(id)
		p.Open = append(p.Open, cancellation)
		return err
	}, `SELECT payment_id, cancellation_seq
		FROM open_payment WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, cancellation_seq`, from, until)
}

func (s *Snapshot) callbacks(ctx context.Context, found page, from, until uint64) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var c Callback
		err := rows.Scan(&id, &c.Version, &c.State)
		p := found.of(id)
		p.Callbacks = append(p.Callbacks, c)
		return err
	}, `SELECT payment_id, version, state
		FROM callback WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, version`, from, until)
}
