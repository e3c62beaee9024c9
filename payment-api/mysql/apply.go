package mysql

import (
	"context"
	"database/sql"
	"errors"

	"gazua.example/payment-api/payment"
)

// applyOne commits one change. The compare-and-set on the payment's row comes first: who misses it writes nothing.
func (s *Store) applyOne(ctx context.Context, c *payment.Change) error {
	err := inTx(ctx, s.db, func(tx *sql.Tx) error {
		p := c.Payment
		moved, err := affected(ctx, tx, `UPDATE payment SET state = ?, version = ?, reason = ?,
			started_at = IF(? = 'ACCEPTED' AND ? = 'PROCESSING', UTC_TIMESTAMP(6), started_at),
			undoing_at = IF(? <> 'UNDOING' AND ? = 'UNDOING', UTC_TIMESTAMP(6), undoing_at),
			settled_at = IF(?, UTC_TIMESTAMP(6), settled_at)
			WHERE id = ? AND version = ? AND state = ?`,
			p.State, p.Version, p.Reason, c.From, p.State, c.From, p.State, p.State.Final(), p.ID, c.FromVersion, c.From)
		if err != nil {
			return err
		}
		if moved == 0 {
			return payment.ErrMissed
		}
		if err := writeLegs(ctx, tx, p); err != nil {
			return err
		}
		if err := insertEvent(ctx, tx, p, c.From, c.Cause, c.Actor); err != nil {
			return err
		}
		if err := moveOpenWork(ctx, tx, c); err != nil {
			return err
		}
		return settleClaims(ctx, tx, c)
	})
	if errors.Is(err, errAmbiguous) {
		return s.wasApplied(ctx, c)
	}
	return err
}

// writeLegs inserts the legs or writes their new states; the payment's row, which is locked, decides who may.
func writeLegs(ctx context.Context, tx *sql.Tx, p *payment.Payment) error {
	args := make([]any, 0, 10*len(p.Legs))
	for i := range p.Legs {
		l := &p.Legs[i]
		args = append(args, p.ID, l.Seq, l.Means, l.Amount, l.State, p.Reference(l), l.Token, l.TransactionID, l.Code, nullTime(l.BookedAt))
	}
	_, err := affected(ctx, tx, `INSERT INTO payment_leg
		(payment_id, seq, means, amount, state, reference, token, transaction_id, code, booked_at)
		VALUES `+rows(len(p.Legs), "(?,?,?,?,?,?,?,?,?,?)")+` AS new
		ON DUPLICATE KEY UPDATE state = new.state, transaction_id = new.transaction_id, code = new.code, booked_at = new.booked_at`, args...)
	return err
}

func insertEvent(ctx context.Context, tx *sql.Tx, p *payment.Payment, from payment.State, cause, actor string) error {
	_, err := affected(ctx, tx, `INSERT INTO payment_event (payment_id, seq, from_state, to_state, cause, legs, actor, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))`, p.ID, p.Version, from, p.State, cause, p.LegStates(), actor)
	return err
}

// moveOpenWork ends the open work with a final state, parks it without a due time for REVIEW, and else says when who may
// look at the payment next.
func moveOpenWork(ctx context.Context, tx *sql.Tx, c *payment.Change) error {
	var err error
	switch {
	case c.Payment.State.Final():
		_, err = affected(ctx, tx, "DELETE FROM open_payment WHERE payment_id = ? AND cancellation_seq = 0", c.Payment.ID)
	case c.Payment.State == payment.Review:
		_, err = affected(ctx, tx, "UPDATE open_payment SET due_at = NULL, lease_until = NULL, owner = '' WHERE payment_id = ? AND cancellation_seq = 0", c.Payment.ID)
	default:
		lease, owner := sql.NullInt64{}, ""
		if c.Work.Lease > 0 {
			lease, owner = sql.NullInt64{Int64: micros(c.Work.Lease), Valid: true}, c.Actor
		}
		_, err = affected(ctx, tx, `UPDATE open_payment SET due_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
			lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, owner = ? WHERE payment_id = ? AND cancellation_seq = 0`,
			micros(c.Work.Due), lease, owner, c.Payment.ID)
	}
	return err
}

// settleClaims stores the answer, if the key has none, and frees the order of a payment that failed.
func settleClaims(ctx context.Context, tx *sql.Tx, c *payment.Change) error {
	p := c.Payment
	if c.Answer != nil {
		if _, err := affected(ctx, tx, `UPDATE idempotency_key SET status = ?, body = ?, answered_at = UTC_TIMESTAMP(6)
			WHERE merchant_id = ? AND key_hash = ? AND status IS NULL`, c.Answer.Status, c.Answer.Body, p.Merchant, p.KeyHash[:]); err != nil {
			return err
		}
	}
	if p.State != payment.Failed {
		return nil
	}
	_, err := affected(ctx, tx, "DELETE FROM order_guard WHERE merchant_id = ? AND order_id = ? AND payment_id = ?", p.Merchant, p.Order, p.ID)
	return err
}

// wasApplied settles an ambiguous COMMIT by the event that only this change writes. The locking read waits for a
// transaction that still is being decided.
func (s *Store) wasApplied(ctx context.Context, c *payment.Change) error {
	var cause, actor, legs string
	err := s.db.QueryRowContext(ctx, "SELECT cause, actor, legs FROM payment_event WHERE payment_id = ? AND seq = ? FOR SHARE",
		c.Payment.ID, c.Payment.Version).Scan(&cause, &actor, &legs)
	switch {
	case err == nil && cause == c.Cause && actor == c.Actor && legs == c.Payment.LegStates():
		return nil
	case err == nil:
		return payment.ErrMissed
	default: // no such event, or no answer
		return notStored(err)
	}
}
