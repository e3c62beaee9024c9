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
	apply   func(context.Context, *transaction, []*T) error // in the order of the payments; errNotAll when one misses
	applied func(context.Context, *T) error                 // settles an ambiguous COMMIT
}

// commitMoves commits changes in one transaction: every compare-and-set must hit, or the whole is rolled back and goes in
// smaller parts, down to who missed. Misses are rare (somebody was frozen, or a message came twice), so the way for
// them need not be fast.
func commitMoves[T any](ctx context.Context, db *sql.DB, batch []T, m moves[T]) []error {
	errs := make([]error, len(batch))
	err := errNotAll
	if ordered := m.inOrder(batch); ordered != nil {
		err = inPackets(ctx, db, func(t *transaction) error { return m.apply(ctx, t, ordered) })
	}
	if err == nil {
		return errs
	}
	if len(batch) > 1 && (errors.Is(err, errNotAll) || divisible(err)) {
		return smaller(batch, err, func(part []T) []error { return commitMoves(ctx, db, part, m) })
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	for i := range batch {
		switch {
		case errors.Is(err, errAmbiguous): // for every member
			errs[i] = m.applied(ctx, &batch[i])
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
	return commitMoves(ctx, s.db, batch, s.changes())
}

func (s *Store) changes() moves[payment.Change] {
	return moves[payment.Change]{
		payment: func(c *payment.Change) payment.ID { return c.Payment.ID }, apply: applyTogether, applied: s.wasApplied,
	}
}

// applyTogether writes the payments' rows first, which locks them, and then all that depends on them. Who misses is rolled
// back with everybody.
func applyTogether(ctx context.Context, t *transaction, changes []*payment.Change) error {
	return applyIn(ctx, t, t.packet(), changes)
}

// applyIn does so in a packet that may hold more.
func applyIn(ctx context.Context, t *transaction, p *packet, changes []*payment.Change) error {
	moved := movePayments(p, changes)
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
	if !legs.empty() {
		p.add(insertLegs+legs.marks.String()+orElseMove, legs.args...)
	}
	freeOrders(p, changes)
	return finish(ctx, t, p, steps, func(counts []int64) bool { return int(counts[moved]) == len(changes) })
}

// movePayments is the compare-and-set: state and version of each must be what its change was made from.
func movePayments(p *packet, changes []*payment.Change) (at int) {
	state, reason := byID("id", "state", "?"), byID("id", "reason", "?")
	started, undoing := byID("id", "started_at", "IF(?, UTC_TIMESTAMP(6), started_at)"), byID("id", "undoing_at", "IF(?, UTC_TIMESTAMP(6), undoing_at)")
	settled := byID("id", "settled_at", "IF(?, UTC_TIMESTAMP(6), settled_at)")
	wasState, wasVersion := byID("id", "state", "?"), byID("id", "version", "?")
	var ids list
	for _, c := range changes {
		p := c.Payment
		state.of(p.ID, p.State)
		reason.of(p.ID, p.Reason)
		started.of(p.ID, c.From == payment.Accepted && p.State == payment.Processing)
		undoing.of(p.ID, c.From != payment.Undoing && p.State == payment.Undoing)
		settled.of(p.ID, p.State.Final())
		wasState.of(p.ID, c.From)
		wasVersion.of(p.ID, c.FromVersion)
		ids.row("?", p.ID)
	}
	set, args := assign(state, reason, started, undoing, settled)
	was, wasArgs := match(wasVersion, wasState)
	return p.add("UPDATE payment FORCE INDEX (PRIMARY) SET "+set+", version = version + 1 WHERE id IN ("+ids.marks.String()+") AND "+was,
		slices.Concat(args, ids.args, wasArgs)...)
}

func addLegs(legs *list, p *payment.Payment) {
	for i := range p.Legs {
		l := &p.Legs[i]
		legs.row("(?,?,?,?,?,?,?,?,?,?)", p.ID, l.Seq, l.Means, l.Amount, l.State, p.Reference(l), l.Token, l.TransactionID, l.Code, nullTime(l.BookedAt))
	}
}

// Legs are inserted with their payment; when it moves, their new states are written. The payments' rows, which are locked,
// decide who may.
const (
	insertLegs = "INSERT INTO payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id, code, booked_at) VALUES "
	orElseMove = " AS new ON DUPLICATE KEY UPDATE state = new.state, transaction_id = new.transaction_id, code = new.code, booked_at = new.booked_at"
)

// freeOrders frees the orders of payments that failed.
func freeOrders(p *packet, changes []*payment.Change) {
	var orders list
	for _, c := range changes {
		if c.Payment.State == payment.Failed {
			orders.row("(?,?,?)", c.Payment.Merchant, c.Payment.Order, c.Payment.ID)
		}
	}
	if !orders.empty() {
		p.add("DELETE /*+ INDEX(order_guard PRIMARY) */ FROM order_guard WHERE (merchant_id, order_id, payment_id) IN ("+orders.marks.String()+")", orders.args...)
	}
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
