package run

import (
	"context"
	"testing"
	"time"

	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/scenario"
)

func withCancel(t *testing.T) (context.Context, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

func crowd(from, to int, over time.Duration) scenario.Scenario {
	s := small(1, over, 0)
	s.Model = scenario.Closed
	s.Stages = []pace.Stage{{Name: "users", UsersFrom: from, UsersTo: to, Duration: over}}
	return s
}

// So many users never have more than so many requests on their way, and they do have them.
func TestClosed_EachUserWaitsForTheAnswer(t *testing.T) {
	x, at := newShop(t)
	x.pause = func() { time.Sleep(5 * time.Millisecond) }
	tally, entries := sent(t, crowd(4, 4, 300*time.Millisecond), at, t.Context(), t.Context())
	c := tally.Counts()
	if x.mostBusy != 4 {
		t.Errorf("4 users had %d requests on their way at once", x.mostBusy)
	}
	if c.Sent < 8 || c.Sent > 4*61 || c.Unsent != 0 || c.Paid != c.Sent {
		t.Errorf("4 users for 300 ms at 5 ms each: %+v", c)
	}
	if n := tally.Lateness.Whole().Count; n != 0 {
		t.Errorf("%d payments were late, and none was planned", n)
	}
	if sync := tally.SyncResponse.Whole(); sync.Count != c.Sent || sync.P50 < 5 {
		t.Errorf("%+v of %d payments that take 5 ms", sync, c.Sent)
	}
	for _, e := range entries {
		if e.Kind == "p" && e.At <= 0 {
			t.Errorf("payment %d says that it came at %d", e.Number, e.At)
		}
	}
}

// A user of an asynchronous payment waits for its end, not for its 202.
func TestClosed_AsynchronousPayment_IsWaitedFor(t *testing.T) {
	x, at := newShop(t)
	x.paysIn = 50 * time.Millisecond
	s := crowd(3, 3, 400*time.Millisecond)
	s.Async = 1
	tally, _ := sent(t, s, at, t.Context(), t.Context())
	if c := tally.Counts(); c.Sent < 3 || c.Sent > 3*9 || c.Paid != c.Sent {
		t.Errorf("3 users for 400 ms at 50 ms each: %+v", c)
	}
}

func TestClosed_UsersThink(t *testing.T) {
	_, at := newShop(t)
	s := crowd(2, 2, 300*time.Millisecond)
	s.Think = "fixed/100ms"
	tally, _ := sent(t, s, at, t.Context(), t.Context())
	if c := tally.Counts(); c.Sent < 2 || c.Sent > 2*3 {
		t.Errorf("2 users who think for 100 ms paid %d times within 300 ms", c.Sent)
	}
}

// The number of users follows the plan, up and down.
func TestClosed_UsersComeAndGo(t *testing.T) {
	x, at := newShop(t)
	x.pause = func() { time.Sleep(2 * time.Millisecond) }
	s := crowd(0, 8, 200*time.Millisecond)
	s.Stages = append(s.Stages, pace.Stage{Name: "down", UsersFrom: 8, UsersTo: 1, Duration: 200 * time.Millisecond})
	_, entries := sent(t, s, at, t.Context(), t.Context())
	if x.mostBusy < 6 || x.mostBusy > 8 {
		t.Errorf("8 users had %d requests on their way at once", x.mostBusy)
	}
	open, most := map[int]bool{}, 0
	for _, e := range entries {
		switch e.Kind {
		case "p":
			open[e.Number] = e.At > 380_000 // µs: when all but two have left
		case "f":
			delete(open, e.Number)
		}
		late := 0
		for _, is := range open {
			if is {
				late++
			}
		}
		most = max(most, late)
	}
	if most > 3 {
		t.Errorf("%d payments at once in the end, where one or two users are left", most)
	}
}

// A flow that does not await its payment is not over before it.
func TestClosed_FlowWithoutAwait_EndsWithItsPayment(t *testing.T) {
	x, at := newShop(t)
	x.paysIn = 50 * time.Millisecond
	s := story(t, 1, "flow:\n- create: {means: [PG], async: true}\n")
	closed := crowd(3, 3, 400*time.Millisecond)
	s.Model, s.Stages = closed.Model, closed.Stages
	tally, _ := sent(t, s, at, t.Context(), t.Context())
	if c := tally.Counts(); c.Sent < 3 || c.Sent > 3*9 || c.Paid != c.Sent {
		t.Errorf("3 users for 400 ms at 50 ms each: %+v", c)
	}
}

// Users play flows too, one turn after another.
func TestClosed_UsersPlayFlows(t *testing.T) {
	x, at := newShop(t)
	x.paysIn = 5 * time.Millisecond
	s := story(t, 1, wholeStory)
	closed := crowd(3, 3, 300*time.Millisecond)
	s.Model, s.Stages = closed.Model, closed.Stages
	tally, _ := sent(t, s, at, t.Context(), t.Context())
	c := tally.Counts()
	if c.Paid < 3 || c.Paid != c.Failed || tally.Unmet.Load() != 0 || tally.Expected.Load() != 7*c.Paid {
		t.Errorf("%+v, unmet %d of %d: %+v", c, tally.Unmet.Load(), tally.Expected.Load(), tally.Groups())
	}
}

// Errands that take all places make a user wait, not vanish, and nothing was planned or is unsent.
func TestClosed_NoPlace_ComesAgain(t *testing.T) {
	_, at := newShop(t)
	s := crowd(2, 2, time.Minute)
	e, tally, entries := idleEngine(t, &s, at)
	e.workers = s.Client.MaxInFlight // all at work
	for turn := range 2 {
		now := e.start.Add(time.Duration(turn+1) * time.Second)
		if next := e.sendUsers(0, now); next != 0 {
			t.Errorf("turn %d began without a place", next)
		}
		if due, waits := e.users.idle.earliest(); !waits || due.Sub(now) > time.Second || e.users.active != 1 {
			t.Errorf("%d users, one waits: %v, for %s", e.users.active, waits, due.Sub(now))
		}
	}
	if tally.Planned.Load() != 0 || tally.Unsent.Load() != 0 || len(entries()) != 1 {
		t.Errorf("planned %d, unsent %d", tally.Planned.Load(), tally.Unsent.Load())
	}
	if payments, errands := e.Open(); payments+errands != 0 || e.OldestPending(time.Now()) != 0 {
		t.Errorf("%d payments and %d errands are open", payments, errands)
	}
}
