package e2e_test

import (
	"context"
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

// A payment survives the death of its creator at every single call, on the real database: a worker settles it, the merchant's
// repeat with the same key is told of it, nothing is charged twice, and it is paid in full or not at all.
func TestPayment_ItsCreatorDiesAtEveryCall_AWorkerSettlesIt(t *testing.T) {
	t.Parallel()
	world := openOutside(t)
	for _, story := range []struct {
		name, charge string
		calls        int
	}{{"works", tok, 7}, {"declined", "gz1;charge=decline", 7}, {"silent", "gz1;charge=silent:after", 5}, {"reset", "gz1;charge=reset:before", 5}} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			deaths(t, story.calls, func(t *testing.T, name string, at int, after bool) (int, func()) {
				o := order{id: "mortal-" + story.name + "-" + name, coupon: tok, point: tok, charge: story.charge}
				o.key = o.id
				hash, err := payment.KeyHash("POST", "/v1/payments", o.key)
				if err != nil {
					t.Fatal(err)
				}
				m, service := world.process("mortal", at, after)
				calls := m.live(func() {
					_, _ = service.Create(context.Background(), 1, hash, o.request(), payment.How{Mode: payment.Sync})
				})
				return calls, func() {
					t.Helper()
					got := o.payUntilAnswered(t, system.apis[0]) // the merchant had no answer
					if got.status != 201 && got.status != 202 {
						t.Fatalf("%s: %d %s", o.id, got.status, got.body)
					}
					judgeAny(t, got.view.ID)
				}
			})
		})
	}
}

// judgeAny is judge where either end is right.
func judgeAny(t *testing.T, payment string) {
	t.Helper()
	want := state("")
	eventually(t, "payment "+payment+" becomes final", func() bool {
		want = get(t, system.apis[0], payment, keyA).view.Status
		return want == "PAID" || want == "FAILED"
	})
	judge(t, payment, want)
}

// A cancellation survives the death of its creator at every single call, on the real database: a worker ends it, the
// merchant's repeat is told of it, and no refund is booked twice.
func TestCancellation_ItsCreatorDiesAtEveryCall_AWorkerEndsIt(t *testing.T) {
	t.Parallel()
	world := openOutside(t)
	for _, story := range []struct {
		name, point, charge, body string
		calls                     int
		canceled                  int64
	}{
		{"whole", tok, tok, `{}`, 5, 25000},
		{"part", tok, tok, `{"amount":21000}`, 4, 21000},
		{"silent", tok, "gz1;refund=silent:after,ok", `{}`, 4, 25000},
		{"reset", tok, "gz1;refund=reset:before,ok", `{}`, 4, 25000},
		{"silent points", "gz1;refund=silent:after,ok", tok, `{}`, 5, 25000},
		{"refused", tok, "gz1;refund=decline:closed", `{}`, 3, 0},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			deaths(t, story.calls, func(t *testing.T, name string, at int, after bool) (int, func()) {
				o := order{id: "mortal-c-" + strings.ReplaceAll(story.name, " ", "-") + "-" + name, coupon: tok, point: story.point, charge: story.charge}
				o.key = o.id
				paid := paidBy(t, o)
				id, err := payment.ParseID(paid)
				if err != nil {
					t.Fatal(err)
				}
				key := o.id + "-c"
				hash, err := payment.KeyHash("POST", "/v1/payments/"+paid+"/cancellations", key)
				if err != nil {
					t.Fatal(err)
				}
				request := &payment.CancelRequest{}
				if story.canceled == 21000 {
					request.Amount = &story.canceled
				}
				m, service := world.process("mortal", at, after)
				calls := m.live(func() { _, _ = service.Cancel(context.Background(), 1, id, hash, request) })
				return calls, func() {
					t.Helper()
					got := cancelUntilAnswered(t, paid, key, story.body)
					if got.status != 201 && got.status != 202 || got.view.Seq != 1 {
						t.Fatalf("%s: %d %s", o.id, got.status, got.body)
					}
					judgeCanceled(t, paid, story.canceled)
				}
			})
		})
	}
}

// cancelUntilAnswered repeats with the same key, as a merchant does.
func cancelUntilAnswered(t *testing.T, payment, key, body string) answer {
	t.Helper()
	var got answer
	eventually(t, "the cancellation is answered", func() bool {
		got = cancel(t, system.apis[1], payment, key, body)
		return got.err == nil && got.status != 503 && got.slug() != "request-in-progress"
	})
	return got
}
