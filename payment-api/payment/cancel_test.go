package payment_test

import (
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestCancel_Whole_IsSucceeded_AndNothingIsLive(t *testing.T) {
	w, row := paid(t, threeLegs())
	canceled, err := w.cancel(t, 1, row.payment.ID, 0)
	if err != nil || canceled.Status != 201 || !strings.Contains(string(canceled.Body), `"seq":1,"status":"SUCCEEDED","amount":6000`) {
		t.Fatalf("answer %d %s, err %v", canceled.Status, canceled.Body, err)
	}
	if row.payment.State != payment.Paid || row.payment.Canceled != 6000 {
		t.Errorf("the payment is %s, canceled %d", row.payment.State, row.payment.Canceled)
	}
	w.mustBeRight(t)
}

func TestCancel_GivesBackPGFirstAndCouponLast(t *testing.T) {
	w, row := paid(t, threeLegs())
	var order []string
	w.behave = func(payment.Op) behaviour { order = append(order, string(w.asked.Leg.Means)); return works }
	if _, err := w.cancel(t, 1, row.payment.ID, 0); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "PG POINT COUPON" {
		t.Errorf("asked %s", got)
	}
}

func TestCancel_ReferenceIsCommittedBeforeTheCall(t *testing.T) {
	w, row := paid(t, card())
	w.behave = func(payment.Op) behaviour {
		if len(row.cancellations) != 1 || row.cancellations[0].State != payment.CancelProcessing {
			t.Error("a refund goes out before its cancellation is stored")
		}
		if got := w.asked.Reference(); got != row.payment.ID.String()+".1.1" {
			t.Errorf("reference %s", got)
		}
		return works
	}
	if _, err := w.cancel(t, 1, row.payment.ID, 4); err != nil {
		t.Fatal(err)
	}
}

func TestCancel_PGRefuses_IsFailed_AndNothingElseIsTouched(t *testing.T) {
	w, row := paid(t, threeLegs())
	w.sent = nil
	w.behave = only(payment.GiveBack, declines)
	canceled, err := w.cancel(t, 1, row.payment.ID, 0)
	if err != nil || canceled.Status != 201 || !strings.Contains(string(canceled.Body), `"status":"FAILED"`) || !strings.Contains(string(canceled.Body), `"reason":"refused"`) {
		t.Fatalf("answer %d %s, err %v", canceled.Status, canceled.Body, err)
	}
	if got := row.cancellations[0].RefundStates(); got != "REFUSED,ABSENT,ABSENT" || len(w.sent) != 1 {
		t.Errorf("%s after %d calls", got, len(w.sent))
	}
	w.mustBeRight(t)
}

func TestCancel_PointsRefuseAfterThePG_IsReview_AndKeepsWhatItClaimed(t *testing.T) {
	w, row := paid(t, threeLegs())
	w.behave = func(payment.Op) behaviour {
		if w.asked.Leg.Means == payment.Point {
			return declines
		}
		return works
	}
	canceled, err := w.cancel(t, 1, row.payment.ID, 0)
	if err != nil || canceled.Status != 202 || !strings.Contains(string(canceled.Body), `"status":"PROCESSING"`) {
		t.Fatalf("answer %d %s, err %v", canceled.Status, canceled.Body, err)
	}
	if c := row.cancellations[0]; c.State != payment.CancelReview || c.RefundStates() != "REFUNDED,REFUSED,ABSENT" {
		t.Fatalf("%s: %s", c.State, c.RefundStates())
	}
	if len(row.work) != 1 || !row.work[0].parked {
		t.Error("a person cannot find it")
	}
	_, err = w.cancel(t, 2, row.payment.ID, 0)
	wantKind(t, err, payment.KindCancelBusy)
}

func TestCancel_BookedThenSilent_Is202_AndTheResolverAsksAgainUnderTheSameName(t *testing.T) {
	w, row := paid(t, card())
	w.behave = only(payment.GiveBack, silentAfter)
	canceled, err := w.cancel(t, 1, row.payment.ID, 0)
	if err != nil || canceled.Status != 202 || !strings.HasSuffix(string(canceled.Body), `/cancellations/1"}`) {
		t.Fatalf("answer %d %s, err %v", canceled.Status, canceled.Body, err)
	}
	w.behave = func(payment.Op) behaviour { return works }
	w.mustSettle(t)
	if c := row.cancellations[0]; c.State != payment.CancelSucceeded || len(w.means.refunds) != 1 {
		t.Errorf("%s, %d refunds in the book", c.State, len(w.means.refunds))
	}
	if len(row.callbacks) != 1 || row.callbacks[0].Type != "cancellation.succeeded" {
		t.Errorf("callbacks %+v", row.callbacks)
	}
	again, err := w.cancel(t, 1, row.payment.ID, 0)
	if err != nil || !again.Replayed || string(again.Body) != string(canceled.Body) || again.Seq != 1 {
		t.Errorf("replayed as %s, err %v", again.Body, err)
	}
}

func TestCancel_UnknownRefund_StopsBeforeTheNextMeans(t *testing.T) {
	w, row := paid(t, threeLegs())
	w.sent = nil
	w.behave = only(payment.GiveBack, silentBefore)
	if canceled, err := w.cancel(t, 1, row.payment.ID, 0); err != nil || canceled.Status != 202 {
		t.Fatalf("answer %d, err %v", canceled.Status, err)
	}
	if len(w.sent) != 1 {
		t.Errorf("%d calls, want one: the PG may yet refuse", len(w.sent))
	}
	w.behave = func(payment.Op) behaviour { return works }
	w.mustSettle(t)
}

func TestCancel_PointsAreSilent_WhatThePGGaveBackIsKnown(t *testing.T) {
	w, row := paid(t, threeLegs())
	w.behave = func(payment.Op) behaviour {
		if w.asked.Leg.Means == payment.Point {
			return silentAfter
		}
		return works
	}
	if _, err := w.cancel(t, 1, row.payment.ID, 4000); err != nil {
		t.Fatal(err)
	}
	if got := row.cancellations[0].RefundStates(); got != "REFUNDED,PENDING" {
		t.Errorf("refunds %s", got)
	}
	w.behave = func(payment.Op) behaviour { return works }
	w.mustSettle(t)
}

func TestCancel_NotDefiniteWithinTheWindow_IsReview(t *testing.T) {
	w, row := paid(t, card())
	w.behave = only(payment.GiveBack, silentBefore)
	if _, err := w.cancel(t, 1, row.payment.ID, 0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.pass(w.limits.Window / 2)
		w.run(func() { resolveDue(t.Context(), w.service("resolver")) })
	}
	if c := row.cancellations[0]; c.State != payment.CancelReview || c.Reason != payment.ReasonInterrupted {
		t.Errorf("%s(%s)\n%s", c.State, c.Reason, w.Story())
	}
}

func TestCancel_Refused_LeavesNothingBehind(t *testing.T) {
	w := newWorld()
	if _, err := w.create(t, 1, payment.Async, card()); err != nil {
		t.Fatal(err)
	}
	id := w.only(t).payment.ID
	refused := func(key byte, amount int64, want payment.Kind) {
		t.Helper()
		keys := len(w.db.keys)
		_, err := w.cancel(t, key, id, amount)
		wantKind(t, err, want)
		if len(w.db.keys) != keys || len(w.db.row(id).cancellations) > 0 {
			t.Errorf("%s leaves %d keys, %d cancellations", want, len(w.db.keys)-keys, len(w.db.row(id).cancellations))
		}
	}
	refused(1, 0, payment.KindNotPaid)
	w.mustSettle(t)
	refused(1, 11, payment.KindCancelExceeds)
	refused(1, -1, payment.KindInvalid)
	w.pass(w.limits.CancelWindow + time.Second)
	refused(1, 0, payment.KindCancelTooLate)
}

func TestCancel_OfAFailedPayment_OrNone(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, declines)
	if _, err := w.create(t, 1, payment.Sync, card()); err != nil {
		t.Fatal(err)
	}
	failed := w.only(t).payment.ID
	w.db.archived = failed - 1
	_, err := w.cancel(t, 1, failed, 0)
	wantKind(t, err, payment.KindPaymentFailed)
	_, err = w.cancel(t, 1, failed+1, 0)
	wantKind(t, err, payment.KindNotFound)
	_, err = w.cancel(t, 1, failed-1, 0)
	wantKind(t, err, payment.KindArchived)
	_, err = w.service("api").Cancel(t.Context(), 2, failed, [32]byte{7}, &payment.CancelRequest{})
	wantKind(t, err, payment.KindNotFound)
}

func TestCancel_SameKeyOtherAmount_IsKeyReused(t *testing.T) {
	w, row := paid(t, card())
	if _, err := w.cancel(t, 1, row.payment.ID, 3); err != nil {
		t.Fatal(err)
	}
	_, err := w.cancel(t, 1, row.payment.ID, 4)
	wantKind(t, err, payment.KindKeyReused)
	if row.payment.Canceled != 3 {
		t.Errorf("canceled %d", row.payment.Canceled)
	}
}

func TestCancellation_IsRead_ByItsMerchantOnly(t *testing.T) {
	w, row := paid(t, card())
	if _, err := w.cancel(t, 1, row.payment.ID, 3); err != nil {
		t.Fatal(err)
	}
	api := w.service("api")
	if _, c, err := api.Cancellation(t.Context(), 1, row.payment.ID, 1); err != nil || c.Amount != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	_, _, err := api.Cancellation(t.Context(), 1, row.payment.ID, 2)
	wantKind(t, err, payment.KindNotFound)
	_, _, err = api.Cancellations(t.Context(), 2, row.payment.ID)
	wantKind(t, err, payment.KindNotFound)
}
