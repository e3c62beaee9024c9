package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gazua.example/payment-api/payment"
)

// errTaken ends a claim that another payment has made already; its transaction is rolled back and leaves nothing.
var errTaken = errors.New("taken")

// claimOne commits a new payment, or finds who was first. The key comes before the guard, so that a repeated request is
// told of itself and not of "another payment" of its order.
func (s *Store) claimOne(ctx context.Context, n *payment.NewPayment) payment.Claimed {
	var claimed payment.Claimed
	err := inTx(ctx, s.db, func(tx *sql.Tx) error {
		claimed = payment.Claimed{}
		if err := claimKey(ctx, tx, n, &claimed); err != nil {
			return err
		}
		if err := claimOrder(ctx, tx, n, &claimed); err != nil {
			return err
		}
		return insertPayment(ctx, tx, n)
	})
	switch {
	case err == nil || errors.Is(err, errTaken):
		return claimed
	case errors.Is(err, errAmbiguous) && s.ownsKey(ctx, n):
		return payment.Claimed{}
	case isServerError(err, errNoPartition):
		return payment.Claimed{Err: fmt.Errorf("no partition takes payment %d; `payment-api migrate` makes them: %w", n.Payment.ID, err)}
	default:
		return payment.Claimed{Err: err}
	}
}

func claimKey(ctx context.Context, tx *sql.Tx, n *payment.NewPayment, claimed *payment.Claimed) error {
	p := n.Payment
	status, body := sql.NullInt64{}, []byte(nil)
	if n.Answer != nil {
		status, body = sql.NullInt64{Int64: int64(n.Answer.Status), Valid: true}, n.Answer.Body
	}
	won, err := affected(ctx, tx, `INSERT INTO idempotency_key
		(merchant_id, key_hash, request_hash, payment_id, status, body, created_at, answered_at)
		VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), IF(? IS NULL, NULL, UTC_TIMESTAMP(6)))
		ON DUPLICATE KEY UPDATE payment_id = payment_id`,
		p.Merchant, p.KeyHash[:], n.RequestHash[:], p.ID, status, body, status)
	if err != nil || won == 1 {
		return err
	}
	key, err := readKey(ctx, tx, p.Merchant, p.KeyHash)
	if err != nil {
		return err
	}
	claimed.Key = key
	return errTaken
}

func claimOrder(ctx context.Context, tx *sql.Tx, n *payment.NewPayment, claimed *payment.Claimed) error {
	p := n.Payment
	won, err := affected(ctx, tx, `INSERT INTO order_guard (merchant_id, order_id, payment_id) VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE payment_id = payment_id`, p.Merchant, p.Order, p.ID)
	if err != nil || won == 1 {
		return err
	}
	var holder payment.GuardRecord
	err = tx.QueryRowContext(ctx, "SELECT payment_id FROM order_guard WHERE merchant_id = ? AND order_id = ?", p.Merchant, p.Order).Scan(&holder.Payment)
	if err != nil {
		return notStored(err)
	}
	if err = tx.QueryRowContext(ctx, "SELECT state FROM payment WHERE id = ?", holder.Payment).Scan(&holder.State); err != nil {
		return notStored(err)
	}
	claimed.Guard = &holder
	return errTaken
}

func insertPayment(ctx context.Context, tx *sql.Tx, n *payment.NewPayment) error {
	p := n.Payment
	exec := func(statement string, args ...any) error {
		_, err := affected(ctx, tx, statement, args...)
		return err
	}
	expires := sql.NullInt64{Int64: micros(n.Expires), Valid: n.Expires > 0}
	if err := exec(`INSERT INTO payment
		(id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at, started_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), IF(? = 'PROCESSING', UTC_TIMESTAMP(6), NULL), UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)`,
		p.ID, p.Merchant, p.Order, p.Price.Amount, p.Price.Currency, p.Mode, p.State, p.Version, p.KeyHash[:], p.State, expires); err != nil {
		return err
	}
	if err := writeLegs(ctx, tx, p); err != nil {
		return err
	}
	if err := insertEvent(ctx, tx, p, "", "created", n.Actor); err != nil {
		return err
	}
	lease := sql.NullInt64{Int64: micros(n.Lease), Valid: n.Lease > 0}
	if err := exec(`INSERT INTO open_payment (payment_id, due_at, lease_until, owner)
		VALUES (?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, IF(? IS NULL, '', ?))`,
		p.ID, micros(n.Due), lease, lease, n.Actor); err != nil {
		return err
	}
	if p.Mode != payment.Async {
		return nil
	}
	return exec("INSERT INTO outbox (payment_id, trace, created_at) VALUES (?, ?, UTC_TIMESTAMP(6))", p.ID, n.Trace)
}

// ownsKey settles an ambiguous COMMIT. The locking read waits for a transaction that still is being decided, so its
// answer is final; without an answer nobody knows, and the caller must not go on.
func (s *Store) ownsKey(ctx context.Context, n *payment.NewPayment) bool {
	var owner payment.ID
	err := s.db.QueryRowContext(ctx, "SELECT payment_id FROM idempotency_key WHERE merchant_id = ? AND key_hash = ? FOR SHARE",
		n.Payment.Merchant, n.Payment.KeyHash[:]).Scan(&owner)
	return err == nil && owner == n.Payment.ID
}
