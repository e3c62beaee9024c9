package mysql

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"gazua.example/payment-api/payment"
)

// errNotAll: a compare-and-set missed, so the transaction was rolled back.
var errNotAll = errors.New("not every payment stood where its change expected it")

// applyAll commits changes in one transaction: every compare-and-set must hit, or the whole is rolled back and each
// member goes alone. Misses are rare (somebody was frozen, or a message came twice), so the way for them need not be fast.
func (s *Store) applyAll(ctx context.Context, batch []payment.Change) []error {
	errs := make([]error, len(batch))
	err := errNotAll
	if !changesOnePaymentTwice(batch) {
		err = inTx(ctx, s.db, func(tx *sql.Tx) error { return applyTogether(ctx, tx, batch) })
	}
	if err == nil {
		return errs
	}
	for i := range batch {
		switch {
		case errors.Is(err, errAmbiguous): // for every member
			errs[i] = s.wasApplied(ctx, &batch[i])
		case len(batch) > 1 && (errors.Is(err, errNotAll) || answered(err)):
			errs[i] = s.applyAll(ctx, batch[i:i+1])[0]
		case errors.Is(err, errNotAll):
			errs[i] = payment.ErrMissed
		default:
			errs[i] = err
		}
	}
	return errs
}

func changesOnePaymentTwice(batch []payment.Change) bool {
	seen := make(map[payment.ID]bool, len(batch))
	for i := range batch {
		seen[batch[i].Payment.ID] = true
	}
	return len(seen) < len(batch)
}

// applyTogether writes the payments' rows first: who misses there writes nothing. All work is in the order of the ids, so
// that two transactions that want the same rows do not deadlock.
func applyTogether(ctx context.Context, tx *sql.Tx, batch []payment.Change) error {
	changes := make([]*payment.Change, len(batch))
	for i := range batch {
		changes[i] = &batch[i]
	}
	slices.SortFunc(changes, func(a, b *payment.Change) int { return cmp.Compare(a.Payment.ID, b.Payment.ID) })
	if err := movePayments(ctx, tx, changes); err != nil {
		return err
	}
	var legs, events list
	for _, c := range changes {
		if claim := c.From == payment.Accepted && c.Payment.State == payment.Processing; !claim { // a claim moves no leg
			addLegs(&legs, c.Payment)
		}
		addEvent(&events, c.Payment, c.From, c.Cause, c.Actor)
	}
	if err := writeLegs(ctx, tx, &legs); err != nil {
		return err
	}
	if err := writeEvents(ctx, tx, &events); err != nil {
		return err
	}
	if err := moveOpenWork(ctx, tx, changes); err != nil {
		return err
	}
	if err := storeAnswers(ctx, tx, changes); err != nil {
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

func addEvent(events *list, p *payment.Payment, from payment.State, cause, actor string) {
	events.row("(?,?,?,?,?,?,?,UTC_TIMESTAMP(6))", p.ID, p.Version, from, p.State, cause, p.LegStates(), actor)
}

func writeEvents(ctx context.Context, tx *sql.Tx, events *list) error {
	return exec(ctx, tx, "INSERT INTO payment_event (payment_id, seq, from_state, to_state, cause, legs, actor, at) VALUES "+events.marks.String(), events.args...)
}

// moveOpenWork ends the open work with a final state, parks it without a due time for REVIEW, and else says when who may
// look at the payment next.
func moveOpenWork(ctx context.Context, tx *sql.Tx, changes []*payment.Change) error {
	var ended, going list
	var due, lease, owner choice
	for _, c := range changes {
		id := c.Payment.ID
		if c.Payment.State.Final() {
			ended.row("?", id)
			continue
		}
		going.row("?", id)
		holder, wait := "", sql.NullInt64{Int64: micros(c.Work.Due), Valid: c.Payment.State != payment.Review}
		if c.Work.Lease > 0 {
			holder = c.Actor
		}
		due.when(id, "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND", wait)
		lease.when(id, "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND", nullMicros(c.Work.Lease))
		owner.when(id, "?", holder)
	}
	if !ended.empty() {
		if err := exec(ctx, tx, "DELETE FROM open_payment WHERE cancellation_seq = 0 AND payment_id IN ("+ended.marks.String()+")", ended.args...); err != nil {
			return err
		}
	}
	if going.empty() {
		return nil
	}
	return exec(ctx, tx, "UPDATE open_payment SET due_at = CASE payment_id"+due.marks.String()+" END, lease_until = CASE payment_id"+lease.marks.String()+
		" END, owner = CASE payment_id"+owner.marks.String()+" END WHERE cancellation_seq = 0 AND payment_id IN ("+going.marks.String()+")",
		slices.Concat(due.args, lease.args, owner.args, going.args)...)
}

// storeAnswers stores the answers of settled payments whose keys have none. In the order of the keys, as claims are.
func storeAnswers(ctx context.Context, tx *sql.Tx, changes []*payment.Change) error {
	answered := slices.DeleteFunc(slices.Clone(changes), func(c *payment.Change) bool { return c.Answer == nil })
	if len(answered) == 0 {
		return nil
	}
	slices.SortFunc(answered, func(a, b *payment.Change) int {
		p, q := a.Payment, b.Payment
		return cmp.Or(cmp.Compare(p.Merchant, q.Merchant), bytes.Compare(p.KeyHash[:], q.KeyHash[:]))
	})
	var status, body choice
	var keys list
	for _, c := range answered {
		status.when(c.Payment.ID, "?", c.Answer.Status)
		body.when(c.Payment.ID, "?", c.Answer.Body)
		keys.row("(?,?)", c.Payment.Merchant, c.Payment.KeyHash[:])
	}
	return exec(ctx, tx, "UPDATE idempotency_key SET status = CASE payment_id"+status.marks.String()+" END, body = CASE payment_id"+body.marks.String()+
		" END, answered_at = UTC_TIMESTAMP(6) WHERE (merchant_id, key_hash) IN ("+keys.marks.String()+") AND status IS NULL",
		slices.Concat(status.args, body.args, keys.args)...)
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
