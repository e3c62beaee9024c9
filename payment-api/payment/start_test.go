package payment_test

import (
	"errors"
	"testing"

	"gazua.example/payment-api/payment"
)

func TestStart_MeansAreBack_DeferredPaymentIsPaid(t *testing.T) {
	w := newWorld()
	refused := 0
	w.behave = func(op payment.Op) behaviour {
		if op == payment.Charge && refused < 3 {
			refused++
			return refusesDial
		}
		return works
	}
	w.begin(payment.Async, card())
	w.mustSettle(t)
	if row := w.only(t); row.payment.State != payment.Paid || refused != 3 {
		t.Errorf("%s after %d refusals\n%s", row.payment.State, refused, w.Story())
	}
}

func TestStart_Late_IsFailedExpired_WithoutACall(t *testing.T) {
	w := newWorld()
	w.behave = func(op payment.Op) behaviour { t.Errorf("%s goes out", op); return works }
	if _, err := w.create(t, 1, payment.Async, threeLegs()); err != nil {
		t.Fatal(err)
	}
	w.pass(payment.DefaultLimits().Expires)
	if _, err := w.service("worker").Start(t.Context(), w.only(t).payment.ID); err != nil {
		t.Fatal(err)
	}
	if row := w.only(t); row.payment.State != payment.Failed || row.payment.Reason != payment.ReasonExpired {
		t.Errorf("%s(%s)", row.payment.State, row.payment.Reason)
	}
}

func TestStart_Twice_SettlesOnce(t *testing.T) {
	w := newWorld()
	if _, err := w.create(t, 1, payment.Async, threeLegs()); err != nil {
		t.Fatal(err)
	}
	id := w.only(t).payment.ID
	for range 2 {
		if found, err := w.service("worker").Start(t.Context(), id); err != nil || !found {
			t.Fatalf("found %t, err %v", found, err)
		}
	}
	w.mustBeRight(t)
}

func TestStart_PanicInTheDomain_LeavesThePaymentOpen_AndTheWorkerAlive(t *testing.T) {
	w := newWorld()
	if _, err := w.create(t, 1, payment.Async, threeLegs()); err != nil {
		t.Fatal(err)
	}
	w.only(t).payment.Legs[0].State = payment.Captured // no state that an accepted payment can be in
	worker := w.service("worker")
	w.run(func() {
		if found, err := worker.Start(t.Context(), w.only(t).payment.ID); !found || !errors.Is(err, payment.ErrMissed) {
			t.Errorf("found %t, err %v", found, err)
		}
	})
	if len(w.only(t).work) == 0 {
		t.Error("the payment is nobody's work any more")
	}
}

func TestStart_NoSuchPayment_IsNotFound(t *testing.T) {
	if found, err := newWorld().service("worker").Start(t.Context(), 7); found || err != nil {
		t.Errorf("found %t, err %v", found, err)
	}
}
