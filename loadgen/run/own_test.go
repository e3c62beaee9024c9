package run

import (
	"testing"
	"time"

	"gazua.example/loadgen/scenario"
)

// The system's own part of a synchronous payment is the time to its answer without the delays that were asked for; of what
// has a fault, was declined, is asynchronous or may have met a timed fault, it is not known.
func TestOwn_IsTheTimeToTheAnswerWithoutTheInjectedDelays(t *testing.T) {
	const count = 20
	for name, c := range map[string]struct {
		change func(*scenario.Scenario)
		want   int64
	}{
		"as it is":     {func(*scenario.Scenario) {}, count},
		"asynchronous": {func(s *scenario.Scenario) { s.Async = 1 }, 0},
		"faults": {func(s *scenario.Scenario) {
			s.Means[scenario.PG] = scenario.Behaviour{Delay: "fixed/30ms", Wants: map[string][]scenario.Outcome{"charge": {{Text: "drip/1s", Share: 1}}}}
		}, 0},
		"a timed fault": {func(s *scenario.Scenario) {
			s.Faults = []scenario.TimedFault{{For: time.Hour, Script: "gz1;charge=fin"}}
		}, 0},
		"declined": {func(s *scenario.Scenario) {
			s.Means[scenario.PG] = scenario.Behaviour{Delay: "fixed/30ms", Wants: map[string][]scenario.Outcome{"charge": {{Text: "decline", Share: 1}}}}
		}, 0},
	} {
		x, at := newShop(t)
		x.pause = func() { time.Sleep(50 * time.Millisecond) } // 30 ms of which the token asks for
		s := small(count, 20*time.Millisecond, 0)
		s.Mix = []scenario.Kind{{Means: []scenario.Means{scenario.PG}, Weight: 1}}
		s.Means = map[scenario.Means]scenario.Behaviour{scenario.PG: {Delay: "fixed/30ms"}}
		c.change(&s)
		tally, _ := sent(t, s, at, t.Context(), t.Context())
		own, sync := tally.Own.Whole(), tally.SyncResponse.Whole()
		if own.Count != c.want {
			t.Errorf("%s: the own part of %d payments is known, want %d", name, own.Count, c.want)
		}
		if c.want > 0 && (own.P50 < 20 || sync.P50-own.P50 < 29 || sync.P50-own.P50 > 31) {
			t.Errorf("%s: own %.1f ms of %.1f ms, and 30 ms are asked for", name, own.P50, sync.P50)
		}
	}
}

// The oldest pending payment is known while it hangs, and gone with it.
func TestEngine_OldestPending_IsThatOfThePaymentThatHangs(t *testing.T) {
	x, at := newShop(t)
	release := make(chan struct{})
	x.pause = func() { <-release }
	s := small(3, 10*time.Millisecond, 0)
	sentBeside(t, s, at, t.Context(), t.Context(), func(e *Engine) {
		defer close(release)
		for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if e.OldestPending(time.Now()) > 50*time.Millisecond && e.InFlight() == 3 {
				if age, now := e.OldestPending(e.start.Add(time.Minute)), time.Minute; age > now || age < now-time.Second {
					t.Errorf("a payment planned at the start is %s old after a minute", age)
				}
				return
			}
		}
		t.Errorf("oldest pending %s, %d in flight, and 3 payments hang", e.OldestPending(time.Now()), e.InFlight())
	})
}

func TestEngine_OldestPending_CountsFromThePlannedTime(t *testing.T) {
	_, at := newShop(t)
	s := small(1, time.Second, 0)
	e, _, entries := idleEngine(t, &s, at)
	defer entries()
	place := e.pending.begin(10 * time.Second)
	if got := e.OldestPending(e.start.Add(15 * time.Second)); got != 5*time.Second {
		t.Errorf("planned at 10s, at 15s it is %s old", got)
	}
	e.pending.end(place)
	if got := e.OldestPending(e.start.Add(15 * time.Second)); got != 0 {
		t.Errorf("nothing is pending, and it is %s old", got)
	}
}
