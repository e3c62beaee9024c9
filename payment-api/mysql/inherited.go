package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gazua.example/payment-api/payment"
)

// Before is a moment of the database's clock; what was begun before it is told from what came later.
type Before struct {
	db       *sql.DB
	at       time.Time
	outbox   uint64 // the last row that was there
	callback uint64
}

// Inherited is what is open of the time before: counts of at most as many rows as were looked at.
type Inherited struct {
	Due       int64 // open work that anybody may take: of processes that died, or whose time has come
	Leased    int64 // a process works on it, or died less than a lease ago
	Waiting   int64 // its message is on the way, its means are away, or its next try is later
	Unsent    int64 // outbox rows that are no message yet
	Callbacks int64 // owed to merchants and due, or being sent; who failed the last time waits and is not counted
	AtLeast   bool  // a count stopped at the limit
}

// None says that nothing is left of it.
func (i Inherited) None() bool {
	return i.Due+i.Leased+i.Waiting+i.Unsent+i.Callbacks == 0 && !i.AtLeast
}

// Now marks the moment.
func Now(ctx context.Context, db *sql.DB) (Before, error) {
	b := Before{db: db}
	err := db.QueryRowContext(ctx, `SELECT UTC_TIMESTAMP(6), COALESCE((SELECT MAX(id) FROM outbox), 0), COALESCE((SELECT MAX(id) FROM callback), 0)`).
		Scan(&b.at, &b.outbox, &b.callback)
	if err != nil {
		return Before{}, fmt.Errorf("mark the moment: %w", err)
	}
	return b, nil
}

// Open counts what is left of it, in three statements that look at no more than limit rows each. A payment is of before by
// its id, which carries its API's clock; a cancellation by its own time, since it may be of an old payment.
func (b Before) Open(ctx context.Context, limit int) (Inherited, error) {
	var i Inherited
	var looked [3]int64
	row := func(into []any, query string, args ...any) error {
		if err := b.db.QueryRowContext(ctx, query, args...).Scan(into...); err != nil {
			return fmt.Errorf("count what is open of before: %w", err)
		}
		return nil
	}
	err := row([]any{&looked[0], &i.Due, &i.Leased, &i.Waiting}, `SELECT COUNT(*), COALESCE(SUM(old AND stand = 'due'), 0), COALESCE(SUM(old AND stand = 'leased'), 0),
		COALESCE(SUM(old AND stand = 'waiting'), 0) FROM (SELECT CASE WHEN o.due_at IS NULL THEN 'review' WHEN o.lease_until >= UTC_TIMESTAMP(6) THEN 'leased'
			WHEN o.due_at <= UTC_TIMESTAMP(6) THEN 'due' ELSE 'waiting' END AS stand,
			o.cancellation_seq = 0 OR (SELECT c.created_at < ? FROM cancellation c WHERE c.payment_id = o.payment_id AND c.seq = o.cancellation_seq) AS old
		FROM open_payment o FORCE INDEX (PRIMARY) WHERE o.payment_id > 0 AND o.payment_id < ? ORDER BY o.payment_id, o.cancellation_seq LIMIT ?) looked`,
		b.at, payment.FirstIDAt(b.at), limit)
	if err != nil {
		return Inherited{}, err
	}
	err = row([]any{&looked[1], &i.Unsent}, `SELECT COUNT(*), COUNT(*) FROM
		(SELECT id FROM outbox FORCE INDEX (unsent) WHERE sent_at IS NULL AND id <= ? ORDER BY id LIMIT ?) looked`, b.outbox, limit)
	if err != nil {
		return Inherited{}, err
	}
	err = row([]any{&looked[2], &i.Callbacks}, `SELECT COUNT(*), COALESCE(SUM(due_at <= UTC_TIMESTAMP(6) OR lease_until >= UTC_TIMESTAMP(6)), 0) FROM
		(SELECT due_at, lease_until FROM callback FORCE INDEX (due) WHERE state = 'PENDING' AND id <= ? LIMIT ?) looked`, b.callback, limit)
	if err != nil {
		return Inherited{}, err
	}
	for _, n := range looked {
		i.AtLeast = i.AtLeast || n >= int64(limit)
	}
	return i, nil
}
