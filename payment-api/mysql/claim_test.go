package mysql_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestClaim_StoresEverythingBeforeACall(t *testing.T) {
	for _, mode := range []payment.Mode{payment.Sync, payment.Async} {
		n := fresh(mode)
		if got := store().Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
			t.Fatalf("%+v", got)
		}
		id := n.Payment.ID
		for query, want := range map[string]int{
			"SELECT COUNT(*) FROM payment WHERE id = ?":                             1,
			"SELECT COUNT(*) FROM payment_leg WHERE payment_id = ?":                 3,
			"SELECT COUNT(*) FROM payment_event WHERE payment_id = ? AND seq = 1":   1,
			"SELECT COUNT(*) FROM open_payment WHERE payment_id = ?":                1,
			"SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ?":             1,
			"SELECT COUNT(*) FROM order_guard WHERE payment_id = ?":                 1,
			"SELECT COUNT(*) FROM outbox WHERE payment_id = ? AND sent_at IS NULL":  map[payment.Mode]int{payment.Async: 1}[mode],
			"SELECT COUNT(*) FROM payment WHERE id = ? AND started_at IS NOT NULL":  map[payment.Mode]int{payment.Sync: 1}[mode],
			"SELECT COUNT(*) FROM payment WHERE id = ? AND expires_at IS NOT NULL":  map[payment.Mode]int{payment.Async: 1}[mode],
			"SELECT COUNT(*) FROM open_payment WHERE payment_id = ? AND owner = ''": map[payment.Mode]int{payment.Async: 1}[mode],
		} {
			if got := number(t, query, id); got != want {
				t.Errorf("%s, %s: %d, want %d", mode, query, got, want)
			}
		}
		p := load(t, id)
		if got := p.Reference(&p.Legs[2]); got != id.String()+".3" {
			t.Errorf("reference %s", got)
		}
	}
}

func TestClaim_SameKey_FindsTheFirst_AndLeavesNothing(t *testing.T) {
	first := fresh(payment.Async)
	second := fresh(payment.Async)
	second.Payment.KeyHash = first.Payment.KeyHash
	got := store().Claim(t.Context(), []payment.NewPayment{first, second})
	if got[0] != (payment.Claimed{}) {
		t.Fatalf("first: %+v", got[0])
	}
	key := got[1].Key
	if key == nil || key.Payment != first.Payment.ID || key.RequestHash != first.RequestHash || string(key.Answer.Body) != "accepted" {
		t.Fatalf("second: %+v", got[1])
	}
	if n := number(t, "SELECT COUNT(*) FROM order_guard WHERE order_id = ?", second.Payment.Order); n != 0 {
		t.Error("the second left its guard behind")
	}
}

func TestClaim_KeyInProgress_HasNoAnswer(t *testing.T) {
	first := fresh(payment.Sync)
	again := first
	copied := *first.Payment
	copied.ID = ids.Next()
	again.Payment = &copied
	got := store().Claim(t.Context(), []payment.NewPayment{first, again})
	if got[1].Key == nil || got[1].Key.Answer != nil {
		t.Fatalf("%+v", got[1])
	}
}

func TestClaim_SameOrder_FindsTheHolder_AndLeavesNoKey(t *testing.T) {
	first, second := fresh(payment.Sync), fresh(payment.Sync)
	second.Payment.Order = first.Payment.Order
	got := store().Claim(t.Context(), []payment.NewPayment{first, second})
	if got[1].Guard == nil || *got[1].Guard != (payment.GuardRecord{Payment: first.Payment.ID, State: payment.Processing}) {
		t.Fatalf("%+v", got[1])
	}
	if n := number(t, "SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ?", second.Payment.ID); n != 0 {
		t.Error("a refused request left its key behind")
	}
}

func TestClaim_SameOrderOfAnotherMerchant_IsNotTheSameOrder(t *testing.T) {
	first, second := fresh(payment.Sync), fresh(payment.Sync)
	second.Payment.Order, second.Payment.Merchant = first.Payment.Order, 2
	if got := store().Claim(t.Context(), []payment.NewPayment{first, second}); got[1] != (payment.Claimed{}) {
		t.Fatalf("%+v", got[1])
	}
}

// Many at once with one key, and many at once for one order: one wins, all the others are told of it.
func TestClaim_Race_HasOneWinner(t *testing.T) {
	for _, same := range []string{"key", "order"} {
		t.Run(same, func(t *testing.T) {
			const racers = 24
			base, racing := fresh(payment.Sync), stores(t)
			got := make([]payment.Claimed, racers)
			var start, all sync.WaitGroup
			start.Add(1)
			for i := range racers {
				n := fresh(payment.Sync)
				if same == "key" {
					n.Payment.KeyHash = base.Payment.KeyHash
				} else {
					n.Payment.Order = base.Payment.Order
				}
				all.Go(func() {
					start.Wait()
					got[i] = racing[i%len(racing)].Claim(t.Context(), []payment.NewPayment{n})[0]
				})
			}
			start.Done()
			all.Wait()
			won := 0
			for i, c := range got {
				switch {
				case c.Err != nil:
					t.Errorf("racer %d: %v", i, c.Err)
				case c == (payment.Claimed{}):
					won++
				}
			}
			if won != 1 {
				t.Errorf("%d winners", won)
			}
		})
	}
}

func TestClaim_NoPartition_IsRefused_AndLeavesNothing(t *testing.T) {
	n := fresh(payment.Sync)
	n.Payment.ID = payment.FirstIDAt(time.Now().AddDate(0, 0, 30))
	got := store().Claim(t.Context(), []payment.NewPayment{n})[0]
	if got.Err == nil || !strings.Contains(got.Err.Error(), "no partition") {
		t.Fatalf("%+v", got)
	}
	if left := number(t, "SELECT (SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ?) + (SELECT COUNT(*) FROM order_guard WHERE payment_id = ?)",
		n.Payment.ID, n.Payment.ID); left != 0 {
		t.Errorf("%d rows left behind", left)
	}
}

func TestClaim_BadMember_NeverFailsItsNeighbours(t *testing.T) {
	good, bad, alsoGood := fresh(payment.Sync), fresh(payment.Sync), fresh(payment.Sync)
	bad.Payment.ID = payment.FirstIDAt(time.Now().AddDate(0, 0, 30))
	got := store().Claim(t.Context(), []payment.NewPayment{good, bad, alsoGood})
	if got[0] != (payment.Claimed{}) || got[1].Err == nil || got[2] != (payment.Claimed{}) {
		t.Errorf("%+v", got)
	}
}
