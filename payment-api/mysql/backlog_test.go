package mysql_test

import (
	"testing"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// The tests of this package share a database, so only what one more piece changes is told.
func TestCountBacklog_EachPieceOfOpenWork_IsCountedOnce_AsItStands(t *testing.T) {
	nothingOpen(t)
	for name, c := range map[string]struct {
		set  string
		read func(mysql.Backlog) int64
	}{
		"due":      {"due_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, lease_until = NULL", func(b mysql.Backlog) int64 { return b.Due }},
		"leased":   {"due_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR", func(b mysql.Backlog) int64 { return b.Leased }},
		"expired":  {"due_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR", func(b mysql.Backlog) int64 { return b.Due }},
		"deferred": {"due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, lease_until = NULL, deferred = 1", func(b mysql.Backlog) int64 { return b.Deferred }},
		"waiting":  {"due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, lease_until = NULL", func(b mysql.Backlog) int64 { return b.Waiting }},
		"review":   {"due_at = NULL, lease_until = NULL", func(b mysql.Backlog) int64 { return b.Review }},
	} {
		t.Run(name, func(t *testing.T) {
			before := backlog(t)
			p := claimed(t, payment.Async)
			change(t, "UPDATE open_payment SET "+c.set+" WHERE payment_id = ?", p.ID)
			defer change(t, "DELETE FROM open_payment WHERE payment_id = ?", p.ID)
			after := backlog(t)
			if got, was := c.read(after), c.read(before); got != was+1 {
				t.Errorf("%d before, %d after", was, got)
			}
			all := func(b mysql.Backlog) int64 { return b.Due + b.Leased + b.Deferred + b.Waiting + b.Review }
			if all(after) != all(before)+1 || after.Unsent != before.Unsent+1 {
				t.Errorf("before %+v, after %+v", before, after)
			}
		})
	}
}

func TestCountBacklog_TheOldestPending_IsNoReview_AndTheLimitBounds(t *testing.T) {
	claimed(t, payment.Async) // a newer one, and an outbox row
	change(t, "INSERT INTO open_payment (payment_id, due_at) VALUES (1, UTC_TIMESTAMP(6))")
	defer change(t, "DELETE FROM open_payment WHERE payment_id = 1")
	if got := backlog(t).Oldest; got != 1 {
		t.Errorf("the oldest is %d, want 1", got)
	}
	b, err := mysql.CountBacklog(t.Context(), db, 1)
	if err != nil || b.Unsent != 1 || b.Due != 1 || b.Leased+b.Deferred+b.Waiting+b.Review != 0 || b.OldestUnsent <= 0 {
		t.Errorf("%+v, %v", b, err)
	}
	change(t, "UPDATE open_payment SET due_at = NULL WHERE payment_id = 1")
	if got := backlog(t).Oldest; got <= 1 {
		t.Errorf("the oldest besides the review is %d", got)
	}
}

func backlog(t *testing.T) mysql.Backlog {
	t.Helper()
	b, err := mysql.CountBacklog(t.Context(), db, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
