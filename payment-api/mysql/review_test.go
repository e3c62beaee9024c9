package mysql_test

import (
	"database/sql"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func reviews(t *testing.T, s *mysql.Store) map[payment.WorkID]mysql.Reviewed {
	t.Helper()
	list, err := s.Reviews(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	found := map[payment.WorkID]mysql.Reviewed{}
	for _, r := range list {
		found[r.Work()] = r
	}
	return found
}

// inReview is a payment that waits for a person.
func inReview(t *testing.T) *payment.Payment {
	t.Helper()
	p := claimed(t, payment.Sync)
	apply(t, move(p, payment.Undoing, payment.Work{Due: time.Minute}))
	apply(t, move(load(t, p.ID), payment.Review, payment.Work{}))
	return load(t, p.ID)
}

func TestReviews_WhatWaitsForAPerson_AndNothingElse(t *testing.T) {
	p, undoing := inReview(t), claimed(t, payment.Sync)
	apply(t, move(undoing, payment.Undoing, payment.Work{Due: time.Minute}))
	ended := inReview(t)
	change(t, "UPDATE payment SET state = 'PAID' WHERE id = ?", ended.ID) // by a person, after the work was read
	canceled := paid(t, 1)
	first, second := canceling(t, canceled, 11), canceling(t, canceled, 12)
	applyCancellation(t, moveCancellation(second, payment.CancelReview))
	change(t, "UPDATE payment_event SET at = at - INTERVAL 2 HOUR WHERE payment_id IN (?, ?)", p.ID, canceled.ID)

	found := reviews(t, store())
	r, there := found[payment.WorkID{Payment: p.ID}]
	if !there || r.Cancellation != nil || len(r.Payment.Legs) != 3 || r.Payment.State != payment.Review || r.Age < 2*time.Hour || r.Age > 3*time.Hour {
		t.Errorf("the payment: %+v", r)
	}
	c, there := found[payment.WorkID{Payment: canceled.ID, Cancellation: second.Seq}]
	if !there || c.Cancellation.State != payment.CancelReview || len(c.Cancellation.Refunds) != 2 || c.Age < 2*time.Hour || c.Payment.ID != canceled.ID {
		t.Errorf("the cancellation: %+v", c)
	}
	for _, other := range []payment.WorkID{{Payment: undoing.ID}, {Payment: ended.ID}, {Payment: canceled.ID}, {Payment: canceled.ID, Cancellation: first.Seq}} {
		if _, there := found[other]; there {
			t.Errorf("%v is not in REVIEW", other)
		}
	}
	if list, err := store().Reviews(t.Context(), 1); err != nil || len(list) != 1 {
		t.Errorf("limit 1: %d, %v", len(list), err)
	}
}

// Since when counts from the last time: a payment cannot come back from REVIEW, but its cancellations go there too.
func TestReviews_SinceIsThatOfThisWork(t *testing.T) {
	canceled := paid(t, 1)
	first := canceling(t, canceled, 11)
	applyCancellation(t, moveCancellation(first, payment.CancelReview))
	change(t, "UPDATE payment_event SET at = at - INTERVAL 5 HOUR WHERE payment_id = ?", canceled.ID)
	second := canceling(t, canceled, 12)
	applyCancellation(t, moveCancellation(second, payment.CancelReview))
	found := reviews(t, store())
	if a, b := found[payment.WorkID{Payment: canceled.ID, Cancellation: 1}].Age, found[payment.WorkID{Payment: canceled.ID, Cancellation: 2}].Age; a < 5*time.Hour || b > time.Hour {
		t.Errorf("the first for %s, the second for %s", a, b)
	}
}

// sendReviews sends what REVIEW is listed with.
func sendReviews(t *testing.T, pool *sql.DB, _ *recorder) {
	p := inReview(t)
	if _, there := reviews(t, recordedStore(t, pool))[payment.WorkID{Payment: p.ID}]; !there {
		t.Fatal("not listed")
	}
}
