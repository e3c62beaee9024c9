package payment_test

import (
	"errors"
	"testing"

	"gazua.example/payment-api/payment"
)

type outbox struct{ full bool }

func (o *outbox) Full() bool { return o.full }

// While too many asynchronous payments wait, no more are accepted, and nothing is spent on them; synchronous ones go on. With
// room again the same request is accepted.
func TestCreate_BacklogFull_RefusesAsynchronousOnesOnly(t *testing.T) {
	w := newWorld()
	full := &outbox{full: true}
	create := func(key byte, mode payment.Mode, r *payment.Request) (payment.Created, error) {
		s := w.service("api")
		s.Outbox = full
		return s.Create(t.Context(), 1, [32]byte{key}, r, payment.How{Mode: mode})
	}
	before := w.calls
	_, err := create(1, payment.Async, card())
	var told *payment.Error
	if !errors.As(err, &told) || told.Kind != payment.KindBacklogFull || told.RetryAfter <= 0 {
		t.Fatalf("%v", err)
	}
	if w.calls != before || len(w.db.guards) != 0 {
		t.Error("the refused request has left something, or cost something")
	}
	if created, err := create(2, payment.Sync, threeLegs()); err != nil || created.Status != 201 {
		t.Errorf("a synchronous one: %d, %v", created.Status, err)
	}
	full.full = false
	again := card()
	again.OrderID = "another-order"
	if created, err := create(1, payment.Async, again); err != nil || created.Status != 202 {
		t.Errorf("with room again: %d, %v", created.Status, err)
	}
}
