package mysql

import (
	"context"
	"database/sql"

	"gazua.example/payment-api/payment"
)

// Cancellations implements payment.Store.
func (s *Store) Cancellations(ctx context.Context, id payment.ID) ([]*payment.Cancellation, error) {
	ctx, cancel := reading(ctx)
	defer cancel()
	found, err := loadCancellations(ctx, s.db, []payment.ID{id})
	return found[id], err
}

// loadCancellations reads all cancellations of these payments, by seq, with their refunds in the order of the calls: a
// payment's legs from the last to the first. Both come from one statement, so that they belong to one version.
func loadCancellations(ctx context.Context, q querier, ids []payment.ID) (map[payment.ID][]*payment.Cancellation, error) {
	found, err := q.QueryContext(ctx, `SELECT c.payment_id, c.seq, c.state, c.version, c.amount, c.reason, c.note, c.key_hash, c.created_at,
		r.leg_seq, r.means, r.amount, r.state, r.transaction_id, r.code, r.booked_at
		FROM cancellation c JOIN refund r ON r.payment_id = c.payment_id AND r.cancellation_seq = c.seq
		WHERE c.payment_id IN (`+marks(len(ids))+`) AND r.payment_id IN (`+marks(len(ids))+`) ORDER BY c.payment_id, c.seq, r.leg_seq DESC`, twice(ids)...)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	byPayment := make(map[payment.ID][]*payment.Cancellation)
	for found.Next() {
		c, refund, err := scanCancellation(found)
		if err != nil {
			return nil, notStored(err)
		}
		all := byPayment[c.Payment]
		if len(all) == 0 || all[len(all)-1].Seq != c.Seq {
			all = append(all, c)
			byPayment[c.Payment] = all
		}
		last := all[len(all)-1]
		last.Refunds = append(last.Refunds, refund)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return byPayment, nil
}

func scanCancellation(row *sql.Rows) (*payment.Cancellation, payment.Refund, error) {
	var (
		c        payment.Cancellation
		r        payment.Refund
		keyHash  []byte
		bookedAt sql.NullTime
	)
	err := row.Scan(&c.Payment, &c.Seq, &c.State, &c.Version, &c.Amount, &c.Reason, &c.Note, &keyHash, &c.Created,
		&r.Leg, &r.Means, &r.Amount, &r.State, &r.TransactionID, &r.Code, &bookedAt)
	copy(c.KeyHash[:], keyHash)
	r.BookedAt = bookedAt.Time
	return &c, r, err
}

func addRefunds(refunds *list, c *payment.Cancellation) {
	for i := range c.Refunds {
		r := &c.Refunds[i]
		refunds.row("(?,?,?,?,?,?,?,?,?,?)", c.Payment, c.Seq, r.Leg, r.Means, r.Amount, r.State, c.Reference(r), r.TransactionID, r.Code, nullTime(r.BookedAt))
	}
}

// writeRefunds inserts refunds or writes their new states; the payments' rows, which are locked, decide who may.
func writeRefunds(p *packet, refunds *list) {
	p.add(`INSERT INTO refund (payment_id, cancellation_seq, leg_seq, means, amount, state, reference, transaction_id, code, booked_at)
		VALUES `+refunds.marks.String()+` AS new
		ON DUPLICATE KEY UPDATE state = new.state, transaction_id = new.transaction_id, code = new.code, booked_at = new.booked_at`, refunds.args...)
}
