package mysql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gazua.example/payment-api/payment"
)

// Load implements payment.Store. Payment and legs come from one statement, so that they belong to one version; the ids
// are given for both tables, so that both prune to the same partitions.
func (s *Store) Load(ctx context.Context, ids []payment.ID) ([]*payment.Payment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, 0, 2*len(ids))
	for range 2 {
		for _, id := range ids {
			args = append(args, id)
		}
	}
	found, err := s.db.QueryContext(ctx, `SELECT p.id, p.merchant_id, p.order_id, p.amount, p.currency, p.mode, p.state, p.version, p.reason,
		p.key_hash, p.started_at, p.undoing_at, p.expires_at, UTC_TIMESTAMP(6),
		l.seq, l.means, l.amount, l.state, l.token, l.transaction_id, l.code, l.booked_at
		FROM payment p JOIN payment_leg l ON l.payment_id = p.id
		WHERE p.id IN (`+marks(len(ids))+`) AND l.payment_id IN (`+marks(len(ids))+`) ORDER BY p.id, l.seq`, args...)
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

func scan(row *sql.Rows) (*payment.Payment, payment.Leg, error) {
	var (
		p                                   payment.Payment
		l                                   payment.Leg
		keyHash                             []byte
		started, undoing, expires, bookedAt sql.NullTime
	)
	err := row.Scan(&p.ID, &p.Merchant, &p.Order, &p.Price.Amount, &p.Price.Currency, &p.Mode, &p.State, &p.Version, &p.Reason,
		&keyHash, &started, &undoing, &expires, &p.ReadAt,
		&l.Seq, &l.Means, &l.Amount, &l.State, &l.Token, &l.TransactionID, &l.Code, &bookedAt)
	copy(p.KeyHash[:], keyHash)
	p.StartedAt, p.UndoingAt, p.ExpiresAt, l.BookedAt = started.Time, undoing.Time, expires.Time, bookedAt.Time
	return &p, l, err
}

// Answer implements payment.Store: the first answer stands.
func (s *Store) Answer(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, a payment.Answer) (payment.Answer, error) {
	_, err := s.db.ExecContext(ctx, `UPDATE idempotency_key SET status = ?, body = ?, answered_at = UTC_TIMESTAMP(6)
		WHERE merchant_id = ? AND key_hash = ? AND status IS NULL`, a.Status, a.Body, merchant, keyHash[:])
	if err != nil {
		return payment.Answer{}, notStored(err)
	}
	key, err := readKey(ctx, s.db, merchant, keyHash)
	if err != nil {
		return payment.Answer{}, err
	}
	if key.Answer == nil {
		return payment.Answer{}, notStored(errors.New("the key lost its answer"))
	}
	return *key.Answer, nil
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readKey(ctx context.Context, q querier, merchant payment.MerchantID, keyHash [32]byte) (*payment.KeyRecord, error) {
	var (
		key         payment.KeyRecord
		requestHash []byte
		status      sql.NullInt64
		body        []byte
	)
	err := q.QueryRowContext(ctx, "SELECT request_hash, payment_id, status, body FROM idempotency_key WHERE merchant_id = ? AND key_hash = ?",
		merchant, keyHash[:]).Scan(&requestHash, &key.Payment, &status, &body)
	if err != nil {
		return nil, notStored(err)
	}
	copy(key.RequestHash[:], requestHash)
	if status.Valid {
		key.Answer = &payment.Answer{Status: int(status.Int64), Body: body}
	}
	return &key, nil
}

// Postpone implements payment.Store.
func (s *Store) Postpone(ctx context.Context, owner string, ids []payment.ID, wait time.Duration) error {
	if len(ids) == 0 {
		return nil
	}
	args := []any{micros(wait), owner}
	for _, id := range ids {
		args = append(args, id)
	}
	_, err := s.db.ExecContext(ctx, `UPDATE open_payment SET due_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, lease_until = NULL, owner = ''
		WHERE cancellation_seq = 0 AND (owner IN ('', ?) OR lease_until < UTC_TIMESTAMP(6)) AND payment_id IN (`+marks(len(ids))+")", args...)
	if err != nil {
		return notStored(err)
	}
	return nil
}
