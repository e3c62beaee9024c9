package monitor

import (
	"context"
	"database/sql"
	"fmt"
)

// work counts what is not done yet, in one statement that the server gives up by itself after half a second. It reads what
// is not committed too: a count needs no snapshot, and without one the server neither rebuilds old versions of the rows that
// are changed most, nor keeps them for us.
type work struct{ db *sql.DB }

const workQuery = `SELECT /*+ MAX_EXECUTION_TIME(500) */ o.open, o.review,
		(SELECT TIMESTAMPDIFF(MICROSECOND, p.created_at, UTC_TIMESTAMP(6)) / 1e6 FROM payment p WHERE p.id = o.first),
		(SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL),
		(SELECT TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6)) / 1e6 FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT 1),
		(SELECT COUNT(*) FROM callback WHERE state = 'PENDING')
	FROM (SELECT COUNT(due_at) AS open, COUNT(*) - COUNT(due_at) AS review,
		MIN(IF(due_at IS NOT NULL AND cancellation_seq = 0, payment_id, NULL)) AS first FROM open_payment) AS o`

func (w *work) read(ctx context.Context) (Values, error) {
	var open, review, unsent, callbacks float64
	var oldest, message sql.NullFloat64
	err := w.db.QueryRowContext(ctx, workQuery).Scan(&open, &review, &oldest, &unsent, &message, &callbacks)
	if err != nil {
		return nil, fmt.Errorf("count the open work: %w", err)
	}
	v := Values{}
	v.put("work", "open", open)
	v.put("work", "review", review)
	v.put("work", "oldest_open_s", max(oldest.Float64, 0)) // nothing open: 0
	v.put("work", "outbox_unsent", unsent)
	v.put("work", "outbox_oldest_s", max(message.Float64, 0))
	v.put("work", "callbacks_pending", callbacks)
	return v, nil
}
