package mysql

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gazua.example/payment-api/payment"
)

// dueWork is a piece of open work that was taken.
type dueWork struct {
	payment.WorkID
	attempts int // this one included
	deferred bool
}

// Take implements payment.Store: it leases what is due, oldest first, and skips what another process is just taking. If
// we die afterwards the leases run out and the work is due again.
func (s *Store) Take(ctx context.Context, owner string, limit int, lease time.Duration) ([]payment.Task, error) {
	var due []dueWork
	err := inTx(ctx, s.db, func(tx *sql.Tx) (err error) {
		if due, err = selectDue(ctx, tx, limit); err != nil || len(due) == 0 {
			return err
		}
		args := []any{micros(lease), owner}
		var works list
		for _, d := range due {
			works.row("(?,?)", d.Payment, d.Cancellation)
		}
		return exec(ctx, tx, `UPDATE open_payment SET lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, owner = ?, attempts = attempts + 1
			WHERE (payment_id, cancellation_seq) IN (`+works.marks.String()+")", append(args, works.args...)...)
	})
	if err != nil {
		return nil, err
	}
	return s.tasks(ctx, due)
}

func selectDue(ctx context.Context, tx *sql.Tx, limit int) ([]dueWork, error) {
	found, err := tx.QueryContext(ctx, `SELECT payment_id, cancellation_seq, attempts, deferred FROM open_payment
		WHERE due_at <= UTC_TIMESTAMP(6) AND (lease_until IS NULL OR lease_until < UTC_TIMESTAMP(6))
		ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var due []dueWork
	for found.Next() {
		var d dueWork
		if err := found.Scan(&d.Payment, &d.Cancellation, &d.attempts, &d.deferred); err != nil {
			return nil, notStored(err)
		}
		d.attempts++
		due = append(due, d)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return due, nil
}

// tasks reads what the work is about. What was ended or archived since it was taken is left out.
func (s *Store) tasks(ctx context.Context, due []dueWork) ([]payment.Task, error) {
	var ids, canceled []payment.ID
	for _, d := range due {
		ids = append(ids, d.Payment)
		if d.Cancellation > 0 {
			canceled = append(canceled, d.Payment)
		}
	}
	loaded, err := s.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	payments := make(map[payment.ID]*payment.Payment, len(loaded))
	for _, p := range loaded {
		payments[p.ID] = p
	}
	cancellations := map[payment.ID][]*payment.Cancellation{}
	if len(canceled) > 0 {
		if cancellations, err = loadCancellations(ctx, s.db, canceled); err != nil {
			return nil, err
		}
	}
	var tasks []payment.Task
	for _, d := range due {
		t := payment.Task{Payment: payments[d.Payment], Attempts: d.attempts, Deferred: d.deferred}
		if d.Cancellation > 0 {
			t.Cancellation = numbered(cancellations[d.Payment], d.Cancellation)
		}
		if t.Payment == nil || d.Cancellation > 0 && t.Cancellation == nil {
			continue
		}
		own := *t.Payment // two cancellations of one payment go to two goroutines
		own.Legs = slices.Clone(own.Legs)
		t.Payment = &own
		tasks = append(tasks, t)
	}
	return tasks, nil
}

func numbered(all []*payment.Cancellation, seq uint32) *payment.Cancellation {
	if i := slices.IndexFunc(all, func(c *payment.Cancellation) bool { return c.Seq == seq }); i >= 0 {
		return all[i]
	}
	return nil
}

// Postpone implements payment.Store.
func (s *Store) Postpone(ctx context.Context, owner string, batch []payment.Later) error {
	if len(batch) == 0 {
		return nil
	}
	due, deferred := byWork("due_at", "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND"), byWork("deferred", "deferred OR ?")
	var works list
	for _, l := range batch {
		due.ofWork(l.Work, micros(l.Wait))
		deferred.ofWork(l.Work, l.Deferred)
		works.row("(?,?)", l.Work.Payment, l.Work.Cancellation)
	}
	set, args := assign(due, deferred)
	_, err := s.db.ExecContext(ctx, "UPDATE open_payment FORCE INDEX (PRIMARY) SET "+set+`, lease_until = NULL, owner = ''
		WHERE (owner IN ('', ?) OR lease_until < UTC_TIMESTAMP(6)) AND (payment_id, cancellation_seq) IN (`+works.marks.String()+")",
		slices.Concat(args, []any{owner}, works.args)...)
	if err != nil {
		return notStored(err)
	}
	return nil
}
