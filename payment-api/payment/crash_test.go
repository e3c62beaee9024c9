package payment_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

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
				diesAtEveryStep(t, story.steps, func(w *world) {
					w.behave = only(story.at, story.how)
					w.begin(mode, threeLegs())
				})
			})
		}
	}
}

// A cancellation survives the death of whoever works on it just so.
func TestCancel_DiesAtEveryStep_IsTakenUpAgain(t *testing.T) {
	for _, story := range []struct {
		name string
		how  behaviour
	}{{"all works", works}, {"refused", declines}, {"done, then silent", silentAfter}} {
		t.Run(story.name, func(t *testing.T) {
			diesAtEveryStep(t, 3, func(w *world) {
				at, after := w.dieAt, w.after
				w.dieAt = 0
				w.begin(payment.Sync, threeLegs())
				w.dieAt, w.after, w.calls = at, after, 0
				w.behave = only(payment.GiveBack, story.how)
				api := w.service("api")
				w.run(func() {
					_, _ = api.Cancel(context.Background(), 1, w.db.rows[0].payment.ID, [32]byte{2}, &payment.CancelRequest{})
				})
			})
		})
	}
}

func diesAtEveryStep(t *testing.T, steps int, story func(*world)) {
	t.Helper()
	for step := 1; ; step++ {
		reached := false
		for _, after := range []bool{false, true} {
			w := newWorld()
			w.dieAt, w.after = step, after
			story(w)
			reached = reached || w.calls >= step
			w.dieAt = 0
			w.behave = func(payment.Op) behaviour { return works }
			if err := w.settle(); err != nil {
				t.Fatalf("died at call %d (after it: %t): %v\n%s", step, after, err, w.Story())
			}
		}
		if !reached {
			if step <= steps {
				t.Fatalf("died at %d calls only; this story makes at least %d", step-1, steps)
			}
			return
		}
	}
}

// The same with everything drawn: means that answer or not, in every way, a PG without tombstones, late arrivals, and
// processes, the resolvers too, that die again and again. The simulation does that with many at a time.
func TestSettle_AnyFaultsAndDeaths_EndsPaidInFullOrNotAtAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		faults := rapid.SliceOfN(rapid.IntRange(0, int(behaviours)-1), 0, 40).Draw(t, "how the means take the calls")
		w.means.bound = rapid.Bool().Draw(t, "the PG keeps no tombstones")
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
			request = card()
		}
		w.dieAt, w.after = rapid.IntRange(0, 20).Draw(t, "dies at"), rapid.Bool().Draw(t, "after it")
		w.begin(mode, request)
		for range rapid.IntRange(0, 5).Draw(t, "resolvers that die") {
			w.dieAt, w.after, w.calls = rapid.IntRange(1, 12).Draw(t, "dies at"), rapid.Bool().Draw(t, "after it"), 0
			resolver := w.service("resolver")
			w.run(func() { resolveDue(context.Background(), resolver) })
			w.pass(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds pass")) * time.Second)
		}
		w.dieAt = 0
		if err := w.settle(); err != nil {
			t.Fatalf("%v\n%s", err, w.Story())
		}
	})
}
