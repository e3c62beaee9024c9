package payment_test

import (
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

func TestCreate_AllSucceed_IsPaid_AndNothingIsLeftOpen(t *testing.T) {
	w := newWorld()
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 201 || !strings.Contains(string(created.Body), `"status":"PAID"`) {
		t.Fatalf("answer %d %s, err %v", created.Status, created.Body, err)
	}
	w.mustBeRight(t)
}

func TestCreate_LegsAreCalledCouponFirstAndPGLast(t *testing.T) {
	w := newWorld()
	var order []string
	w.behave = func(op payment.Op) behaviour { order = append(order, string(op)); return works }
	if _, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "reserve reserve charge confirm confirm" {
		t.Errorf("calls: %s", got)
	}
	for i, means := range []payment.Means{payment.Coupon, payment.Point, payment.PG} {
		if got := w.only(t).payment.Legs[i]; got.Means != means || got.Seq != uint8(i+1) {
			t.Errorf("leg %d is %s with seq %d, want %s", i, got.Means, got.Seq, means)
		}
	}
}

func TestCreate_PGDeclines_Is201Failed_WithEverythingGivenBack(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, declines)
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 201 || !strings.Contains(string(created.Body), `"status":"FAILED","reason":"declined"`) {
		t.Fatalf("answer %d %s, err %v", created.Status, created.Body, err)
	}
	if got := w.only(t).payment.LegStates(); got != "RELEASED,RELEASED,DECLINED" {
		t.Errorf("legs %s", got)
	}
	if len(w.db.guards) != 0 {
		t.Error("a failed payment keeps its order")
	}
}

func TestCreate_UndoIsCommittedBeforeItsFirstCall(t *testing.T) {
	w := newWorld()
	w.behave = func(op payment.Op) behaviour {
		if op == payment.Release && w.only(t).payment.State != payment.Undoing {
			t.Errorf("a release goes out while the store says %s", w.only(t).payment.State)
		}
		return only(payment.Charge, declines)(op)
	}
	if _, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil {
		t.Fatal(err)
	}
}

func TestCreate_ReferenceIsCommittedBeforeTheFirstCall(t *testing.T) {
	w := newWorld()
	w.behave = func(payment.Op) behaviour {
		if len(w.db.rows) == 0 {
			t.Error("a call goes out before the payment is stored")
		}
		return works
	}
	if _, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil {
		t.Fatal(err)
	}
}

func TestCreate_BookedThenSilent_Is202_AndPaidByTheResolverWithoutAnUndo(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, silentAfter)
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 202 {
		t.Fatalf("answer %d, err %v", created.Status, err)
	}
	w.mustSettle(t)
	if row := w.only(t); row.payment.State != payment.Paid || !row.payment.UndoingAt.IsZero() {
		t.Errorf("%s\n%s", row.payment.State, w.Story())
	}
}

func TestCreate_NeverArrived_WaitsForTheResolveDeadline_ThenFailsInterrupted(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, silentBefore)
	begun := w.now
	if created, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil || created.Status != 202 {
		t.Fatalf("answer %d, err %v", created.Status, err)
	}
	w.mustSettle(t)
	row := w.only(t)
	if row.payment.State != payment.Failed || row.payment.Reason != payment.ReasonInterrupted {
		t.Errorf("%s(%s)", row.payment.State, row.payment.Reason)
	}
	if took := w.now.Sub(begun); took < payment.DefaultLimits().ResolveDeadline {
		t.Errorf("given up after %s: the charge might still have arrived", took)
	}
}

func TestCreate_WithoutTombstones_AbsenceCountsOnlyAfterTheLateBound(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, silentBefore)
	w.means.bound = true
	if _, err := w.create(t, 1, payment.Sync, card()); err != nil {
		t.Fatal(err)
	}
	w.mustSettle(t)
	row := w.only(t)
	if settled := w.now.Sub(row.payment.UndoingAt); settled < payment.DefaultLimits().LateBound {
		t.Errorf("called absent %s after UNDOING: a charge may arrive until %s", settled, payment.DefaultLimits().LateBound)
	}
}

func TestCreate_PGRefusesTheDial_IsFailedMeansUnavailable(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, refusesDial)
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 201 || !strings.Contains(string(created.Body), `"reason":"means-unavailable"`) {
		t.Fatalf("answer %d %s, err %v", created.Status, created.Body, err)
	}
	if got := w.only(t).payment.LegStates(); got != "RELEASED,RELEASED,ABSENT" {
		t.Errorf("legs %s", got)
	}
}
