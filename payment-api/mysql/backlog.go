package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gazua.example/payment-api/payment"
)

// Backlog is what waits: counts that stop at the limit they were asked with, and for how long the oldest has waited.
type Backlog struct {
	Unsent       int64 // outbox rows that are no message yet
	OldestUnsent time.Duration

	// Open work, each piece in one of these.
	Due      int64 // anybody may take it now
	Leased   int64 // a process works on it
	Deferred int64 // waits for its means to come back
	Waiting  int64 // not due yet: its message is on the way, or its next try is later
	Review   int64 // waits for a person

	Oldest payment.ID // the oldest payment that is not final, reviews left out; 0: there is none
}

// CountUnsent counts the outbox rows that are no message yet, up to limit.
func CountUnsent(ctx context.Context, db *sql.DB, limit int) (n int, err error) {
	err = db.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT id FROM outbox FORCE INDEX (unsent) WHERE sent_at IS NULL LIMIT ?) unsent", limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the outbox: %w", err)
	}
	return n, nil
}

// CountBacklog reads it in two statements that look at no more than limit rows each, the oldest first.
func CountBacklog(ctx context.Context, db *sql.DB, limit int) (Backlog, error) {
	var b Backlog
	var oldest int64
	err := db.QueryRowContext(ctx, `SELECT n, COALESCE((SELECT TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6)) FROM outbox WHERE id = first), 0)
		FROM (SELECT COUNT(*) AS n, MIN(id) AS first FROM (SELECT id FROM outbox FORCE INDEX (unsent) WHERE sent_at IS NULL ORDER BY id LIMIT ?) unsent) counted`, limit).
		Scan(&b.Unsent, &oldest)
	if err != nil {
		return Backlog{}, fmt.Errorf("count the outbox: %w", err)
	}
	b.OldestUnsent = time.Duration(oldest) * time.Microsecond
	err = db.QueryRowContext(ctx, `SELECT COALESCE(SUM(stand = 'due'), 0), COALESCE(SUM(stand = 'leased'), 0), COALESCE(SUM(stand = 'deferred'), 0),
		COALESCE(SUM(stand = 'waiting'), 0), COALESCE(SUM(stand = 'review'), 0), COALESCE(MIN(IF(stand <> 'review' AND cancellation_seq = 0, payment_id, NULL)), 0)
		FROM (SELECT payment_id, cancellation_seq, CASE WHEN due_at IS NULL THEN 'review' WHEN lease_until >= UTC_TIMESTAMP(6) THEN 'leased'
			WHEN deferred THEN 'deferred' WHEN due_at <= UTC_TIMESTAMP(6) THEN 'due' ELSE 'waiting' END AS stand
			FROM open_payment FORCE INDEX (PRIMARY) WHERE payment_id > 0 ORDER BY payment_id, cancellation_seq LIMIT ?) counted`, limit).
		Scan(&b.Due, &b.Leased, &b.Deferred, &b.Waiting, &b.Review, &b.Oldest)
	if err != nil {
		return Backlog{}, fmt.Errorf("count the open work: %w", err)
	}
	return b, nil
}
