package mysql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"gazua.example/payment-api/payment"
)

// claimCancellations commits new cancellations in one transaction, or tells a member why it has none. A transaction that
// fails as a whole because of what the server says is done again in smaller parts.
func (s *Store) claimCancellations(ctx context.Context, batch []payment.NewCancellation) []payment.ClaimedCancellation {
	if n := apart(batch); n < len(batch) {
		return append(s.claimCancellations(ctx, batch[:n]), s.claimCancellations(ctx, batch[n:])...)
	}
	var claimed []payment.ClaimedCancellation
	err := inPackets(ctx, s.db, func(t *transaction) (err error) {
		claimed, err = claimCancellationsTogether(ctx, t, batch)
		return err
	})
	if err == nil {
		return claimed
	}
	if len(batch) > 1 && divisible(err) {
		return smaller(batch, err, func(part []payment.NewCancellation) []payment.ClaimedCancellation {
			return s.claimCancellations(ctx, part)
		})
	}
	claimed = make([]payment.ClaimedCancellation, len(batch))
	ctx, cancel := settling(ctx)
	defer cancel()
	for i := range batch {
		switch {
		case errors.Is(err, errAmbiguous): // for every member
			claimed[i] = s.whatBecameOf(ctx, &batch[i], err)
		default:
			claimed[i].Err = err
		}
	}
	return claimed
}

// apart is how many members at the front have a payment and a key of their own. The second of a payment needs a transaction
// after: its bound counts the first. The second of a key is told what became of the first.
func apart(batch []payment.NewCancellation) int {
	payments, keys := make(map[payment.ID]bool, len(batch)), make(map[keyName]bool, len(batch))
	for i, n := range batch {
		key := keyName{n.Merchant, n.KeyHash}
		if payments[n.Payment] || keys[key] {
			return i
		}
		payments[n.Payment], keys[key] = true, true
	}
	return len(batch)
}

// claimCancellationsTogether locks the payments' rows, in their order, and holds them to the end: nobody else allocates or
// settles a cancellation of these payments meanwhile. All that is read is read after, each by a statement of its own, and so
// is what whoever held the rows before us has committed.
func claimCancellationsTogether(ctx context.Context, t *transaction, batch []payment.NewCancellation) ([]payment.ClaimedCancellation, error) {
	ids, names := make([]payment.ID, len(batch)), make([]keyName, len(batch))
	for i, n := range batch {
		ids[i], names[i] = n.Payment, keyName{n.Merchant, n.KeyHash}
	}
	slices.Sort(ids)
	var locked list
	for _, id := range ids {
		locked.row("?", id)
	}
	if _, err := t.change(ctx, "SELECT id FROM payment WHERE id IN ("+locked.marks.String()+") FOR UPDATE", locked.args...); err != nil {
		return nil, err
	}
	keys, err := readKeys(ctx, t.conn, names)
	if err != nil {
		return nil, err
	}
	payments, err := loadPayments(ctx, t.conn, ids)
	if err != nil {
		return nil, err
	}
	before, err := loadCancellations(ctx, t.conn, ids)
	if err != nil {
		return nil, err
	}
	claimed, won := make([]payment.ClaimedCancellation, len(batch)), []*cancellationWon(nil)
	for i := range batch {
		n := &batch[i]
		if key := keys[names[i]]; key != nil {
			claimed[i].Key = key
			continue
		}
		at, found := slices.BinarySearchFunc(payments, n.Payment, func(p *payment.Payment, id payment.ID) int { return cmp.Compare(p.ID, id) })
		if !found || payments[at].Merchant != n.Merchant {
			continue
		}
		p := payments[at]
		c, err := allocated(n, p, before[p.ID])
		if err != nil {
			claimed[i].Err = err
			continue
		}
		c.KeyHash = n.KeyHash
		p.Version++
		claimed[i].Payment, claimed[i].Cancellation = p, c
		won = append(won, &cancellationWon{n, p, c})
	}
	if len(won) == 0 {
		return claimed, nil
	}
	p := t.packet()
	insertCancellations(p, won)
	return claimed, t.sendAndCommit(ctx, p)
}

// allocated asks the domain. A panic there is this member's: it must not take the committer, and with it the process, along.
func allocated(n *payment.NewCancellation, p *payment.Payment, before []*payment.Cancellation) (c *payment.Cancellation, err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			c, err = nil, fmt.Errorf("allocate a cancellation of payment %d: panic: %v", p.ID, mistake)
		}
	}()
	return n.Allocate(p, before)
}

// cancellationWon is a member whose cancellation is to be written.
type cancellationWon struct {
	claim        *payment.NewCancellation
	payment      *payment.Payment // with its new version
	cancellation *payment.Cancellation
}

// insertCancellations writes the rows: key, cancellation, refunds with their references, the payment's version, event, open
// work.
func insertCancellations(p *packet, won []*cancellationWon) {
	slices.SortFunc(won, func(a, b *cancellationWon) int { return cmp.Compare(a.payment.ID, b.payment.ID) })
	var keys, cancellations, refunds, payments, events, open list
	for _, w := range won {
		n, of, c := w.claim, w.payment, w.cancellation
		keys.row("(?,?,?,?,?,UTC_TIMESTAMP(6))", n.Merchant, n.KeyHash[:], n.RequestHash[:], c.Payment, c.Seq)
		cancellations.row("(?,?,?,?,?,?,?,?,?)", c.Payment, c.Seq, c.State, c.Version, c.Amount, c.Reason, c.Note, c.KeyHash[:], c.Created)
		addRefunds(&refunds, c)
		payments.row("?", of.ID)
		addEvent(&events, step{payment: of, cancellation: c.Seq, to: string(c.State), parts: c.RefundStates(), cause: "created", actor: n.Actor})
		owner := ""
		if n.Lease > 0 {
			owner = n.Actor
		}
		open.row("(?,?,UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,?)", c.Payment, c.Seq, micros(n.Due), nullMicros(n.Lease), owner)
	}
	p.add("INSERT INTO idempotency_key (merchant_id, key_hash, request_hash, payment_id, cancellation_seq, created_at) VALUES "+keys.marks.String(), keys.args...)
	p.add("UPDATE payment FORCE INDEX (PRIMARY) SET version = version + 1 WHERE id IN ("+payments.marks.String()+")", payments.args...)
	p.add("INSERT INTO cancellation (payment_id, seq, state, version, amount, reason, note, key_hash, created_at) VALUES "+cancellations.marks.String(), cancellations.args...)
	writeRefunds(p, &refunds)
	writeEvents(p, &events)
	p.add("INSERT INTO open_payment (payment_id, cancellation_seq, due_at, lease_until, owner) VALUES "+open.marks.String(), open.args...)
}

// whatBecameOf settles an ambiguous COMMIT by the key. The locking read waits for a transaction that still is being decided,
// so a key that is not there is not coming. One that is there is answered as any repeated request is: the refunds are
// idempotent by their references, and the resolver goes on with them.
func (s *Store) whatBecameOf(ctx context.Context, n *payment.NewCancellation, ambiguous error) payment.ClaimedCancellation {
	var found int
	err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM idempotency_key WHERE merchant_id = ? AND key_hash = ? FOR SHARE", n.Merchant, n.KeyHash[:]).Scan(&found)
	if err != nil || found == 0 {
		return payment.ClaimedCancellation{Err: ambiguous}
	}
	key, err := readKey(ctx, s.db, n.Merchant, n.KeyHash)
	if err != nil {
		return payment.ClaimedCancellation{Err: err}
	}
	return payment.ClaimedCancellation{Key: key}
}
