package mysql

import (
	"cmp"
	"context"
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
func applyCancellationsTogether(ctx context.Context, t *transaction, changes []*payment.CancellationChange) error {
	moves := t.packet()
	payments, cancellations := movePaymentsOf(moves, changes), moveCancellations(moves, changes)
	counts, err := t.send(ctx, moves)
	if err != nil {
		return err
	}
	if int(counts[payments]) < len(changes) || int(counts[cancellations]) < len(changes) {
		return errNotAll
	}
	ids := make([]payment.ID, len(changes))
	for i, c := range changes {
		ids[i] = c.Payment
	}
	held, err := loadPayments(ctx, t.conn, ids)
	if err != nil {
		return err
	}
	var refunds list
	steps := make([]step, len(changes))
	for i, change := range changes {
		c := change.Cancellation
		addRefunds(&refunds, c)
		at, found := slices.BinarySearchFunc(held, change.Payment, func(p *payment.Payment, id payment.ID) int { return cmp.Compare(p.ID, id) })
		if !found {
			return errNotAll
		}
		steps[i] = step{
			payment: held[at], cancellation: c.Seq, keyHash: c.KeyHash, from: string(change.From), to: string(c.State), parts: c.RefundStates(),
			cause: change.Cause, actor: change.Actor, ended: c.State.Final(), review: c.State == payment.CancelReview, work: change.Work,
			answer: change.Answer, posting: change.Posting, trace: change.Trace,
		}
		if change.Callback != nil {
			steps[i].callback = change.Callback(held[at])
		}
	}
	p := t.packet()
	writeRefunds(p, &refunds)
	return finish(ctx, t, p, steps, func([]int64) bool { return true })
}

// movePaymentsOf gives the payments their next version and, of those whose cancellation SUCCEEDED, the canceled amount.
func movePaymentsOf(p *packet, changes []*payment.CancellationChange) (at int) {
	canceled := byID("id", "canceled_amount", "canceled_amount + ?")
	var ids list
	for _, c := range changes {
		given := int64(0)
		if c.Cancellation.State == payment.CancelSucceeded {
			given = c.Cancellation.Amount
		}
		canceled.of(c.Payment, given)
		ids.row("?", c.Payment)
	}
	set, args := assign(canceled)
	return p.add("UPDATE payment FORCE INDEX (PRIMARY) SET "+set+", version = version + 1 WHERE id IN ("+ids.marks.String()+")", slices.Concat(args, ids.args)...)
}

// moveCancellations is the compare-and-set: state and version of each must be what its change was made from.
func moveCancellations(p *packet, changes []*payment.CancellationChange) (at int) {
	state, reason := byID("payment_id", "state", "?"), byID("payment_id", "reason", "?")
	settled := byID("payment_id", "settled_at", "IF(?, UTC_TIMESTAMP(6), settled_at)")
	var ids, from list
	for _, change := range changes {
		c := change.Cancellation
		state.of(c.Payment, c.State)
		reason.of(c.Payment, c.Reason)
		settled.of(c.Payment, c.State.Final())
		ids.row("?", c.Payment)
		from.row("(?,?,?,?)", c.Payment, c.Seq, change.FromVersion, change.From)
	}
	set, args := assign(state, reason, settled)
	return p.add("UPDATE cancellation FORCE INDEX (PRIMARY) SET "+set+", version = version + 1 WHERE payment_id IN ("+ids.marks.String()+
		") AND (payment_id, seq, version, state) IN ("+from.marks.String()+")", slices.Concat(args, ids.args, from.args)...)
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
