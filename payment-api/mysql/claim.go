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

// claimAll commits new payments in one transaction, or tells a member who was first.
//
//	all in one packet, plain INSERTs ─► committed                     mostly
//	        └► a key or an order is taken ─► step by step: who lost what, the winners are committed
//	        └► the server refuses the whole (no partition for one id, a lock not given) ─► in smaller parts
//
// So a bad member costs its neighbours time and nothing else.
func (s *Store) claimAll(ctx context.Context, batch []payment.NewPayment) []payment.Claimed {
	if n := distinctKeys(batch); n < len(batch) {
		return append(s.claimAll(ctx, batch[:n]), s.claimAll(ctx, batch[n:])...)
	}
	claimed := make([]payment.Claimed, len(batch))
	err := inPackets(ctx, s.db, func(t *transaction) error {
		p := t.packet()
		addClaims(p, batch)
		return t.sendAndCommit(ctx, p)
	})
	if isServerError(err, errDuplicate) {
		err = inPackets(ctx, s.db, func(t *transaction) error {
			clear(claimed)
			return claimStepByStep(ctx, t, batch, claimed)
		})
	}
	if err == nil {
		return claimed
	}
	if len(batch) > 1 && divisible(err) {
		return smaller(batch, err, func(part []payment.NewPayment) []payment.Claimed { return s.claimAll(ctx, part) })
	}
	ctx, cancel := settling(ctx)
	defer cancel()
	for i := range batch {
		claimed[i] = payment.Claimed{}
		switch {
		case errors.Is(err, errAmbiguous) && s.ownsKey(ctx, &batch[i]):
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

// addClaims writes everything of every member; the packet fails when one key or order is taken. Keys and orders are in
// sorted order: two transactions that want the same rows meet at the first of them instead of in a deadlock.
func addClaims(p *packet, batch []payment.NewPayment) {
	members := every(batch)
	byKeys(batch, members)
	keys := keyRows(batch, members)
	p.add(insertKeys+keys.marks.String(), keys.args...)
	byOrders(batch, members)
	guards := guardRows(batch, members)
	p.add(insertGuards+guards.marks.String(), guards.args...)
	addPayments(p, batch, members)
}

// claimStepByStep claims keys first, then orders, then writes the winners. The key comes before the guard, so that a
// repeated request is told of itself and not of "another payment" of its order.
func claimStepByStep(ctx context.Context, t *transaction, batch []payment.NewPayment, claimed []payment.Claimed) error {
	rest, err := claimKeys(ctx, t, batch, every(batch), claimed) // the members that have lost nothing yet
	if err != nil {
		return err
	}
	if rest, err = claimOrders(ctx, t, batch, rest, claimed); err != nil || len(rest) == 0 {
		return err
	}
	p := t.packet()
	addPayments(p, batch, rest)
	return t.sendAndCommit(ctx, p)
}

// every member, by its index.
func every(batch []payment.NewPayment) []int {
	all := make([]int, len(batch))
	for i := range all {
		all[i] = i
	}
	return all
}

func byKeys(batch []payment.NewPayment, members []int) {
	slices.SortFunc(members, func(a, b int) int {
		p, q := batch[a].Payment, batch[b].Payment
		return cmp.Or(keyName{p.Merchant, p.KeyHash}.compare(keyName{q.Merchant, q.KeyHash}), a-b)
	})
}

func byOrders(batch []payment.NewPayment, members []int) {
	slices.SortFunc(members, func(a, b int) int {
		p, q := batch[a].Payment, batch[b].Payment
		return cmp.Or(cmp.Compare(p.Merchant, q.Merchant), cmp.Compare(p.Order, q.Order), a-b)
	})
}

const (
	insertKeys   = "INSERT INTO idempotency_key (merchant_id, key_hash, request_hash, payment_id, status, body, created_at, answered_at) VALUES "
	insertGuards = "INSERT INTO order_guard (merchant_id, order_id, payment_id) VALUES "
	orElseStay   = " ON DUPLICATE KEY UPDATE payment_id = payment_id"
)

func keyRows(batch []payment.NewPayment, members []int) (keys list) {
	for _, i := range members {
		n := &batch[i]
		if n.Answer == nil {
			keys.row("(?,?,?,?,NULL,NULL,"+now+",NULL)", n.Payment.Merchant, n.Payment.KeyHash[:], n.RequestHash[:], n.Payment.ID)
			continue
		}
		keys.row("(?,?,?,?,?,?,"+now+","+now+")",
			n.Payment.Merchant, n.Payment.KeyHash[:], n.RequestHash[:], n.Payment.ID, n.Answer.Status, n.Answer.Body)
	}
	return keys
}

func guardRows(batch []payment.NewPayment, members []int) (guards list) {
	for _, i := range members {
		p := batch[i].Payment
		guards.row("(?,?,?)", p.Merchant, p.Order, p.ID)
	}
	return guards
}

// claimKeys inserts the keys and returns the members that own theirs; the others learn what stands there.
func claimKeys(ctx context.Context, t *transaction, batch []payment.NewPayment, members []int, claimed []payment.Claimed) ([]int, error) {
	byKeys(batch, members)
	keys := keyRows(batch, members)
	won, err := t.change(ctx, insertKeys+keys.marks.String()+orElseStay, keys.args...)
	if err != nil || int(won) == len(members) {
		return members, err
	}
	names := make([]keyName, len(members))
	for at, i := range members {
		names[at] = keyName{batch[i].Payment.Merchant, batch[i].Payment.KeyHash}
	}
	found, err := readKeys(ctx, t.conn, names)
	if err != nil {
		return nil, err
	}
	var owners []int
	for at, i := range members {
		switch key := found[names[at]]; {
		case key == nil:
			return nil, notStored(errors.New("the key is gone"))
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
func claimOrders(ctx context.Context, t *transaction, batch []payment.NewPayment, members []int, claimed []payment.Claimed) ([]int, error) {
	if len(members) == 0 {
		return nil, nil
	}
	byOrders(batch, members)
	guards := guardRows(batch, members)
	won, err := t.change(ctx, insertGuards+guards.marks.String()+orElseStay, guards.args...)
	if err != nil || int(won) == len(members) {
		return members, err
	}
	var winners []int
	for _, i := range members {
		p := batch[i].Payment
		holder, err := readGuard(ctx, t.conn, batch, p)
		if err != nil {
			return nil, err
		}
		if holder.Payment == p.ID {
			winners = append(winners, i)
			continue
		}
		claimed[i].Guard = holder
		if _, err := t.change(ctx, "DELETE FROM idempotency_key WHERE merchant_id = ? AND key_hash = ? AND payment_id = ?", p.Merchant, p.KeyHash[:], p.ID); err != nil {
			return nil, err
		}
	}
	return winners, nil
}

// readGuard reads who holds p's order. The holder may be a member of this very batch, whose row is not written yet; or its
// day was archived, and then it is PAID: FAILED frees the order, and what is not final is not archived.
func readGuard(ctx context.Context, q querier, batch []payment.NewPayment, p *payment.Payment) (*payment.GuardRecord, error) {
	var holder payment.GuardRecord
	err := q.QueryRowContext(ctx, "SELECT payment_id FROM order_guard WHERE merchant_id = ? AND order_id = ?", p.Merchant, p.Order).Scan(&holder.Payment)
	if err != nil {
		return nil, notStored(err)
	}
	for i := range batch {
		if batch[i].Payment.ID == holder.Payment {
			holder.State = batch[i].Payment.State
			return &holder, nil
		}
	}
	err = q.QueryRowContext(ctx, "SELECT state FROM payment WHERE id = ?", holder.Payment).Scan(&holder.State)
	if errors.Is(err, sql.ErrNoRows) {
		holder.State, err = payment.Paid, nil
	}
	if err != nil {
		return nil, notStored(err)
	}
	return &holder, nil
}

// addPayments writes the rows of the winners: payment, legs, first event, open work and, asynchronous, the outbox.
func addPayments(packet *packet, batch []payment.NewPayment, winners []int) {
	slices.SortFunc(winners, func(a, b int) int { return cmp.Compare(batch[a].Payment.ID, batch[b].Payment.ID) })
	var payments, legs, events, open, outbox list
	for _, i := range winners {
		n := &batch[i]
		p := n.Payment
		started := "NULL"
		if p.State == payment.Processing {
			started = now
		}
		expires, expiresArgs := in(n.Expires)
		payments.row("(?,?,?,?,?,?,?,?,?,"+now+","+started+","+expires+")",
			append([]any{p.ID, p.Merchant, p.Order, p.Price.Amount, p.Price.Currency, p.Mode, p.State, p.Version, p.KeyHash[:]}, expiresArgs...)...)
		addLegs(&legs, p)
		addEvent(&events, step{payment: p, to: string(p.State), parts: p.LegStates(), cause: "created", actor: n.Actor})
		owner := ""
		if n.Lease > 0 {
			owner = n.Actor
		}
		lease, leaseArgs := in(n.Lease)
		open.row("(?,"+now+" + INTERVAL ? MICROSECOND,"+lease+",?)", append(append([]any{p.ID, micros(n.Due)}, leaseArgs...), owner)...)
		if p.Mode == payment.Async {
			outbox.row("(?,?,UTC_TIMESTAMP(6))", p.ID, n.Trace)
		}
	}
	packet.add(`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at, started_at, expires_at)
		VALUES `+payments.marks.String(), payments.args...)
	packet.add(insertLegs+legs.marks.String(), legs.args...)
	writeEvents(packet, &events)
	packet.add("INSERT INTO open_payment (payment_id, due_at, lease_until, owner) VALUES "+open.marks.String(), open.args...)
	if !outbox.empty() {
		packet.add("INSERT INTO outbox (payment_id, trace, created_at) VALUES "+outbox.marks.String(), outbox.args...)
	}
}

// ownsKey settles an ambiguous COMMIT. The locking read waits for a transaction that still is being decided, so its
// answer is final; without an answer nobody knows, and the caller must not go on.
func (s *Store) ownsKey(ctx context.Context, n *payment.NewPayment) bool {
	var owner payment.ID
	err := s.db.QueryRowContext(ctx, "SELECT payment_id FROM idempotency_key WHERE merchant_id = ? AND key_hash = ? FOR SHARE",
		n.Payment.Merchant, n.Payment.KeyHash[:]).Scan(&owner)
	return err == nil && owner == n.Payment.ID
}
