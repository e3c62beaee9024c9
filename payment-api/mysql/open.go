package mysql

import (
	"context"
	"database/sql"
	"time"

	"gazua.example/payment-api/payment"
)

// Take implements payment.Store: it leases what is due, oldest first, and skips what another process is just taking. If
// we die afterwards the leases run out and the work is due again.
func (s *Store) Take(ctx context.Context, owner string, limit int, lease time.Duration) ([]payment.Task, error) {
	attempts := map[payment.ID]int{}
	var ids []payment.ID
	err := inTx(ctx, s.db, func(tx *sql.Tx) error {
		clear(attempts)
		ids = ids[:0]
		if err := selectDue(ctx, tx, limit, func(id payment.ID, taken int) {
			ids = append(ids, id)
			attempts[id] = taken + 1
		}); err != nil || len(ids) == 0 {
			return err
		}
		args := []any{micros(lease), owner}
		for _, id := range ids {
			args = append(args, id)
		}
		_, err := affected(ctx, tx, `UPDATE open_payment SET lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, owner = ?, attempts = attempts + 1
			WHERE cancellation_seq = 0 AND payment_id IN (`+marks(len(ids))+")", args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	loaded, err := s.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	tasks := make([]payment.Task, len(loaded))
	for i, p := range loaded {
		tasks[i] = payment.Task{Payment: p, Attempts: attempts[p.ID]}
	}
	return tasks, nil
}

func selectDue(ctx context.Context, tx *sql.Tx, limit int, found func(id payment.ID, attempts int)) error {
	due, err := tx.QueryContext(ctx, `SELECT payment_id, attempts FROM open_payment
		WHERE due_at <= UTC_TIMESTAMP(6) AND (lease_until IS NULL OR lease_until < UTC_TIMESTAMP(6)) AND cancellation_seq = 0
		ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return notStored(err)
	}
	defer func() { _ = due.Close() }()
	for due.Next() {
		var id payment.ID
		var attempts int
		if err := due.Scan(&id, &attempts); err != nil {
			return notStored(err)
		}
		found(id, attempts)
	}
	if err := due.Err(); err != nil {
		return notStored(err)
	}
	return nil
}
