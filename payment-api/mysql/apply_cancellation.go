package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"gazua.example/payment-api/payment"
)

func (s *Store) applyCancellations(ctx context.Context, batch []payment.CancellationChange) []error {
	return commitMoves(ctx, s.db, batch, moves[payment.CancellationChange]{
		payment: func(c *payment.CancellationChange) payment.ID { return c.Payment }, apply: applyCancellationsTogether, applied: s.wasCancellationApplied,
	})
}

// applyCancellationsTogether moves the payments' rows first, and so holds them: their versions count the events of both,
// and what is read of them afterwards is what this transaction leaves. Who then misses is rolled back.
func applyCancellationsTogether(ctx context.Context, tx *sql.Tx, changes []*payment.CancellationChange) error {
	if err := movePaymentsOf(ctx, tx, changes); err != nil {
		return err
	}
	if err := moveCancellations(ctx, tx, changes); err != nil {
		return err
	}
	ids := make([]payment.ID, len(changes))
	for i, c := range changes {
		ids[i] = c.Payment
	}
	payments, err := loadPayments(ctx, tx, ids)
	if err != nil {
		return err
	}
	var refunds list
	steps := make([]step, len(changes))
	for i, change := range changes {
		c := change.Cancellation
		addRefunds(&refunds, c)
		at, found := slices.BinarySearchFunc(payments, change.Payment, func(p *payment.Payment, id payment.ID) int { return cmp.Compare(p.ID, id) })
		if !found {
			return errNotAll
		}
		steps[i] = step{
			payment: payments[at], cancellation: c.Seq, keyHash: c.KeyHash, from: string(change.From), to: string(c.State), parts: c.RefundStates(),
			cause: change.Cause, actor: change.Actor, ended: c.State.Final(), review: c.State == payment.CancelReview, work: change.Work,
			answer: change.Answer, posting: change.Posting, trace: change.Trace,
		}
		if change.Callback != nil {
			steps[i].callback = change.Callback(payments[at])
		}
	}
	if err := writeRefunds(ctx, tx, &refunds); err != nil {
		return err
	}
	return finish(ctx, tx, steps)
}

// movePaymentsOf gives the payments their next version and, of those whose cancellation SUCCEEDED, the canceled amount.
func movePaymentsOf(ctx context.Context, tx *sql.Tx, changes []*payment.CancellationChange) error {
	var back choice
	var ids list
	for _, c := range changes {
		given := int64(0)
		if c.Cancellation.State == payment.CancelSucceeded {
			given = c.Cancellation.Amount
		}
		back.when(c.Payment, "?", given)
		ids.row("?", c.Payment)
	}
	moved, err := affected(ctx, tx, "UPDATE payment SET version = version + 1, canceled_amount = canceled_amount + CASE id"+back.marks.String()+
		" END WHERE id IN ("+ids.marks.String()+")", slices.Concat(back.args, ids.args)...)
	if err == nil && int(moved) < len(changes) {
		return errNotAll
	}
	return err
}

// moveCancellations is the compare-and-set: state and version of each must be what its change was made from.
func moveCancellations(ctx context.Context, tx *sql.Tx, changes []*payment.CancellationChange) error {
	var state, reason, settled choice
	var ids, from list
	for _, change := range changes {
		c := change.Cancellation
		state.when(c.Payment, "?", c.State)
		reason.when(c.Payment, "?", c.Reason)
		settled.when(c.Payment, "IF(?, UTC_TIMESTAMP(6), settled_at)", c.State.Final())
		ids.row("?", c.Payment)
		from.row("(?,?,?,?)", c.Payment, c.Seq, change.FromVersion, change.From)
	}
	moved, err := affected(ctx, tx, "UPDATE cancellation SET state = CASE payment_id"+state.marks.String()+" END, version = version + 1, reason = CASE payment_id"+
		reason.marks.String()+" END, settled_at = CASE payment_id"+settled.marks.String()+
		" END WHERE payment_id IN ("+ids.marks.String()+") AND (payment_id, seq, version, state) IN ("+from.marks.String()+")",
		slices.Concat(state.args, reason.args, settled.args, ids.args, from.args)...)
	if err == nil && int(moved) < len(changes) {
		return errNotAll
	}
	return err
}

// wasCancellationApplied settles an ambiguous COMMIT by the event that only this change writes: a cancellation's n-th event
// is that of its version n. The locking read waits for a transaction that still is being decided.
func (s *Store) wasCancellationApplied(ctx context.Context, change *payment.CancellationChange) error {
	c := change.Cancellation
	var cause, actor, refunds string
	err := s.db.QueryRowContext(ctx, `SELECT cause, actor, legs FROM payment_event WHERE payment_id = ? AND cancellation_seq = ?
		ORDER BY seq LIMIT 1 OFFSET ? FOR SHARE`, c.Payment, c.Seq, c.Version-1).Scan(&cause, &actor, &refunds)
	switch {
	case err == nil && cause == change.Cause && actor == change.Actor && refunds == c.RefundStates():
		return nil
	case err == nil:
		return payment.ErrMissed
	default: // no such event, or no answer
		return notStored(err)
	}
}
