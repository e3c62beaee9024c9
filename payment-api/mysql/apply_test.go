package mysql_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestApply_Paid_EndsTheWork_StoresTheAnswer_KeepsTheOrder(t *testing.T) {
	p := claimed(t, payment.Sync)
	c := move(p, payment.Paid, payment.Work{})
	for i := range c.Payment.Legs {
		c.Payment.Legs[i].State, c.Payment.Legs[i].TransactionID = payment.Captured, "t-1"
		c.Payment.Legs[i].BookedAt = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	}
	c.Answer = &payment.Answer{Status: 201, Body: []byte("paid")}
	apply(t, c)
	got := load(t, p.ID)
	if got.State != payment.Paid || got.Version != 2 || got.LegStates() != "CAPTURED,CAPTURED,CAPTURED" ||
		got.Legs[0].TransactionID != "t-1" || !got.Legs[0].BookedAt.Equal(c.Payment.Legs[0].BookedAt) {
		t.Errorf("%+v", got)
	}
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM open_payment WHERE payment_id = ?":                                      0,
		"SELECT COUNT(*) FROM order_guard WHERE payment_id = ?":                                       1,
		"SELECT status FROM idempotency_key WHERE payment_id = ?":                                     201,
		"SELECT COUNT(*) FROM payment_event WHERE payment_id = ? AND seq = 2 AND to_state = 'PAID'":   1,
		"SELECT COUNT(*) FROM payment WHERE id = ? AND settled_at IS NOT NULL AND undoing_at IS NULL": 1,
	} {
		if got := number(t, query, p.ID); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestApply_Failed_FreesTheOrder_OfItsOwnOnly(t *testing.T) {
	p := claimed(t, payment.Sync)
	apply(t, move(p, payment.Failed, payment.Work{}))
	if n := number(t, "SELECT COUNT(*) FROM order_guard WHERE order_id = ?", p.Order); n != 0 {
		t.Error("the order is not free")
	}
}

func TestApply_StaleVersionOrState_MissesAndWritesNothing(t *testing.T) {
	p := claimed(t, payment.Sync)
	first := move(p, payment.Processing, payment.Work{Due: time.Second})
	apply(t, first)
	late := move(p, payment.Paid, payment.Work{})
	late.Answer = &payment.Answer{Status: 201, Body: []byte("late")}
	late.Payment.Legs[0].State = payment.Captured
	if err := store().Apply(t.Context(), []payment.Change{late})[0]; !errors.Is(err, payment.ErrMissed) {
		t.Fatalf("stale version: %v", err)
	}
	wrong := move(load(t, p.ID), payment.Paid, payment.Work{})
	wrong.From = payment.Undoing
	if err := store().Apply(t.Context(), []payment.Change{wrong})[0]; !errors.Is(err, payment.ErrMissed) {
		t.Fatalf("other state: %v", err)
	}
	got := load(t, p.ID)
	if got.Version != 2 || got.State != payment.Processing || got.Legs[0].State != payment.Pending {
		t.Errorf("a miss wrote: %+v", got)
	}
	if n := number(t, "SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ? AND status IS NOT NULL", p.ID); n != 0 {
		t.Error("a miss stored its answer")
	}
	if n := number(t, "SELECT COUNT(*) FROM payment_event WHERE payment_id = ?", p.ID); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func TestApply_Race_HasOneWinner(t *testing.T) {
	p, racing := claimed(t, payment.Sync), stores(t)
	errs := make([]error, 16)
	var start, all sync.WaitGroup
	start.Add(1)
	for i := range errs {
		c := move(p, []payment.State{payment.Paid, payment.Undoing}[i%2], payment.Work{})
		all.Go(func() { start.Wait(); errs[i] = racing[i%len(racing)].Apply(t.Context(), []payment.Change{c})[0] })
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
	if won != 1 {
		t.Errorf("%d winners: UNDOING and PAID must exclude each other", won)
	}
}

func TestApply_FirstAnswerStands(t *testing.T) {
	p := claimed(t, payment.Async) // answered 202 when it was accepted
	apply(t, move(p, payment.Processing, payment.Work{Due: time.Minute, Lease: time.Minute}))
	c := move(load(t, p.ID), payment.Paid, payment.Work{})
	c.Answer = &payment.Answer{Status: 201, Body: []byte("paid")}
	apply(t, c)
	if got := number(t, "SELECT status FROM idempotency_key WHERE payment_id = ?", p.ID); got != 202 {
		t.Errorf("the stored answer became %d", got)
	}
}

func TestApply_StampsTimesByTheDatabasesClock(t *testing.T) {
	p := claimed(t, payment.Async)
	apply(t, move(p, payment.Processing, payment.Work{Due: time.Minute, Lease: time.Minute}))
	started := load(t, p.ID)
	if started.StartedAt.IsZero() || !started.UndoingAt.IsZero() || started.ReadAt.Before(started.StartedAt) {
		t.Errorf("%+v", started)
	}
	apply(t, move(started, payment.Undoing, payment.Work{Due: time.Minute}))
	undoing := load(t, p.ID)
	apply(t, move(undoing, payment.Undoing, payment.Work{Due: time.Minute}))
	if again := load(t, p.ID); again.UndoingAt != undoing.UndoingAt || undoing.UndoingAt.IsZero() || again.StartedAt != started.StartedAt {
		t.Error("the start of UNDOING moved: the late bound counts from the first")
	}
}

func TestApply_Review_KeepsTheWorkWithoutADueTime_AndTheOrder(t *testing.T) {
	p := claimed(t, payment.Sync)
	apply(t, move(p, payment.Undoing, payment.Work{Due: time.Minute}))
	apply(t, move(load(t, p.ID), payment.Review, payment.Work{}))
	if n := number(t, "SELECT COUNT(*) FROM open_payment o JOIN order_guard g USING (payment_id) WHERE payment_id = ? AND due_at IS NULL", p.ID); n != 1 {
		t.Error("REVIEW lost its open work or its order")
	}
}
