package mysql

import (
	"context"
	"database/sql"

	"gazua.example/payment-api/payment"
)

// querier is a pool, a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Load implements payment.Store. Those who want one payment each share statements.
func (s *Store) Load(ctx context.Context, ids []payment.ID) ([]*payment.Payment, error) {
	ctx, cancel := reading(ctx)
	defer cancel()
	if len(ids) == 1 {
		return s.loads.one(ctx, ids[0])
	}
	return loadPayments(ctx, s.db, ids)
}

// loadPayments reads payments by id. Payment and legs come from one statement, so that they belong to one version; the ids
// are given for both tables, so that both prune to the same partitions. In this order the legs are read anyway; by p.id the
// server would sort.
func loadPayments(ctx context.Context, q querier, ids []payment.ID) ([]*payment.Payment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := twice(ids)
	found, err := q.QueryContext(ctx, `SELECT p.id, p.merchant_id, p.order_id, p.amount, p.currency, p.mode, p.state, p.version, p.reason,
		p.key_hash, p.canceled_amount, p.started_at, p.undoing_at, p.expires_at, UTC_TIMESTAMP(6),
		l.seq, l.means, l.amount, l.state, l.token, l.transaction_id, l.code, l.booked_at
		FROM payment p JOIN payment_leg l ON l.payment_id = p.id
		WHERE p.id IN (`+marks(len(ids))+`) AND l.payment_id IN (`+marks(len(ids))+`) ORDER BY l.payment_id, l.seq`, args...)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var list []*payment.Payment
	for found.Next() {
		p, leg, err := scan(found)
		if err != nil {
			return nil, notStored(err)
		}
		if len(list) == 0 || list[len(list)-1].ID != p.ID {
			list = append(list, p)
		}
		last := list[len(list)-1]
		last.Legs = append(last.Legs, leg)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return list, nil
}

// twice is the ids as arguments, for two tables.
func twice(ids []payment.ID) []any {
	args := make([]any, 0, 2*len(ids))
	for range 2 {
		for _, id := range ids {
			args = append(args, id)
		}
	}
	return args
}

func scan(row *sql.Rows) (*payment.Payment, payment.Leg, error) {
	var (
		p                                   payment.Payment
		l                                   payment.Leg
		keyHash                             []byte
		started, undoing, expires, bookedAt sql.NullTime
	)
	err := row.Scan(&p.ID, &p.Merchant, &p.Order, &p.Price.Amount, &p.Price.Currency, &p.Mode, &p.State, &p.Version, &p.Reason,
		&keyHash, &p.Canceled, &started, &undoing, &expires, &p.ReadAt,
		&l.Seq, &l.Means, &l.Amount, &l.State, &l.Token, &l.TransactionID, &l.Code, &bookedAt)
	copy(p.KeyHash[:], keyHash)
	p.StartedAt, p.UndoingAt, p.ExpiresAt, l.BookedAt = started.Time, undoing.Time, expires.Time, bookedAt.Time
	return &p, l, err
}
