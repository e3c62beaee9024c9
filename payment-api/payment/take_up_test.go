package payment_test

import (
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// accepted is a world with one payment that waits for its message.
func accepted(t *testing.T, r *payment.Request) (*world, *row) {
	t.Helper()
	w := newWorld()
	if _, err := w.create(t, 1, payment.Async, r); err != nil {
		t.Fatal(err)
	}
	return w, w.only(t)
}

func (w *world) resolve(t *testing.T) {
	t.Helper()
	w.run(func() { resolveDue(t.Context(), w.service("resolver")) })
}

func causes(r *row) string {
	list := make([]string, len(r.events))
	for i, e := range r.events {
		list[i] = e.Cause
	}
	return strings.Join(list, ", ")
}

func TestCreate_BreakerIsOpen_IsUnavailable_AndNothingIsCreated(t *testing.T) {
	w := newWorld()
	w.breaker = isOpen
	_, err := w.create(t, 1, payment.Sync, card())
	if e := wantKind(t, err, payment.KindUnavailable); e.RetryAfter == 0 || len(w.db.rows) > 0 || len(w.db.keys) > 0 {
		t.Errorf("%+v, with %d payments and %d keys", e, len(w.db.rows), len(w.db.keys))
	}
	if accepted, err := w.create(t, 1, payment.Async, card()); err != nil || accepted.Status != 202 {
		t.Errorf("asynchronous: %d, err %v; it can wait", accepted.Status, err)
	}
}

func TestStart_BreakerIsOpen_WaitsWithoutAClaim_AndIsTakenUpWhenDue(t *testing.T) {
	w, row := accepted(t, card())
	w.lost = func(payment.ID) bool {
		t.Error("somebody looks for the message of a payment that was deferred")
		return false
	}
	w.breaker = isOpen
	if _, err := w.service("worker").Start(t.Context(), row.payment.ID); err != nil {
		t.Fatal(err)
	}
	if row.payment.State != payment.Accepted || len(row.events) != 1 {
		t.Fatalf("%s after %s", row.payment.State, causes(row))
	}
	w.breaker = works
	w.pass(w.limits.Defer)
	w.resolve(t)
	if row.payment.State != payment.Paid || causes(row) != "created, deferred, captured" {
		t.Errorf("%s after %s", row.payment.State, causes(row))
	}
	w.mustBeRight(t)
}

func TestStart_MeansWasNeverReached_GoesBackAndWaits(t *testing.T) {
	w, row := accepted(t, card())
	w.behave = only(payment.Charge, refusesDial)
	if _, err := w.service("worker").Start(t.Context(), row.payment.ID); err != nil {
		t.Fatal(err)
	}
	if row.payment.State != payment.Accepted || row.payment.LegStates() != "PENDING" || !row.work[0].deferred || causes(row) != "created, message, deferred" {
		t.Errorf("%s %s after %s, deferred %t", row.payment.State, row.payment.LegStates(), causes(row), row.work[0].deferred)
	}
}

func TestResolve_MessageIsOnlyLate_IsLeftAlone_UntilItExpires(t *testing.T) {
	w, row := accepted(t, card())
	w.lost = func(payment.ID) bool { return false }
	for w.now.Before(row.payment.ExpiresAt) {
		if row.payment.State != payment.Accepted {
			t.Fatalf("%s after %s", row.payment.State, causes(row))
		}
		w.pass(30 * time.Second)
		w.resolve(t)
	}
	if row.payment.State != payment.Failed || row.payment.Reason != payment.ReasonExpired || len(w.sent) > 0 {
		t.Errorf("%s(%s) after %s, %d calls", row.payment.State, row.payment.Reason, causes(row), len(w.sent))
	}
	if len(row.callbacks) != 1 || row.callbacks[0].Type != "payment.failed" {
		t.Errorf("callbacks %+v", row.callbacks)
	}
	w.mustBeRight(t)
}

func TestResolve_MessageIsLost_IsRescued_ButNotBeforeItsTime(t *testing.T) {
	w, row := accepted(t, card())
	w.pass(w.limits.RescueAfter - time.Millisecond)
	w.resolve(t)
	if row.payment.State != payment.Accepted {
		t.Fatalf("%s after %s", row.payment.State, causes(row))
	}
	w.pass(time.Millisecond)
	w.resolve(t)
	if row.payment.State != payment.Paid || causes(row) != "created, rescued, captured" {
		t.Errorf("%s after %s", row.payment.State, causes(row))
	}
}

func TestResolve_TwoAtATime_EachItsOwn(t *testing.T) {
	w := newWorld()
	for i, order := range []string{"a", "b", "c"} {
		if _, err := w.create(t, byte(i+1), payment.Async, request(order, leg{payment.PG, 10})); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Millisecond)
	}
	w.pass(w.limits.RescueAfter)
	one, two := w.service("one"), w.service("two")
	first, err := one.TakeDue(t.Context(), 2)
	if err != nil || len(first) != 2 {
		t.Fatalf("%d, %v", len(first), err)
	}
	second, err := two.TakeDue(t.Context(), 2)
	if err != nil || len(second) != 1 {
		t.Fatalf("%d, %v", len(second), err)
	}
	for _, d := range append(first, second...) {
		one.Resolve(t.Context(), d)
	}
}

// Only the PG was not called yet when a reserve stays unanswered: there is nothing to wait for.
func TestCreate_ReserveUnknown_IsUndoneAtOnce(t *testing.T) {
	w := newWorld()
	w.behave = only(payment.Reserve, silentAfter)
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 201 || !strings.Contains(string(created.Body), `"status":"FAILED"`) {
		t.Fatalf("answer %d %s, err %v\n%s", created.Status, created.Body, err, w.Story())
	}
	if took := w.now.Sub(start); took > w.limits.SyncDeadline {
		t.Errorf("it took %s", took)
	}
	w.mustBeRight(t)
}
