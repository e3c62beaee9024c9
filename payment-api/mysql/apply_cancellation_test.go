package mysql_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestApplyCancellation_Succeeded_EndsTheWork_StoresTheAnswer_AndPosts(t *testing.T) {
	p := paid(t, 1)
	c := canceling(t, p, 11)
	applyCancellation(t, moveCancellation(c, payment.CancelSucceeded))
	now := load(t, p.ID)
	if now.State != payment.Paid || now.Version != 4 || now.Canceled != 11 {
		t.Errorf("%+v", now)
	}
	stored := cancellations(t, p.ID)[0]
	if stored.State != payment.CancelSucceeded || stored.Version != 2 || stored.RefundStates() != "REFUNDED,REFUNDED" ||
		stored.Refunds[0].TransactionID != "t-2" || !stored.Refunds[0].BookedAt.Equal(booked.Truncate(time.Microsecond)) {
		t.Errorf("%+v", stored)
	}
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM open_payment WHERE payment_id = ?":                                                                                                       0,
		"SELECT COUNT(*) FROM order_guard WHERE payment_id = ?":                                                                                                        1,
		"SELECT status FROM idempotency_key WHERE payment_id = ? AND cancellation_seq = 1":                                                                             201,
		"SELECT COUNT(*) FROM payment_event WHERE payment_id = ? AND seq = 4 AND cancellation_seq = 1 AND to_state = 'SUCCEEDED' AND legs = 'REFUNDED,REFUNDED'":       1,
		"SELECT COUNT(*) FROM cancellation WHERE payment_id = ? AND settled_at IS NOT NULL":                                                                            1,
		"SELECT COUNT(*) FROM journal_entry WHERE payment_id = ? AND posting = 1":                                                                                      4,
		"SELECT COUNT(*) FROM journal_entry WHERE payment_id = ? AND business_day = '2026-03-01' AND DATE(booked_at + INTERVAL 9 HOUR) = business_day AND posting = 1": 4,
		"SELECT COUNT(*) FROM callback WHERE payment_id = ?":                                                                                                           0,
	} {
		if got := number(t, query, p.ID); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	sumsToZero(t, p.ID)
}

func TestApplyCancellation_Review_KeepsTheWorkWithoutADueTime_AndFailedGivesNothing(t *testing.T) {
	p := paid(t, 1)
	c := canceling(t, p, 11)
	review := moveCancellation(c, payment.CancelReview)
	review.Cancellation.Reason = "refused"
	applyCancellation(t, review)
	if n := number(t, "SELECT COUNT(*) FROM open_payment WHERE payment_id = ? AND cancellation_seq = 1 AND due_at IS NULL", p.ID); n != 1 {
		t.Error("REVIEW lost its open work")
	}
	if n := number(t, "SELECT COUNT(*) FROM cancellation WHERE payment_id = ? AND reason = 'refused' AND settled_at IS NULL", p.ID); n != 1 {
		t.Error("REVIEW has no reason, or an end")
	}
	applyCancellation(t, moveCancellation(cancellations(t, p.ID)[0], payment.CancelFailed))
	if now := load(t, p.ID); now.Canceled != 0 || now.Version != 5 {
		t.Errorf("%+v", now)
	}
	if n := number(t, "SELECT COUNT(*) FROM open_payment WHERE payment_id = ?", p.ID); n != 0 {
		t.Error("the work of a cancellation that ended is still open")
	}
}

func TestApplyCancellation_StaleVersionOrState_MissesAndWritesNothing(t *testing.T) {
	p := paid(t, 1)
	c := canceling(t, p, 11)
	going := moveCancellation(c, payment.CancelProcessing)
	going.Work = payment.Work{Due: time.Second}
	applyCancellation(t, going)
	before := leftovers(t, p.ID)
	stale := moveCancellation(c, payment.CancelSucceeded)
	wrong := moveCancellation(cancellations(t, p.ID)[0], payment.CancelSucceeded)
	wrong.From = payment.CancelReview
	other := moveCancellation(cancellations(t, p.ID)[0], payment.CancelSucceeded)
	other.Cancellation.Seq = 2
	for _, change := range []payment.CancellationChange{stale, wrong, other} {
		if err := store().ApplyCancellation(t.Context(), []payment.CancellationChange{change})[0]; !errors.Is(err, payment.ErrMissed) {
			t.Errorf("%v", err)
		}
	}
	if after := leftovers(t, p.ID); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

func TestApplyCancellation_Race_HasOneWinner(t *testing.T) {
	p, racing := paid(t, 1), stores(t)
	c := canceling(t, p, 11)
	errs := make([]error, 16)
	var start, all sync.WaitGroup
	start.Add(1)
	for i := range errs {
		change := moveCancellation(c, []payment.CancellationState{payment.CancelSucceeded, payment.CancelReview}[i%2])
		all.Go(func() {
			start.Wait()
			errs[i] = racing[i%len(racing)].ApplyCancellation(t.Context(), []payment.CancellationChange{change})[0]
		})
	}
	start.Done()
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, payment.ErrMissed) {
			t.Errorf("%v", err)
		}
	}
	if now := load(t, p.ID); won != 1 || now.Version != 4 {
		t.Errorf("%d winners, %+v", won, now)
	}
}

// Two cancellations of one payment move its version together: no event is lost, and no number is skipped.
func TestApplyCancellation_TwoOfOnePayment_CountOnAfterEachOther(t *testing.T) {
	p, racing := paid(t, 1), stores(t)
	var all sync.WaitGroup
	for i := range 4 {
		c := canceling(t, p, int64(2+i))
		all.Go(func() {
			if err := racing[i].ApplyCancellation(t.Context(), []payment.CancellationChange{moveCancellation(c, payment.CancelSucceeded)})[0]; err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if now := load(t, p.ID); now.Version != 10 || now.Canceled != 2+3+4+5 {
		t.Errorf("%+v", now)
	}
	if n := number(t, "SELECT COUNT(*) FROM payment_event WHERE payment_id = ? AND seq <= 10", p.ID); n != 10 {
		t.Errorf("%d events", n)
	}
	sumsToZero(t, p.ID)
}

// The callback of a cancellation is made from the payment as its own transaction leaves it.
func TestApplyCancellation_Callback_OnlyWhereTheCreatorWasAnswered202(t *testing.T) {
	merchant, mute := registered(t, "https://shop.example/callbacks"), registered(t, "")
	for _, c := range []struct {
		name     string
		merchant payment.MerchantID
		answer   int
		want     int
	}{
		{"not answered yet", merchant, 0, 0},
		{"answered 202", merchant, 202, 1},
		{"answered 202, nowhere to call", mute, 202, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := paid(t, c.merchant)
			canceled := canceling(t, p, 11)
			if c.answer != 0 {
				if _, err := store().Answer(t.Context(), p.Merchant, canceled.KeyHash, payment.Answer{Status: c.answer, Body: []byte("look there")}); err != nil {
					t.Fatal(err)
				}
			}
			applyCancellation(t, moveCancellation(canceled, payment.CancelSucceeded))
			body := fmt.Sprintf("v%d canceled %d", 4, 11)
			if n := number(t, `SELECT COUNT(*) FROM callback WHERE payment_id = ? AND cancellation_seq = 1 AND version = 4 AND merchant_id = ? AND type = 'cancellation.succeeded'
				AND body = ? AND state = 'PENDING' AND due_at <= UTC_TIMESTAMP(6) AND attempts = 0`, p.ID, p.Merchant, body); n != c.want {
				t.Errorf("%d callbacks, want %d", n, c.want)
			}
		})
	}
}
