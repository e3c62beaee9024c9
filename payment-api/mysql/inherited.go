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
	db            *sql.DB
	at            time.Time
	outbox        uint64 // the last row that was there
	callback      uint64
	cancellations map[payment.WorkID]bool // that were open: a cancellation may be new, and its payment of long ago
}

// Inherited is what is open of the time before, and is not where it would be if nothing had happened: counts of at most as many
// rows as were looked at. What somebody has looked at and put off, since a means does not say yet what became of it or is away,
// is ordinary work: it waits for its time.
type Inherited struct {
	Due       int64 // open work that anybody may take: of processes that died, or whose time has come
	Leased    int64 // a process works on it, or died less than a lease ago
	Waiting   int64 // nobody has looked at it yet: its message is on the way
	Unsent    int64 // outbox rows that are no message yet
	Callbacks int64 // owed to merchants and due, or being sent; who failed the last time waits and is not counted
	AtLeast   bool  // a count stopped at the limit
}

// None says that nothing is left of it.
func (i Inherited) None() bool {
	return i.Due+i.Leased+i.Waiting+i.Unsent+i.Callbacks == 0 && !i.AtLeast
}

// Now marks the moment. Of the open cancellations it remembers those among the first limit pieces of open work.
func Now(ctx context.Context, db *sql.DB, limit int) (Before, error) {
	b := Before{db: db, cancellations: map[payment.WorkID]bool{}}
	err := db.QueryRowContext(ctx, `SELECT UTC_TIMESTAMP(6), COALESCE((SELECT MAX(id) FROM outbox), 0), COALESCE((SELECT MAX(id) FROM callback), 0)`).
		Scan(&b.at, &b.outbox, &b.callback)
	if err != nil {
		return Before{}, fmt.Errorf("mark the moment: %w", err)
	}
	return b, b.openCancellations(ctx, limit, func(id payment.WorkID, _ string) { b.cancellations[id] = true })
}

// Open counts what is left of it, in statements that look at no more than limit rows each. A payment is of before by its id,
// which carries its API's clock.
func (b Before) Open(ctx context.Context, limit int) (Inherited, error) {
	var i Inherited
	var looked [3]int64
	row := func(into []any, query string, args ...any) error {
		if err := b.db.QueryRowContext(ctx, query, args...).Scan(into...); err != nil {
			return fmt.Errorf("count what is open of before: %w", err)
		}
		return nil
	}
	err := row([]any{&looked[0], &i.Due, &i.Leased, &i.Waiting}, `SELECT COUNT(*), COALESCE(SUM(own AND stand = 'due'), 0), COALESCE(SUM(own AND stand = 'leased'), 0),
		COALESCE(SUM(own AND stand = 'waiting'), 0) FROM (SELECT cancellation_seq = 0 AS own, `+standsNow+` AS stand
		FROM open_payment FORCE INDEX (PRIMARY) WHERE payment_id > 0 AND payment_id < ? ORDER BY payment_id, cancellation_seq LIMIT ?) looked`,
		payment.FirstIDAt(b.at), limit)
	if err != nil {
		return Inherited{}, err
	}
	err = b.openCancellations(ctx, limit, func(id payment.WorkID, stand string) {
		counted := map[string]*int64{"due": &i.Due, "leased": &i.Leased, "waiting": &i.Waiting}[stand]
		if b.cancellations[id] && counted != nil {
			*counted++
		}
	})
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

// standsNow is how a piece of open work stands.
const standsNow = `CASE WHEN due_at IS NULL THEN 'review' WHEN lease_until >= UTC_TIMESTAMP(6) THEN 'leased'
	WHEN due_at <= UTC_TIMESTAMP(6) THEN 'due' WHEN attempts = 0 AND NOT deferred THEN 'waiting' ELSE 'put off' END`

// openCancellations calls found for those among the first limit pieces of open work.
func (b Before) openCancellations(ctx context.Context, limit int, found func(id payment.WorkID, stand string)) error {
	rows, err := b.db.QueryContext(ctx, `SELECT payment_id, cancellation_seq, stand FROM (SELECT payment_id, cancellation_seq, `+standsNow+` AS stand
		FROM open_payment FORCE INDEX (PRIMARY) WHERE payment_id > 0 ORDER BY payment_id, cancellation_seq LIMIT ?) looked WHERE cancellation_seq > 0`, limit)
	if err != nil {
		return fmt.Errorf("look at open cancellations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id payment.WorkID
		var stand string
		if err := rows.Scan(&id.Payment, &id.Cancellation, &stand); err != nil {
			return fmt.Errorf("look at open cancellations: %w", err)
		}
		found(id, stand)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look at open cancellations: %w", err)
	}
	return nil
}
