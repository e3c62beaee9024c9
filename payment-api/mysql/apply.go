package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"gazua.example/payment-api/payment"
)

// errNotAll: a compare-and-set missed, so the transaction was rolled back.
var errNotAll = errors.New("not everything stood where its change expected it")

// moves is how changes of one kind are committed.
type moves[T any] struct {
	payment func(*T) payment.ID
	apply   func(context.Context, *sql.Tx, []*T) error // in the order of the payments; errNotAll when one misses
	applied func(context.Context, *T) error            // settles an ambiguous COMMIT
}

// commitMoves commits changes in one transaction: every compare-and-set must hit, or the whole is rolled back and each
// member goes alone. Misses are rare (somebody was frozen, or a message came twice), so the way for them need not be fast.
func commitMoves[T any](ctx context.Context, db *sql.DB, batch []T, m moves[T]) []error {
	errs := make([]error, len(batch))
	err := errNotAll
	if ordered := m.inOrder(batch); ordered != nil {
		err = inTx(ctx, db, func(tx *sql.Tx) error { return m.apply(ctx, tx, ordered) })
	}
	if err == nil {
		return errs
	}
	for i := range batch {
		switch {
		case errors.Is(err, errAmbiguous): // for every member
			errs[i] = m.applied(ctx, &batch[i])
		case len(batch) > 1 && (errors.Is(err, errNotAll) || answered(err)):
			errs[i] = commitMoves(ctx, db, batch[i:i+1], m)[0]
		case errors.Is(err, errNotAll):
			errs[i] = payment.ErrMissed
		default:
			errs[i] = err
		}
	}
	return errs
}

// inOrder is the batch in the order of the payments, so that two transactions that want the same rows do not deadlock; nil
// when two members are of one payment: the second needs what the first has written.
func (m moves[T]) inOrder(batch []T) []*T {
	ordered := make([]*T, len(batch))
	seen := make(map[payment.ID]bool, len(batch))
	for i := range batch {
		ordered[i] = &batch[i]
		seen[m.payment(&batch[i])] = true
	}
	if len(seen) < len(batch) {
		return nil
	}
	slices.SortFunc(ordered, func(a, b *T) int { return cmp.Compare(m.payment(a), m.payment(b)) })
	return ordered
}

func (s *Store) applyAll(ctx context.Context, batch []payment.Change) []error {
	return commitMoves(ctx, s.db, batch, moves[payment.Change]{
		payment: func(c *payment.Change) payment.ID { return c.Payment.ID }, apply: applyTogether, applied: s.wasApplied,
	})
}

// applyTogether writes the payments' rows first: who misses there writes nothing.
func applyTogether(ctx context.Context, tx *sql.Tx, changes []*payment.Change) error {
	if err := movePayments(ctx, tx, changes); err != nil {
		return err
	}
	var legs list
	steps := make([]step, len(changes))
	for i, c := range changes {
		p := c.Payment
		if claim := c.From == payment.Accepted && p.State == payment.Processing; !claim { // a claim moves no leg
			addLegs(&legs, p)
		}
		steps[i] = step{
			payment: p, keyHash: p.KeyHash, from: string(c.From), to: string(p.State), parts: p.LegStates(), cause: c.Cause, actor: c.Actor,
			ended: p.State.Final(), review: p.State == payment.Review, work: c.Work, answer: c.Answer, posting: c.Posting, callback: c.Callback, trace: c.Trace,
		}
	}
	if err := writeLegs(ctx, tx, &legs); err != nil {
		return err
	}
	if err := finish(ctx, tx, steps); err != nil {
		return err
	}
	return freeOrders(ctx, tx, changes)
}

// movePayments is the compare-and-set: state and version of each must be what its change was made from.
func movePayments(ctx context.Context, tx *sql.Tx, changes []*payment.Change) error {
	var state, reason, started, undoing, settled choice
	var ids, from list
	for _, c := range changes {
		p := c.Payment
		state.when(p.ID, "?", p.State)
		reason.when(p.ID, "?", p.Reason)
		started.when(p.ID, "IF(?, UTC_TIMESTAMP(6), started_at)", c.From == payment.Accepted && p.State == payment.Processing)
		undoing.when(p.ID, "IF(?, UTC_TIMESTAMP(6), undoing_at)", c.From != payment.Undoing && p.State == payment.Undoing)
		settled.when(p.ID, "IF(?, UTC_TIMESTAMP(6), settled_at)", p.State.Final())
		ids.row("?", p.ID)
		from.row("(?,?,?)", p.ID, c.FromVersion, c.From)
	}
	moved, err := affected(ctx, tx, "UPDATE payment SET state = CASE id"+state.marks.String()+" END, version = version + 1, reason = CASE id"+reason.marks.String()+
		" END, started_at = CASE id"+started.marks.String()+" END, undoing_at = CASE id"+undoing.marks.String()+" END, settled_at = CASE id"+settled.marks.String()+
		" END WHERE id IN ("+ids.marks.String()+") AND (id, version, state) IN ("+from.marks.String()+")",
		slices.Concat(state.args, reason.args, started.args, undoing.args, settled.args, ids.args, from.args)...)
	if err == nil && int(moved) < len(changes) {
		return errNotAll
	}
	return err
}

func addLegs(legs *list, p *payment.Payment) {
	for i := range p.Legs {
		l := &p.Legs[i]
		legs.row("(?,?,?,?,?,?,?,?,?,?)", p.ID, l.Seq, l.Means, l.Amount, l.State, p.Reference(l), l.Token, l.TransactionID, l.Code, nullTime(l.BookedAt))
	}
}

// writeLegs inserts legs or writes their new states; the payments' rows, which are locked, decide who may.
func writeLegs(ctx context.Context, tx *sql.Tx, legs *list) error {
	if legs.empty() {
		return nil
	}
	return exec(ctx, tx, `INSERT INTO payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id, code, booked_at)
		VALUES `+legs.marks.String()+` AS new
		ON DUPLICATE KEY UPDATE state = new.state, transaction_id = new.transaction_id, code = new.code, booked_at = new.booked_at`, legs.args...)
}

// freeOrders frees the orders of payments that failed.
func freeOrders(ctx context.Context, tx *sql.Tx, changes []*payment.Change) error {
	var orders list
	for _, c := range changes {
		if p := c.Payment; p.State == payment.Failed {
			orders.row("(?,?,?)", p.Merchant, p.Order, p.ID)
		}
	}
	if orders.empty() {
		return nil
	}
	return exec(ctx, tx, "DELETE FROM order_guard WHERE (merchant_id, order_id, payment_id) IN ("+orders.marks.String()+")", orders.args...)
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
