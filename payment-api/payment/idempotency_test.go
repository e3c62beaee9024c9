package payment_test

import (
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestCreate_SameKeySameRequest_GetsTheSameBytes(t *testing.T) {
	for _, mode := range []payment.Mode{payment.Sync, payment.Async} {
		w := newWorld()
		first, err := w.create(t, 1, mode, threeLegs())
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.create(t, 1, mode, threeLegs())
		if err != nil || !again.Replayed || again.Status != first.Status || string(again.Body) != string(first.Body) || again.Payment != first.Payment {
			t.Errorf("%s: first %d %s, then %d %s (replayed %t, err %v)", mode, first.Status, first.Body, again.Status, again.Body, again.Replayed, err)
		}
	}
}

func TestCreate_SameKeyOtherRequest_IsKeyReused(t *testing.T) {
	w := newWorld()
	if _, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil {
		t.Fatal(err)
	}
	other := threeLegs()
	other.OrderID = "o-2"
	_, err := w.create(t, 1, payment.Sync, other)
	wantKind(t, err, payment.KindKeyReused)
	w.only(t)
}

func TestCreate_SameKeyWhileInProgress_IsInProgress(t *testing.T) {
	w := newWorld()
	w.dieAt = 3 // right after the claim
	w.begin(payment.Sync, threeLegs())
	w.dieAt = 0
	_, err := w.create(t, 1, payment.Sync, threeLegs())
	if wantKind(t, err, payment.KindInProgress).RetryAfter == 0 {
		t.Error("no Retry-After")
	}
	w.mustSettle(t)
	if again, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil || again.Status != 201 || !again.Replayed {
		t.Errorf("after the resolver: %d, replayed %t, err %v", again.Status, again.Replayed, err)
	}
}

func TestCreate_OrderGuard(t *testing.T) {
	w := newWorld()
	if _, err := w.create(t, 1, payment.Async, threeLegs()); err != nil {
		t.Fatal(err)
	}
	_, err := w.create(t, 2, payment.Sync, threeLegs())
	if e := wantKind(t, err, payment.KindOrderBusy); e.Payment != w.only(t).payment.ID || e.RetryAfter == 0 {
		t.Errorf("%+v", e)
	}
	w.mustSettle(t)
	_, err = w.create(t, 2, payment.Sync, threeLegs())
	wantKind(t, err, payment.KindOrderPaid)
}

func TestCreate_OrderOfAFailedPayment_IsFreeAgain(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, declines)
	if _, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil {
		t.Fatal(err)
	}
	w.behave = func(payment.Op) behaviour { return works }
	w.pass(time.Millisecond) // another API would have another node; this one needs another millisecond for another id
	if second, err := w.create(t, 2, payment.Sync, threeLegs()); err != nil || !strings.Contains(string(second.Body), `"PAID"`) {
		t.Errorf("%s, err %v", second.Body, err)
	}
}

func TestGet_AnothersPayment_IsNotFound(t *testing.T) {
	w := newWorld()
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.service("api").Get(t.Context(), 1, created.Payment); err != nil {
		t.Errorf("its own: %v", err)
	}
	_, err = w.service("api").Get(t.Context(), 2, created.Payment)
	wantKind(t, err, payment.KindNotFound)
}
