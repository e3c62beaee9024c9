package mysql

import (
	"context"
	"database/sql"
	"time"

	"gazua.example/payment-api/payment"
)

// Outbox is the relay's side of the store: rows that were committed with their payments and must become messages.
type Outbox struct {
	db *sql.DB
}

// NewOutbox reads the outbox of db.
func NewOutbox(db *sql.DB) *Outbox { return &Outbox{db: db} }

// OutboxRow is one message to be sent.
type OutboxRow struct {
	ID      uint64
	Payment payment.ID
	Trace   string
}

// Sent is where the broker put a row's message.
type Sent struct {
	ID        uint64
	Partition int
	Offset    int64
}

// Claim takes at most limit unsent rows for lease; no other relay sees them meanwhile. It looks at every row that is
// unsent: ids are given in the order of the inserts and not of the commits, so "after the last id seen" would lose rows. The
// index is named: it has them in that order, and the optimizer would at times rather walk over a day of sent ones.
func (o *Outbox) Claim(ctx context.Context, limit int, lease time.Duration) ([]OutboxRow, error) {
	var claimed []OutboxRow
	err := inTx(ctx, o.db, func(tx *sql.Tx) error {
		claimed = claimed[:0]
		if err := selectUnsent(ctx, tx, limit, &claimed); err != nil || len(claimed) == 0 {
			return err
		}
		args := []any{micros(lease)}
		for _, r := range claimed {
			args = append(args, r.ID)
		}
		_, err := affected(ctx, tx, "UPDATE outbox SET claimed_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND WHERE id IN ("+marks(len(claimed))+")", args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

func selectUnsent(ctx context.Context, tx *sql.Tx, limit int, into *[]OutboxRow) error {
	unsent, err := tx.QueryContext(ctx, `SELECT id, payment_id, trace FROM outbox FORCE INDEX (unsent)
		WHERE sent_at IS NULL AND (claimed_until IS NULL OR claimed_until < UTC_TIMESTAMP(6)) ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return notStored(err)
	}
	defer func() { _ = unsent.Close() }()
	for unsent.Next() {
		var r OutboxRow
		if err := unsent.Scan(&r.ID, &r.Payment, &r.Trace); err != nil {
			return notStored(err)
		}
		*into = append(*into, r)
	}
	if err := unsent.Err(); err != nil {
		return notStored(err)
	}
	return nil
}

// MarkSent records where the messages went. A crash before it sends them again, which is harmless: a message is a signal.
func (o *Outbox) MarkSent(ctx context.Context, sent []Sent) error {
	if len(sent) == 0 {
		return nil
	}
	return inTx(ctx, o.db, func(tx *sql.Tx) error {
		partition, offset := "CASE id", "CASE id"
		var partitions, offsets, ids []any
		for _, m := range sent {
			partition, offset = partition+" WHEN ? THEN ?", offset+" WHEN ? THEN ?"
			partitions = append(partitions, m.ID, m.Partition)
			offsets = append(offsets, m.ID, m.Offset)
			ids = append(ids, m.ID)
		}
		args := append(append(partitions, offsets...), ids...)
		_, err := affected(ctx, tx, "UPDATE outbox SET sent_at = UTC_TIMESTAMP(6), kafka_partition = "+partition+" END, kafka_offset = "+offset+
			" END WHERE id IN ("+marks(len(ids))+")", args...)
		return err
	})
}

// Sweep deletes at most limit rows that were sent longer than keep ago, and says how many.
func (o *Outbox) Sweep(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	result, err := o.db.ExecContext(ctx, "DELETE FROM outbox WHERE sent_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND LIMIT ?", micros(keep), limit)
	if err != nil {
		return 0, notStored(err)
	}
	return result.RowsAffected()
}
