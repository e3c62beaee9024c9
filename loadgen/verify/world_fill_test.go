package verify

import (
	"cmp"
	"context"
	"database/sql"
	"testing"
)

// execer takes statements: a database, or what gathers many into one.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// fill writes the world's rows.
func (w *world) fill(t *testing.T, db execer) {
	t.Helper()
	for _, p := range w.payments {
		if !p.Missing {
			insert(t, db, `INSERT INTO payment (id, merchant_id, order_id, amount, canceled_amount, currency, mode, state, version, key_hash, created_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6))`, p.ID, p.Merchant, p.Order, p.Amount, p.Canceled, p.Currency, p.Mode, p.State, p.Version, p.KeyHash[:])
		}
		for _, l := range p.Legs {
			insert(t, db, `INSERT INTO payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id) VALUES (?, ?, ?, ?, ?, ?, 'gz1', ?)`,
				p.ID, l.Seq, l.Means, l.Amount, l.State, l.Reference, l.Transaction)
		}
		for _, e := range p.Events {
			insert(t, db, `INSERT INTO payment_event (payment_id, seq, cancellation_seq, from_state, to_state, cause, legs, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?, 'test', ?)`,
				p.ID, e.Seq, e.Cancellation, e.From, e.To, cmp.Or(e.Cause, "test"), e.States, e.At)
		}
		for i, e := range p.Entries {
			insert(t, db, `INSERT INTO journal_entry (payment_id, seq, posting, account, amount, currency, reference, business_day, booked_at, posted_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6))`, p.ID, i, e.Posting, e.Account, e.Amount, e.Currency, e.Reference, e.Day, e.BookedAt)
		}
		for _, cancellation := range p.Open {
			insert(t, db, "INSERT INTO open_payment (payment_id, cancellation_seq, due_at) VALUES (?, ?, NOW(6))", p.ID, cancellation)
		}
		for _, c := range p.Callbacks {
			insert(t, db, `INSERT INTO callback (payment_id, version, merchant_id, type, body, state, created_at) VALUES (?, ?, ?, '-', '{}', ?, NOW(6))`,
				p.ID, c.Version, p.Merchant, c.State)
		}
		w.fillCancellations(t, db, p)
	}
	for _, k := range w.keys {
		var status sql.NullInt64
		if k.status != 0 {
			status = sql.NullInt64{Int64: int64(k.status), Valid: true}
		}
		insert(t, db, `INSERT INTO idempotency_key (merchant_id, key_hash, request_hash, payment_id, cancellation_seq, status, body, created_at)
			VALUES (?, ?, REPEAT('r', 32), ?, ?, ?, ?, NOW(6))`, k.merchant, k.hash[:], k.payment, k.cancellation, status, k.body)
	}
}

func (w *world) fillCancellations(t *testing.T, db execer, p *Payment) {
	t.Helper()
	for _, c := range p.Cancellations {
		if !c.Missing {
			insert(t, db, `INSERT INTO cancellation (payment_id, seq, state, version, amount, key_hash, created_at) VALUES (?, ?, ?, ?, ?, ?, NOW(6))`,
				p.ID, c.Seq, c.State, c.Version, c.Amount, c.KeyHash[:])
		}
		for _, r := range c.Refunds {
			insert(t, db, `INSERT INTO refund (payment_id, cancellation_seq, leg_seq, means, amount, state, reference, transaction_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				p.ID, c.Seq, r.Leg, r.Means, r.Amount, r.State, r.Reference, r.Transaction)
		}
	}
}

func insert(t *testing.T, db execer, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
