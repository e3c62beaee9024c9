package payment_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// only is a means that takes every call of op in this way, and all else as it should.
func only(op payment.Op, how behaviour) func(payment.Op) behaviour {
	return func(asked payment.Op) behaviour {
		if asked == op {
			return how
		}
		return works
	}
}

func (w *world) create(t *testing.T, key byte, mode payment.Mode, r *payment.Request) (payment.Created, error) {
	t.Helper()
	return w.service("api").Create(t.Context(), 1, [32]byte{key}, r, mode, "")
}

func (w *world) only(t *testing.T) *stored {
	t.Helper()
	if len(w.payments) != 1 {
		t.Fatalf("%d payments, want one", len(w.payments))
	}
	for _, row := range w.payments {
		return row
	}
	return nil
}

func (w *world) mustSettle(t *testing.T) {
	t.Helper()
	if err := w.settle(w.service("resolver")); err != nil {
		t.Fatal(err)
	}
	if err := w.wrong(); err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, kind payment.Kind) *payment.Error {
	t.Helper()
	var got *payment.Error
	if !errors.As(err, &got) || got.Kind != kind {
		t.Fatalf("err = %v, want kind %s", err, kind)
	}
	return got
}

func TestCreate_AllSucceed_IsPaid_AndNothingIsLeftOpen(t *testing.T) {
	w := newWorld()
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 201 || !strings.Contains(string(created.Body), `"status":"PAID"`) {
		t.Fatalf("answer %d %s, err %v", created.Status, created.Body, err)
	}
	if w.anyOpen() {
		t.Error("a final payment still is open work")
	}
	if err := w.wrong(); err != nil {
		t.Error(err)
	}
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
	if len(w.guards) != 0 {
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
		if len(w.payments) == 0 {
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
	if row := w.only(t); row.payment.State != payment.Paid || strings.Contains(strings.Join(row.events, " "), "UNDOING") {
		t.Errorf("%s: %q", row.payment.State, row.events)
	}
}

func TestCreate_NeverArrived_WaitsForTheResolveDeadline_ThenFailsInterrupted(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, silentBefore)
	begun := w.Now()
	if created, err := w.create(t, 1, payment.Sync, threeLegs()); err != nil || created.Status != 202 {
		t.Fatalf("answer %d, err %v", created.Status, err)
	}
	w.mustSettle(t)
	row := w.only(t)
	if row.payment.State != payment.Failed || row.payment.Reason != payment.ReasonInterrupted {
		t.Errorf("%s(%s)", row.payment.State, row.payment.Reason)
	}
	if took := w.Now().Sub(begun); took < payment.DefaultLimits().ResolveDeadline {
		t.Errorf("given up after %s: the charge might still have arrived", took)
	}
}

func TestCreate_WithoutTombstones_AbsenceCountsOnlyAfterTheLateBound(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Charge, silentBefore)
	card := &payment.Request{OrderID: "o", Amount: 10, Currency: "KRW", Legs: []payment.RequestLeg{{Means: payment.PG, Amount: 10, Token: "t"}}}
	w.means[firstID(w).String()+".1"] = &booking{keepsNoTombs: true}
	if _, err := w.create(t, 1, payment.Sync, card); err != nil {
		t.Fatal(err)
	}
	w.mustSettle(t)
	row := w.only(t)
	if settled := w.Now().Sub(row.payment.UndoingAt); settled < payment.DefaultLimits().LateBound {
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
	card := &payment.Request{OrderID: "o", Amount: 10, Currency: "KRW", Legs: []payment.RequestLeg{{Means: payment.PG, Amount: 10, Token: "t"}}}
	w.begin(payment.Async, card)
	w.mustSettle(t)
	if row := w.only(t); row.payment.State != payment.Paid || refused != 3 {
		t.Errorf("%s after %d refusals: %q", row.payment.State, refused, row.events)
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
	if err := w.wrong(); err != nil {
		t.Error(err)
	}
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
	if !w.only(t).open {
		t.Error("the payment is nobody's work any more")
	}
}

func TestStart_NoSuchPayment_IsNotFound(t *testing.T) {
	if found, err := newWorld().service("worker").Start(t.Context(), 7); found || err != nil {
		t.Errorf("found %t, err %v", found, err)
	}
}

// A process that freezes longer than its lease and thaws must not send what another one has undone.
func TestSettle_FrozenPastTheLease_SendsNothingForward(t *testing.T) {
	for _, op := range []payment.Op{payment.Charge, payment.Confirm} {
		t.Run(string(op), func(t *testing.T) {
			w := newWorld()
			frozen := false
			w.behave = func(asked payment.Op) behaviour {
				if asked == op && !frozen {
					frozen = true
					w.now = w.now.Add(payment.DefaultLimits().Lease) // the lock is held by the call
				}
				return works
			}
			points := &payment.Request{OrderID: "o", Amount: 5, Currency: "KRW", Legs: []payment.RequestLeg{{Means: payment.Point, Amount: 5, Token: "t"}}}
			if op == payment.Charge {
				points.Amount, points.Legs = 10, append(points.Legs, payment.RequestLeg{Means: payment.PG, Amount: 5, Token: "t"})
			}
			created, err := w.service("frozen").Create(t.Context(), 1, [32]byte{1}, points, payment.Sync, "")
			if err != nil || created.Status != 202 {
				t.Fatalf("answer %d, err %v", created.Status, err)
			}
			for reference, b := range w.means {
				if b.most > 0 {
					t.Errorf("%s was charged by a process without a lease", reference)
				}
			}
			w.mustSettle(t)
		})
	}
}

func TestSettle_SyncDeadlineBeforeThePG_IsUndone_And202(t *testing.T) {
	w := newWorld()
	w.behave = func(asked payment.Op) behaviour {
		if asked == payment.Reserve {
			w.now = w.now.Add(3 * time.Second)
		}
		if asked == payment.Charge {
			t.Error("a charge starts after the sync deadline")
		}
		return works
	}
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 202 {
		t.Fatalf("answer %d, err %v", created.Status, err)
	}
	w.behave = func(payment.Op) behaviour { return works }
	w.mustSettle(t)
	if row := w.only(t); row.payment.State != payment.Failed {
		t.Errorf("%s", row.payment.State)
	}
}

func TestConfirm_DefinitelyRefused_UndoesThePayment(t *testing.T) {
	w := newWorld()
	w.behave = func(asked payment.Op) behaviour {
		if asked == payment.Confirm {
			for _, b := range w.means {
				b.held = false // the reservation expired at the means
			}
		}
		return works
	}
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || !strings.Contains(string(created.Body), `"status":"FAILED","reason":"interrupted"`) {
		t.Fatalf("answer %d %s, err %v", created.Status, created.Body, err)
	}
	if err := w.wrong(); err != nil {
		t.Error(err)
	}
}

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
	w.dieAt = 2 // right after the claim
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

func TestUndo_PastTheWindow_IsReview_AndKeepsTheOrder(t *testing.T) {
	w := newWorld()
	broken := true
	w.behave = func(op payment.Op) behaviour {
		if op == payment.Charge || op == payment.Reserve {
			return works
		}
		if broken {
			return silentBefore
		}
		return works
	}
	w.dieAt, w.after = 4, true // the charge is booked, nothing says so
	w.begin(payment.Sync, threeLegs())
	w.dieAt = 0
	resolver := w.service("resolver")
	for range 20 {
		w.pass(10 * time.Minute)
		w.run(func() { _, _ = resolver.ResolveDue(context.Background(), 1) })
	}
	if row := w.only(t); row.payment.State != payment.Review || len(w.guards) != 1 || !row.open {
		t.Errorf("%s, %d guards, open %t: %q", row.payment.State, len(w.guards), row.open, row.events)
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
