package payment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

func threeLegs() *payment.Request {
	return &payment.Request{OrderID: "o-1", Amount: 6000, Currency: "KRW", Legs: []payment.RequestLeg{
		{Means: payment.PG, Amount: 3000, Token: "t"}, {Means: payment.Point, Amount: 2000, Token: "t"}, {Means: payment.Coupon, Amount: 1000, Token: "t"},
	}}
}

// begin creates a payment in a process of its own and, asynchronous, has another one start it.
func (w *world) begin(mode payment.Mode, r *payment.Request) {
	api, worker := w.service("api"), w.service("worker")
	w.run(func() { _, _ = api.Create(context.Background(), 1, [32]byte{1}, r, mode, "") })
	if mode == payment.Async {
		for id := range w.payments {
			w.run(func() { _, _ = worker.Start(context.Background(), id) })
		}
	}
}

// A payment survives the death of whoever works on it, at every single call it makes, before and after the call took
// effect: another process settles it, nothing is charged twice, and it is paid in full or not at all.
func TestSettle_DiesAtEveryStep_IsTakenUpAgain(t *testing.T) {
	for _, mode := range []payment.Mode{payment.Sync, payment.Async} {
		for _, story := range []struct {
			name  string
			at    payment.Op
			how   behaviour
			steps int // how many calls the longest run makes, at least
		}{{"all works", "", works, 7}, {"declined", payment.Charge, declines, 7}, {"booked, then silent", payment.Charge, silentAfter, 5}, {"confirm unknown", payment.Confirm, silentAfter, 5}} {
			t.Run(string(mode)+" "+story.name, func(t *testing.T) {
				died := 0
				for step := 1; ; step++ {
					reached := false
					for _, after := range []bool{false, true} {
						w := newWorld()
						w.behave = func(op payment.Op) behaviour {
							if op == story.at {
								return story.how
							}
							return works
						}
						w.dieAt, w.after = step, after
						w.begin(mode, threeLegs())
						reached = reached || w.calls >= step
						w.dieAt = 0
						w.behave = func(payment.Op) behaviour { return works }
						if err := w.settle(w.service("resolver")); err != nil {
							t.Fatalf("died at call %d (after it: %t): %v", step, after, err)
						}
						if err := w.wrong(); err != nil {
							t.Fatalf("died at call %d (after it: %t): %v", step, after, err)
						}
					}
					if !reached {
						break
					}
					died++
				}
				if died < story.steps {
					t.Fatalf("died at %d calls only; this story makes at least %d", died, story.steps)
				}
			})
		}
	}
}

// The same with everything drawn: means that answer or not, in every way, a PG without tombstones, late arrivals, and
// processes, the resolvers too, that die again and again.
func TestSettle_AnyFaultsAndDeaths_EndsPaidInFullOrNotAtAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		faults := rapid.SliceOfN(rapid.IntRange(0, int(behaviours)-1), 0, 40).Draw(t, "how the means take the calls")
		noTombstones := rapid.Bool().Draw(t, "the PG keeps no tombstones")
		w.behave = func(payment.Op) behaviour { // then all works again
			if len(faults) == 0 {
				return works
			}
			how := faults[0]
			faults = faults[1:]
			return behaviour(how)
		}
		mode := rapid.SampledFrom([]payment.Mode{payment.Sync, payment.Async}).Draw(t, "mode")
		request := threeLegs()
		if rapid.Bool().Draw(t, "card only") {
			request.Legs, request.Amount = request.Legs[:1], 3000
		}
		if noTombstones {
			for seq := range len(request.Legs) {
				w.means[fmt.Sprintf("%d.%d", firstID(w), seq+1)] = &booking{keepsNoTombs: seq == len(request.Legs)-1} // the PG is last
			}
		}
		w.dieAt, w.after = rapid.IntRange(0, 20).Draw(t, "dies at"), rapid.Bool().Draw(t, "after it")
		w.begin(mode, request)
		for range rapid.IntRange(0, 5).Draw(t, "resolvers that die") {
			w.dieAt, w.after, w.calls = rapid.IntRange(1, 12).Draw(t, "dies at"), rapid.Bool().Draw(t, "after it"), 0
			resolver := w.service("resolver")
			w.run(func() { _, _ = resolver.ResolveDue(context.Background(), 1) })
			w.pass(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds pass")) * time.Second)
		}
		w.dieAt = 0
		if err := w.settle(w.service("last resolver")); err != nil {
			t.Fatal(err)
		}
		if err := w.wrong(); err != nil {
			t.Fatal(err)
		}
	})
}

// firstID is the id that the first payment of a fresh world gets.
func firstID(w *world) payment.ID { return payment.NewIDs(w, 1).Next() }
