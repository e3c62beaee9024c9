package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gazua.example/payment-api/payment"
)

// claimAll commits new payments in one transaction, or tells a member who was first. When the transaction as a whole
// fails because of what the server says (no partition for one id, a lock that was not given), each member goes alone, so
// that a bad one costs its neighbours time and nothing else.
func (s *Store) claimAll(ctx context.Context, batch []payment.NewPayment) []payment.Claimed {
	if n := distinctKeys(batch); n < len(batch) {
		return append(s.claimAll(ctx, batch[:n]), s.claimAll(ctx, batch[n:])...)
	}
	var claimed []payment.Claimed
	err := inTx(ctx, s.db, func(tx *sql.Tx) (err error) {
		claimed, err = claimTogether(ctx, tx, batch)
		return err
	})
	if err == nil {
		return claimed
	}
	claimed = make([]payment.Claimed, len(batch))
	for i := range batch {
		switch {
		case errors.Is(err, errAmbiguous): // for every member
			if !s.ownsKey(ctx, &batch[i]) {
				claimed[i].Err = err
			}
		case len(batch) > 1 && answered(err):
			claimed[i] = s.claimAll(ctx, batch[i:i+1])[0]
		case isServerError(err, errNoPartition):
			claimed[i].Err = fmt.Errorf("no partition takes payment %d; `payment-api migrate` makes them: %w", batch[i].Payment.ID, err)
		default:
			claimed[i].Err = err
		}
	}
	return claimed
}

// distinctKeys is how many members at the front have a key of their own. A repeated key needs a transaction after: what
// it is told must be what became of the first, who may yet lose its order and take the key back.
func distinctKeys(batch []payment.NewPayment) int {
	seen := make(map[keyName]bool, len(batch))
	for i := range batch {
		k := keyName{batch[i].Payment.Merchant, batch[i].Payment.KeyHash}
		if seen[k] {
			return i
		}
		seen[k] = true
	}
	return len(batch)
}

// claimTogether claims keys first, then orders, then writes the winners. The key comes before the guard, so that a
// repeated request is told of itself and not of "another payment" of its order. Both are claimed in sorted order: two
// transactions that want the same rows meet at the first of them instead of in a deadlock.
func claimTogether(ctx context.Context, tx *sql.Tx, batch []payment.NewPayment) ([]payment.Claimed, error) {
	claimed := make([]payment.Claimed, len(batch))
	rest := make([]int, len(batch)) // indexes of the members that have lost nothing yet
	for i := range rest {
		rest[i] = i
	}
	rest, err := claimKeys(ctx, tx, batch, rest, claimed)
	if err != nil {
		return nil, err
	}
	if rest, err = claimOrders(ctx, tx, batch, rest, claimed); err != nil {
		return nil, err
	}
	winners := make([]*payment.NewPayment, len(rest))
	for i, member := range rest {
		winners[i] = &batch[member]
	}
	return claimed, insertPayments(ctx, tx, winners)
}

// claimKeys inserts the keys and returns the members that own theirs; the others learn what stands there.
func claimKeys(ctx context.Context, tx *sql.Tx, batch []payment.NewPayment, members []int, claimed []payment.Claimed) ([]int, error) {
	slices.SortFunc(members, func(a, b int) int {
		p, q := batch[a].Payment, batch[b].Payment
		return cmp.Or(keyName{p.Merchant, p.KeyHash}.compare(keyName{q.Merchant, q.KeyHash}), a-b)
	})
	var keys list
	for _, i := range members {
		n := &batch[i]
		status, body := sql.NullInt64{}, []byte(nil)
		if n.Answer != nil {
			status, body = sql.NullInt64{Int64: int64(n.Answer.Status), Valid: true}, n.Answer.Body
		}
		keys.row("(?,?,?,?,?,?,UTC_TIMESTAMP(6),IF(? IS NULL, NULL, UTC_TIMESTAMP(6)))",
			n.Payment.Merchant, n.Payment.KeyHash[:], n.RequestHash[:], n.Payment.ID, status, body, status)
	}
	won, err := affected(ctx, tx, `INSERT INTO idempotency_key (merchant_id, key_hash, request_hash, payment_id, status, body, created_at, answered_at)
		VALUES `+keys.marks.String()+" ON DUPLICATE KEY UPDATE payment_id = payment_id", keys.args...)
	if err != nil || int(won) == len(members) {
		return members, err
	}
	var owners []int
	for _, i := range members {
		key, err := readKey(ctx, tx, batch[i].Payment.Merchant, batch[i].Payment.KeyHash)
		switch {
		case err != nil:
			return nil, err
		case key.Payment == batch[i].Payment.ID:
			owners = append(owners, i)
		default:
			claimed[i].Key = key
		}
	}
	return owners, nil
}

// claimOrders inserts the guards of the members that own their keys. A member whose order is taken takes its key back in
// this same transaction: a refused request leaves nothing behind.
func claimOrders(ctx context.Context, tx *sql.Tx, batch []payment.NewPayment, members []int, claimed []payment.Claimed) ([]int, error) {
	if len(members) == 0 {
		return nil, nil
	}
	slices.SortFunc(members, func(a, b int) int {
		p, q := batch[a].Payment, batch[b].Payment
		return cmp.Or(cmp.Compare(p.Merchant, q.Merchant), cmp.Compare(p.Order, q.Order), a-b)
	})
	var guards list
	for _, i := range members {
		p := batch[i].Payment
		guards.row("(?,?,?)", p.Merchant, p.Order, p.ID)
	}
	won, err := affected(ctx, tx, "INSERT INTO order_guard (merchant_id, order_id, payment_id) VALUES "+guards.marks.String()+
		" ON DUPLICATE KEY UPDATE payment_id = payment_id", guards.args...)
	if err != nil || int(won) == len(members) {
		return members, err
	}
	var winners []int
	for _, i := range members {
		p := batch[i].Payment
		holder, err := readGuard(ctx, tx, batch, p)
		if err != nil {
			return nil, err
		}
		if holder.Payment == p.ID {
			winners = append(winners, i)
			continue
		}
		claimed[i].Guard = holder
		if err := exec(ctx, tx, "DELETE FROM idempotency_key WHERE merchant_id = ? AND key_hash = ? AND payment_id = ?", p.Merchant, p.KeyHash[:], p.ID); err != nil {
			return nil, err
		}
	}
	return winners, nil
}

// readGuard reads who holds p's order. The holder may be a member of this very batch, whose row is not written yet; or its
// day was archived, and then it is PAID: FAILED frees the order, and what is not final is not archived.
func readGuard(ctx context.Context, tx *sql.Tx, batch []payment.NewPayment, p *payment.Payment) (*payment.GuardRecord, error) {
	var holder payment.GuardRecord
	err := tx.QueryRowContext(ctx, "SELECT payment_id FROM order_guard WHERE merchant_id = ? AND order_id = ?", p.Merchant, p.Order).Scan(&holder.Payment)
	if err != nil {
		return nil, notStored(err)
	}
	for i := range batch {
		if batch[i].Payment.ID == holder.Payment {
			holder.State = batch[i].Payment.State
			return &holder, nil
		}
	}
	err = tx.QueryRowContext(ctx, "SELECT state FROM payment WHERE id = ?", holder.Payment).Scan(&holder.State)
	if errors.Is(err, sql.ErrNoRows) {
		holder.State, err = payment.Paid, nil
	}
	if err != nil {
		return nil, notStored(err)
	}
	return &holder, nil
}

// insertPayments writes the rows of the winners: payment, legs, first event, open work and, asynchronous, the outbox.
func insertPayments(ctx context.Context, tx *sql.Tx, winners []*payment.NewPayment) error {
	if len(winners) == 0 {
		return nil
	}
	var payments, legs, events, open, outbox list
	for _, n := range winners {
		p := n.Payment
		payments.row("(?,?,?,?,?,?,?,?,?,UTC_TIMESTAMP(6),IF(? = 'PROCESSING', UTC_TIMESTAMP(6), NULL),UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)",
			p.ID, p.Merchant, p.Order, p.Price.Amount, p.Price.Currency, p.Mode, p.State, p.Version, p.KeyHash[:], p.State, nullMicros(n.Expires))
		addLegs(&legs, p)
		addEvent(&events, step{payment: p, to: string(p.State), parts: p.LegStates(), cause: "created", actor: n.Actor})
		owner := ""
		if n.Lease > 0 {
			owner = n.Actor
		}
		open.row("(?,UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,?)", p.ID, micros(n.Due), nullMicros(n.Lease), owner)
		if p.Mode == payment.Async {
			outbox.row("(?,?,UTC_TIMESTAMP(6))", p.ID, n.Trace)
		}
	}
	if err := exec(ctx, tx, `INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at, started_at, expires_at)
		VALUES `+payments.marks.String(), payments.args...); err != nil {
		return err
	}
	if err := writeLegs(ctx, tx, &legs); err != nil {
		return err
	}
	if err := writeEvents(ctx, tx, &events); err != nil {
		return err
	}
	if err := exec(ctx, tx, "INSERT INTO open_payment (payment_id, due_at, lease_until, owner) VALUES "+open.marks.String(), open.args...); err != nil {
		return err
	}
	if outbox.empty() {
		return nil
	}
	return exec(ctx, tx, "INSERT INTO outbox (payment_id, trace, created_at) VALUES "+outbox.marks.String(), outbox.args...)
}

// ownsKey settles an ambiguous COMMIT. The locking read waits for a transaction that still is being decided, so its
// answer is final; without an answer nobody knows, and the caller must not go on.
func (s *Store) ownsKey(ctx context.Context, n *payment.NewPayment) bool {
	var owner payment.ID
	err := s.db.QueryRowContext(ctx, "SELECT payment_id FROM idempotency_key WHERE merchant_id = ? AND key_hash = ? FOR SHARE",
		n.Payment.Merchant, n.Payment.KeyHash[:]).Scan(&owner)
	return err == nil && owner == n.Payment.ID
}
