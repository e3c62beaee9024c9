package mysql

import (
	"context"
	"database/sql"
	"errors"
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

// Next marks what was sent, and takes at most limit unsent rows for lease; no other relay sees them meanwhile. Both share a
// transaction: a relay at work commits once a batch and not twice. Where the COMMIT is lost nobody knows whether anything was
// marked: to mark it again changes nothing, and what is never marked is sent again, which is harmless: a message is a signal.
//
// It looks at every row that is unsent: ids are given in the order of the inserts and not of the commits, so "after the last
// id seen" would lose rows. That index is named: it has them in that order, and the optimizer would at times rather walk over
// a day of sent ones. So is the primary key in the writes: a small table the optimizer would rather look through, and lock each
// row of it for a moment, in which others skip it.
func (o *Outbox) Next(ctx context.Context, sent []Sent, limit int, lease time.Duration) ([]OutboxRow, error) {
	if len(sent) == 0 {
		if waiting, err := o.waiting(ctx); err != nil || !waiting {
			return nil, err
		}
	}
	var claimed []OutboxRow
	err := inPackets(ctx, o.db, func(t *transaction) (err error) {
		p := t.packet()
		addSent(p, sent)
		if _, err := t.send(ctx, p); err != nil {
			return err
		}
		if claimed, err = selectUnsent(ctx, t.conn, limit); err != nil || len(claimed) == 0 {
			return err
		}
		args := []any{micros(lease)}
		for _, r := range claimed {
			args = append(args, r.ID)
		}
		p = t.packet()
		p.add("UPDATE outbox FORCE INDEX (PRIMARY) SET claimed_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND WHERE id IN ("+marks(len(claimed))+")", args...)
		return t.sendAndCommit(ctx, p)
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// waiting says whether there is anything to take: one statement, where a transaction that takes nothing is three.
func (o *Outbox) waiting(ctx context.Context) (bool, error) {
	var id uint64
	err := o.db.QueryRowContext(ctx, `SELECT id FROM outbox FORCE INDEX (unsent)
		WHERE sent_at IS NULL AND (claimed_until IS NULL OR claimed_until < UTC_TIMESTAMP(6)) LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, notStored(err)
	}
	return true, nil
}

func selectUnsent(ctx context.Context, q querier, limit int) ([]OutboxRow, error) {
	unsent, err := q.QueryContext(ctx, `SELECT id, payment_id, trace FROM outbox FORCE INDEX (unsent)
		WHERE sent_at IS NULL AND (claimed_until IS NULL OR claimed_until < UTC_TIMESTAMP(6)) ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = unsent.Close() }()
	var rows []OutboxRow
	for unsent.Next() {
		var r OutboxRow
		if err := unsent.Scan(&r.ID, &r.Payment, &r.Trace); err != nil {
			return nil, notStored(err)
		}
		rows = append(rows, r)
	}
	if err := unsent.Err(); err != nil {
		return nil, notStored(err)
	}
	return rows, nil
}

// addSent records where the broker has the messages.
func addSent(p *packet, sent []Sent) {
	if len(sent) == 0 {
		return
	}
	partition, offset := byID("id", "kafka_partition", "?"), byID("id", "kafka_offset", "?")
	var ids list
	for _, m := range sent {
		partition.of(m.ID, m.Partition)
		offset.of(m.ID, m.Offset)
		ids.row("?", m.ID)
	}
	set, args := assign(partition, offset)
	p.add("UPDATE outbox FORCE INDEX (PRIMARY) SET sent_at = UTC_TIMESTAMP(6), "+set+" WHERE id IN ("+ids.marks.String()+")", append(args, ids.args...)...)
}

// Sweep deletes at most limit rows that were sent longer than keep ago, and says how many. It goes by the index even where most
// of the table is old: looking through the table, a DELETE waits for each row that somebody is just inserting.
func (o *Outbox) Sweep(ctx context.Context, keep time.Duration, limit int) (int64, error) {
	result, err := o.db.ExecContext(ctx, "DELETE /*+ INDEX(outbox unsent) */ FROM outbox WHERE sent_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND LIMIT ?", micros(keep), limit)
	if err != nil {
		return 0, notStored(err)
	}
	return result.RowsAffected()
}
