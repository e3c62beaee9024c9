package e2e_test

import (
	"fmt"
	"sync"
	"testing"
)

func TestSync_Paid_AndItsRepeats(t *testing.T) {
	t.Parallel()
	o := order{id: "paid", key: "paid-1", coupon: tok, point: tok, charge: tok}
	first := o.pay(t, system.apis[0])
	first.expect(t, 201, "PAID")
	if seen := judge(t, first.view.ID, "PAID"); seen.body != first.body {
		t.Errorf("GET shows %s, the answer was %s", seen.body, first.body)
	}
	again := o.pay(t, system.apis[1])
	again.expect(t, 201, "PAID")
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the replay is %s (marked %q), the first answer was %s", again.body, again.header.Get("Idempotent-Replayed"), first.body)
	}
	other := o
	other.point = ""
	other.pay(t, system.apis[1]).expectProblem(t, 422, "idempotency-key-reused")
	other.key = "paid-2"
	refused := other.pay(t, system.apis[0])
	refused.expectProblem(t, 409, "order-already-paid")
	if refused.view.Payment != first.view.ID {
		t.Errorf("the problem names payment %q", refused.view.Payment)
	}
	get(t, system.apis[0], first.view.ID, keyB).expectProblem(t, 404, "not-found")
	if n := len(book(t, first.view.ID)); n != 5 { // two held, one charged, two captured
		t.Errorf("the book has %d entries", n)
	}
}

func TestSync_Declined_GivesEverythingBack_AndFreesTheOrder(t *testing.T) {
	t.Parallel()
	o := order{id: "declined", key: "declined-1", coupon: tok, point: tok, charge: "gz1;charge=decline:insufficient_funds"}
	got := o.pay(t, system.apis[0])
	got.expect(t, 201, "FAILED")
	if got.view.Reason != "declined" || got.view.Legs[0].Status != "RELEASED" || got.view.Legs[1].Status != "RELEASED" || got.view.Legs[2].Status != "DECLINED" || got.view.Legs[2].Code != "insufficient_funds" {
		t.Errorf("answer %s", got.body)
	}
	judge(t, got.view.ID, "FAILED")
	o.key, o.charge = "declined-2", tok
	second := o.pay(t, system.apis[1])
	second.expect(t, 201, "PAID")
	judge(t, second.view.ID, "PAID")
}

func TestSync_WhileItRuns_TheOrderAndTheKeyAreBusy(t *testing.T) {
	t.Parallel()
	o := order{id: "busy", key: "busy-1", charge: "gz1;charge=ok@fixed/350ms"}
	var running sync.WaitGroup
	var first answer
	running.Go(func() { first = o.pay(t, system.apis[0]) })
	eventually(t, "the order is taken", func() bool { return holder(t, o.id) != "" })
	other := o
	other.key = "busy-2"
	same, busy := o.pay(t, system.apis[1]), other.pay(t, system.apis[1])
	running.Wait()
	same.expectProblem(t, 409, "request-in-progress")
	busy.expectProblem(t, 409, "order-in-progress")
	first.expect(t, 201, "PAID")
	for _, problem := range []answer{same, busy} {
		if problem.view.Payment != first.view.ID || problem.header.Get("Retry-After") == "" {
			t.Errorf("the problem names %q, Retry-After %q", problem.view.Payment, problem.header.Get("Retry-After"))
		}
	}
	judge(t, first.view.ID, "PAID")
}

func TestAsync_Accepted_ThenPaid(t *testing.T) {
	t.Parallel()
	o := order{id: "async", key: "async-1", coupon: tok, point: tok, charge: tok}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	judge(t, got.view.ID, "PAID")
	again := o.pay(t, system.apis[1], "Prefer", "respond-async")
	if again.status != 202 || again.body != got.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the replay is %d %s", again.status, again.body)
	}
}

func TestAsync_Declined(t *testing.T) {
	t.Parallel()
	o := order{id: "async-declined", key: "async-declined-1", point: tok, charge: "gz1;charge=decline:stolen_card"}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	if seen := judge(t, got.view.ID, "FAILED"); seen.view.Reason != "declined" {
		t.Errorf("answer %s", seen.body)
	}
}

// The worst case: the money is taken and nobody says so.
func TestSync_BookedThenSilent_Is202_AndBecomesPaid(t *testing.T) {
	t.Parallel()
	o := order{id: "silent", key: "silent-1", point: tok, charge: "gz1;charge=silent:after"}
	got := o.pay(t, system.apis[0])
	got.expect(t, 202, "PROCESSING")
	judge(t, got.view.ID, "PAID")
	again := o.pay(t, system.apis[1])
	if again.status != 202 || again.body != got.body { // the bytes that were promised
		t.Errorf("the replay is %d %s, the answer was %s", again.status, again.body, got.body)
	}
}

func TestSync_ResetBeforeTheBooking_FailsAsInterrupted_AndNothingIsLive(t *testing.T) {
	t.Parallel()
	o := order{id: "reset", key: "reset-1", coupon: tok, point: tok, charge: "gz1;charge=reset:before"}
	got := o.pay(t, system.apis[0])
	got.expect(t, 202, "PROCESSING")
	if seen := judge(t, got.view.ID, "FAILED"); seen.view.Reason != "interrupted" {
		t.Errorf("answer %s", seen.body)
	}
	if !booked(t, got.view.ID, "canceled") {
		t.Error("it failed without a net-cancel: nothing proves that the charge will not come late")
	}
}

// A reserve without an answer, and every answer to its release lost twice: still nothing is left held.
func TestSync_ReserveBookedThenReset_IsReleased(t *testing.T) {
	t.Parallel()
	o := order{id: "reserve", key: "reserve-1", coupon: tok, point: "gz1;reserve=reset:after;release=reset:after,reset:before,ok", charge: tok}
	got := o.pay(t, system.apis[0])
	if got.status != 201 && got.status != 202 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	judge(t, got.view.ID, "FAILED")
	if booked(t, got.view.ID, "charged") {
		t.Error("the saga went on behind an unknown reserve")
	}
}

func TestSync_ConfirmWithoutAnAnswer_IsRepeatedUntilPaid(t *testing.T) {
	t.Parallel()
	o := order{id: "confirm", key: "confirm-1", coupon: "gz1;confirm=silent:after,ok", point: "gz1;confirm=reset:before,ok", charge: tok}
	got := o.pay(t, system.apis[0])
	got.expect(t, 202, "PROCESSING")
	judge(t, got.view.ID, "PAID")
}

// Many orders at once over both APIs, every kind of trouble among them.
func TestMixed_EveryPaymentSettlesAsItsTokenSays(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		token string
		want  state
	}{
		{tok, "PAID"},
		{"gz1;charge=decline", "FAILED"},
		{"gz1;charge=silent:after", "PAID"},
		{"gz1;charge=reset:before", "FAILED"},
		{"gz1;charge=reset:after", "PAID"},
		{"gz1;charge=ok@uniform/1ms/200ms", "PAID"},
	}
	var all sync.WaitGroup
	for i := range 48 {
		all.Go(func() {
			kind := kinds[i%len(kinds)]
			o := order{id: fmt.Sprint("mixed-", i), key: fmt.Sprint("mixed-", i), coupon: tok, charge: kind.token}
			var prefer []string
			if i%4 == 0 {
				prefer = []string{"Prefer", "respond-async"}
			}
			got := o.pay(t, system.apis[i%2], prefer...)
			if got.err != nil || got.status > 202 {
				t.Errorf("order %s: %d %s %v", o.id, got.status, got.body, got.err)
				return
			}
			judge(t, got.view.ID, kind.want)
		})
	}
	all.Wait()
}
