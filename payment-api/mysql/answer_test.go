package mysql_test

import (
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestAnswer_FirstStands(t *testing.T) {
	p := claimed(t, payment.Sync)
	for range 2 {
		got, err := store().Answer(t.Context(), p.Merchant, p.KeyHash, payment.Answer{Status: 202, Body: []byte("first")})
		if err != nil || got.Status != 202 || string(got.Body) != "first" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	got, err := store().Answer(t.Context(), p.Merchant, p.KeyHash, payment.Answer{Status: 201, Body: []byte("second")})
	if err != nil || got.Status != 202 || string(got.Body) != "first" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSweepKeys_TakesOldAnsweredOnes_WhoseWorkHasEnded(t *testing.T) {
	const century = 100 * 365 * 24 * time.Hour
	old := func(p *payment.Payment, hours int) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "UPDATE idempotency_key SET created_at = UTC_TIMESTAMP(6) - INTERVAL 100 YEAR - INTERVAL ? HOUR WHERE payment_id = ?", hours, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store().SweepKeys(t.Context(), century, 1000); err != nil { // what an earlier run of this test has left
		t.Fatal(err)
	}
	ended, also, young := paid(t, 1), paid(t, 1), paid(t, 1)
	unanswered, review := claimed(t, payment.Sync), claimed(t, payment.Async) // REVIEW may wait for long, and its creator has 202
	apply(t, move(review, payment.Processing, payment.Work{}))
	apply(t, move(load(t, review.ID), payment.Review, payment.Work{}))
	canceled := paid(t, 1)
	c := canceling(t, canceled, 11)
	if _, err := store().Answer(t.Context(), canceled.Merchant, c.KeyHash, payment.Answer{Status: 202}); err != nil {
		t.Fatal(err)
	}
	abandoned := claimed(t, payment.Sync) // an answer is missing, whatever became of the work
	if _, err := db.ExecContext(t.Context(), "DELETE FROM open_payment WHERE payment_id = ?", abandoned.ID); err != nil {
		t.Fatal(err)
	}
	for hours, p := range []*payment.Payment{ended, also, unanswered, abandoned, review, canceled} {
		old(p, 1000-hours)
	}
	has := func(p *payment.Payment) int {
		return number(t, "SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ?", p.ID)
	}
	sweep := func(limit int) int64 {
		t.Helper()
		n, err := store().SweepKeys(t.Context(), century, limit)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := sweep(1); n != 1 || has(ended) != 0 || has(also) != 1 {
		t.Fatalf("%d swept: the oldest goes first, one at a time", n)
	}
	if n := sweep(100); n != 2 || has(also) != 0 || has(canceled) != 1 {
		t.Errorf("%d swept, want the other one and that of the payment which is canceled", n)
	}
	if has(young) != 1 || has(unanswered) != 1 || has(abandoned) != 1 || has(review) != 1 {
		t.Error("a key went that is young, has no answer, or whose work is open")
	}
	applyCancellation(t, moveCancellation(c, payment.CancelSucceeded))
	if n := sweep(100); n != 1 || has(canceled) != 0 {
		t.Errorf("%d swept after the cancellation ended", n)
	}
	if n := sweep(100); n != 0 {
		t.Errorf("%d more", n)
	}
}
