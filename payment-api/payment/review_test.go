package payment_test

import (
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

// review brings a payment into REVIEW: it is charged, and whoever did that died; then nobody could confirm or undo it
// within the window.
func review(t *testing.T, limits payment.Limits, r *payment.Request, broken ...payment.Op) (*world, *row) {
	t.Helper()
	w := newWorld()
	w.limits, w.means.limits = limits, limits
	w.dieAt, w.after = 3+len(r.Legs)-1, true // breakers, claim, then each leg
	w.begin(payment.Sync, r)
	w.dieAt = 0
	w.behave = func(op payment.Op) behaviour {
		for _, b := range broken {
			if op == b {
				return silentBefore
			}
		}
		return works
	}
	for range 20 {
		w.pass(limits.Window / 6)
		w.run(func() { resolveDue(t.Context(), w.service("resolver")) })
	}
	w.behave = func(payment.Op) behaviour { return works }
	row := w.only(t)
	if row.payment.State != payment.Review {
		t.Fatalf("not in REVIEW\n%s", w.Story())
	}
	return w, row
}

var undone = []payment.Op{payment.Inquiry, payment.NetCancel, payment.Void, payment.Release, payment.Confirm}

func (w *world) decide(t *testing.T, row *row, v payment.Verdict) error {
	t.Helper()
	v.Work.Payment, v.Note = row.payment.ID, "kim looked"
	return w.service("worker").SettleReview(t.Context(), v)
}

func TestSettleReview_TheMeansHoldItAll_IsPaid(t *testing.T) {
	w, row := review(t, payment.DefaultLimits(), card(), undone...)
	if err := w.decide(t, row, payment.Verdict{Success: true}); err != nil {
		t.Fatal(err)
	}
	w.mustBeRight(t)
	last := row.events[len(row.events)-1]
	if row.payment.State != payment.Paid || last.Cause != "review: kim looked" {
		t.Errorf("%s by %q", row.payment.State, last.Cause)
	}
}

func TestSettleReview_TheMeansSpeakAgainstIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		success bool
		given   bool // back, by hand, before
		want    string
	}{
		{"failed, and the charge is live", false, false, "have it given back there first"},
		{"paid, and the charge is void", true, true, "the payment cannot be PAID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, row := review(t, payment.DefaultLimits(), card(), undone...)
			if c.given {
				w.means.giveBackByHand(row.payment.ID.String() + ".1")
			}
			err := w.decide(t, row, payment.Verdict{Success: c.success, ByHand: true})
			if err == nil || !strings.Contains(err.Error(), c.want) || row.payment.State != payment.Review {
				t.Errorf("%v; the payment is %s", err, row.payment.State)
			}
		})
	}
}

func TestSettleReview_OnlyHeld_IsNotPaid(t *testing.T) {
	w, row := review(t, tight(), request("o", leg{payment.Point, 5}), payment.Confirm)
	err := w.decide(t, row, payment.Verdict{Success: true})
	if err == nil || !strings.Contains(err.Error(), "have it confirmed there first") {
		t.Errorf("%v", err)
	}
}

func TestSettleReview_GivenBackByHand_IsFailed_AndFreesTheOrder(t *testing.T) {
	w, row := review(t, payment.DefaultLimits(), threeLegs(), undone...)
	for i := range row.payment.Legs {
		w.means.giveBackByHand(row.payment.Reference(&row.payment.Legs[i]))
	}
	if err := w.decide(t, row, payment.Verdict{}); err != nil {
		t.Fatal(err)
	}
	w.mustBeRight(t)
	if row.payment.State != payment.Failed || len(w.db.guards) != 0 {
		t.Errorf("%s with %d guards", row.payment.State, len(w.db.guards))
	}
}

func TestSettleReview_TheMeansAreSilent_NeedsByHand(t *testing.T) {
	w, row := review(t, payment.DefaultLimits(), card(), undone...)
	w.behave = only(payment.Inquiry, silentBefore)
	err := w.decide(t, row, payment.Verdict{Success: true})
	if err == nil || !strings.Contains(err.Error(), "--by-hand") || row.payment.State != payment.Review {
		t.Fatalf("%v; the payment is %s", err, row.payment.State)
	}
	if err := w.decide(t, row, payment.Verdict{Success: true, ByHand: true}); err != nil {
		t.Fatal(err)
	}
	if last := row.events[len(row.events)-1]; row.payment.State != payment.Paid || last.Cause != "review, by hand: kim looked" {
		t.Errorf("%s by %q", row.payment.State, last.Cause)
	}
}

func TestSettleReview_OfWhatIsNotInReview(t *testing.T) {
	w, row := paid(t, card())
	for _, v := range []payment.Verdict{{}, {Work: payment.WorkID{Cancellation: 1}}} {
		if err := w.decide(t, row, v); err == nil {
			t.Errorf("%+v passed", v)
		}
	}
	if err := w.service("worker").SettleReview(t.Context(), payment.Verdict{Work: payment.WorkID{Payment: 7}}); err == nil {
		t.Error("a payment that is not there was settled")
	}
	if _, err := w.cancel(t, 1, row.payment.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.decide(t, row, payment.Verdict{Work: payment.WorkID{Cancellation: 1}}); err == nil || !strings.Contains(err.Error(), "SUCCEEDED") {
		t.Errorf("%v", err)
	}
}

func TestSettleReview_NoteFitsTheEventLog(t *testing.T) {
	w, row := review(t, payment.DefaultLimits(), card(), undone...)
	err := w.service("worker").SettleReview(t.Context(), payment.Verdict{
		Work: payment.WorkID{Payment: row.payment.ID}, Success: true, Note: "확인\n" + strings.Repeat("x", 100),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.mustBeRight(t) // the history holds causes of printable ASCII up to 64 bytes
	if cause := row.events[len(row.events)-1].Cause; !strings.HasPrefix(cause, "review: ???") || len(cause) != 64 {
		t.Errorf("cause %q", cause)
	}
}

// reviewed is a cancellation in REVIEW: the PG gave back, the points refused.
func reviewed(t *testing.T) (*world, *row) {
	t.Helper()
	w, row := paid(t, threeLegs())
	w.behave = func(payment.Op) behaviour {
		if w.asked.Leg.Means == payment.Point {
			return declines
		}
		return works
	}
	if _, err := w.cancel(t, 1, row.payment.ID, 4000); err != nil {
		t.Fatal(err)
	}
	return w, row
}

func TestSettleReview_OfACancellation(t *testing.T) {
	for _, c := range []struct {
		success  bool
		state    payment.CancellationState
		canceled int64
		byHand   int64
		owed     int64 // to the merchant
	}{
		{true, payment.CancelSucceeded, 4000, -1000, 2000},
		{false, payment.CancelFailed, 0, 3000, 6000},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			w, row := reviewed(t)
			verdict := payment.Verdict{Work: payment.WorkID{Cancellation: 1}, Success: c.success}
			if err := w.decide(t, row, verdict); err == nil || !strings.Contains(err.Error(), "still be on their way") {
				t.Errorf("it has just gone to REVIEW: %v", err)
			}
			w.pass(w.limits.Lease + w.limits.LateBound)
			if err := w.decide(t, row, verdict); err != nil {
				t.Fatal(err)
			}
			accounts := map[payment.Account]int64{}
			for _, e := range row.journal {
				accounts[e.Account] += e.Amount
			}
			if accounts[payment.SuspenseReview] != 0 || accounts[payment.ByHand] != c.byHand || accounts[payment.PayableMerchant] != -c.owed {
				t.Errorf("accounts %v", accounts)
			}
			if got := row.cancellations[0]; got.State != c.state || row.payment.Canceled != c.canceled || len(row.work) > 0 {
				t.Errorf("%s, %d canceled, %d pieces of work", got.State, row.payment.Canceled, len(row.work))
			}
			if len(row.callbacks) != 1 {
				t.Errorf("%d callbacks: the merchant was answered 202", len(row.callbacks))
			}
			w.mustBeRight(t)
		})
	}
}

// A refund that nobody knows the outcome of is asked for once more when the cancellation shall have succeeded; asking is
// giving back, so it shall have failed only when a person has made sure that it did.
func TestSettleReview_ARefundIsPending(t *testing.T) {
	for _, c := range []struct {
		name    string
		verdict payment.Verdict
		err     string
		state   payment.CancellationState
		refund  payment.RefundState
	}{
		{"succeeded: asked once more", payment.Verdict{Success: true}, "", payment.CancelSucceeded, payment.Refunded},
		{"failed: nobody knows", payment.Verdict{}, "--by-hand", payment.CancelReview, payment.RefundPending},
		{"failed by hand", payment.Verdict{ByHand: true}, "", payment.CancelFailed, payment.RefundAbsent},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, row := paid(t, card())
			w.behave = only(payment.GiveBack, silentBefore)
			if _, err := w.cancel(t, 1, row.payment.ID, 0); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				w.pass(w.limits.Window / 2)
				w.run(func() { resolveDue(t.Context(), w.service("resolver")) })
			}
			w.pass(w.limits.Lease + w.limits.LateBound)
			w.behave = func(payment.Op) behaviour { return works }
			c.verdict.Work.Cancellation = 1
			if err := w.decide(t, row, c.verdict); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("err %v, want %q", err, c.err)
			}
			if got := row.cancellations[0]; got.State != c.state || got.Refunds[0].State != c.refund {
				t.Errorf("%s with a refund %s\n%s", got.State, got.Refunds[0].State, w.Story())
			}
			if c.state.Final() {
				w.mustBeRight(t)
			}
		})
	}
}
