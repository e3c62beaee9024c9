package mysql

import (
	"context"
	"fmt"
	"time"

	"gazua.example/payment-api/payment"
)

// Reviewed is a payment or a cancellation that waits for a person.
type Reviewed struct {
	Payment      *payment.Payment
	Cancellation *payment.Cancellation // nil: the payment itself
	Since        time.Time             // when it went to REVIEW
	Age          time.Duration         // since then, by the database's clock
}

// Work names it, as the verdict does.
func (r *Reviewed) Work() payment.WorkID {
	w := payment.WorkID{Payment: r.Payment.ID}
	if r.Cancellation != nil {
		w.Cancellation = r.Cancellation.Seq
	}
	return w
}

// Reviews reads at most limit of what is in REVIEW, the oldest payments first. REVIEW is open work without a due time, so
// no partition is looked through.
func (s *Store) Reviews(ctx context.Context, limit int) ([]Reviewed, error) {
	works, err := s.reviewedWork(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("read what is in REVIEW: %w", err)
	}
	tasks, err := s.tasks(ctx, works)
	if err != nil {
		return nil, fmt.Errorf("read what is in REVIEW: %w", err)
	}
	var list []Reviewed
	for _, t := range tasks {
		r := Reviewed{Payment: t.Payment, Cancellation: t.Cancellation}
		if c := t.Cancellation; c == nil && t.Payment.State != payment.Review || c != nil && c.State != payment.CancelReview {
			continue // a person has just ended it
		}
		if err := s.since(ctx, &r); err != nil {
			return nil, fmt.Errorf("read the history of payment %d: %w", t.Payment.ID, err)
		}
		list = append(list, r)
	}
	return list, nil
}

func (s *Store) reviewedWork(ctx context.Context, limit int) ([]dueWork, error) {
	found, err := s.db.QueryContext(ctx, "SELECT payment_id, cancellation_seq FROM open_payment WHERE due_at IS NULL ORDER BY payment_id, cancellation_seq LIMIT ?", limit)
	if err != nil {
		return nil, notStored(err)
	}
	defer func() { _ = found.Close() }()
	var works []dueWork
	for found.Next() {
		var w dueWork
		if err := found.Scan(&w.Payment, &w.Cancellation); err != nil {
			return nil, notStored(err)
		}
		works = append(works, w)
	}
	if err := found.Err(); err != nil {
		return nil, notStored(err)
	}
	return works, nil
}

func (s *Store) since(ctx context.Context, r *Reviewed) error {
	w := r.Work()
	err := s.db.QueryRowContext(ctx, "SELECT at FROM payment_event WHERE payment_id = ? AND cancellation_seq = ? AND to_state = 'REVIEW' ORDER BY seq DESC LIMIT 1",
		w.Payment, w.Cancellation).Scan(&r.Since)
	if err != nil {
		return notStored(err)
	}
	r.Age = r.Payment.ReadAt.Sub(r.Since)
	return nil
}
