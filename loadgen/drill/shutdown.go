package drill

import (
	"context"
	"strings"
	"time"
)

// How processes end that are told to. See docs/graceful-shutdown.
var shutdowns = []Drill{
	{
		// The lease is the usual one, so that what is left behind shows. One API carries all for a while. A worker that comes or
		// goes makes the group share out its partitions, and asynchronous payments wait for that.
		Name:      "graceful-shutdown",
		Shows:     "every API and worker can be replaced under load, and no client sees anything of it",
		Settings:  map[string]string{"LEASE": "15s", "RESOLVE_DEADLINE": "60s", "MAX_IN_FLIGHT": "2000"},
		Rate:      300,
		Means:     longMeans,
		Answer:    4 * time.Second,
		Final:     8 * time.Second,
		Unnoticed: true,
		Once:      true,
		Collected: true,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for range max(s.Restarts, s.N) {
				for _, name := range []string{"payment-api-1", "payment-worker-1", "payment-api-2", "payment-worker-2"} {
					s.replace(name)
				}
			}
		},
	},
	{
		Name:   "double-sigterm",
		Shows:  "a second SIGTERM ends a shutdown at once and says what is left; what is left, others end",
		Means:  longMeans,
		Answer: 4 * time.Second,
		Final:  8 * time.Second,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for s.Again() {
				name := s.inTurn()
				s.Do("look at the log from here on", s.Seen(name))
				s.Break("SIGTERM to "+name, s.Terminate(name))
				s.Observe("it says that it is not ready", s.Logged(name, "shutdown phase", `"phase":"readiness off"`))
				s.Do("a second SIGTERM", s.Terminate(name), s.until(s.Ended(name)))
				s.leftWork(name, "cut")
				s.Heal("start "+name, s.Start(name))
				s.Steady(12 * time.Second)
			}
		},
	},
	{
		Name:     "overrun",
		Shows:    "a shutdown that work holds up ends at its bound, says what is left and exits 1; what is left, others end",
		Settings: map[string]string{"BALANCER_WAIT": "500ms", "FINISH_WITHIN": "1s"},
		Answer:   4 * time.Second,
		Final:    8 * time.Second,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for s.Again() {
				name := s.inTurn()
				s.Do("look at the log from here on", s.Seen(name))
				s.Break("the PG hangs; SIGTERM to "+name, s.Faults(pg("charge=silent:after", 0)), s.later(time.Second, s.Terminate(name)))
				s.Observe("it says that it is not ready", s.Logged(name, "shutdown phase", `"phase":"readiness off"`))
				s.Do("wait for its end", s.until(s.Ended(name)))
				s.leftWork(name, "overrun")
				s.Heal("the PG answers; start "+name, s.NoFaults(), s.Start(name))
				s.Steady(20 * time.Second)
			}
		},
	},
}

// longMeans let calls last up to 1.8 s, just below the means' time-out, so that at any moment there is work in flight that
// takes longer than the balancer needs to notice.
const longMeans = `  PG: {delay: uniform/20ms/1800ms}
  POINT: {delay: fixed/5ms}
  COUPON: {delay: fixed/5ms}`

// replace ends a process as a deployment does, and starts it again. No client may notice; that is judged at the end.
func (s *Scene) replace(name string) {
	s.Do("look at the log from here on", s.Seen(name))
	aborted := s.aborted()
	s.Break("SIGTERM to "+name, s.Terminate(name))
	if isAPI(name) {
		s.Observe("the balancer has taken it out", s.Down(name))
	}
	s.Do("wait for its end", s.until(s.Ended(name)))
	s.must("exit", s.Exit(name, 0), s.leftNothing(name))
	s.must("telemetry", s.Exported(name))
	s.must("connections", s.goodbye(aborted))
	s.Heal("start "+name, s.Start(name))
	if isAPI(name) {
		s.Observe("the balancer has taken it back", s.Up(name))
	}
	s.Steady(4 * time.Second)
}

// inTurn is an API, then a worker, then the other API …
func (s *Scene) inTurn() string {
	return []string{"payment-api-1", "payment-worker-1", "payment-api-2", "payment-worker-2"}[(s.Turn()-1)%4]
}

// must fails the drill by that name, and goes on, when one of the looks does not succeed.
func (s *Scene) must(check string, looks ...Act) {
	for _, look := range looks {
		if s.err != nil {
			return
		}
		if err := look(s.ctx); err != nil {
			s.Fail(check, "%s: %v", s.last().What, err)
		}
	}
}

// later waits, and then acts.
func (s *Scene) later(wait time.Duration, act Act) Act {
	return func(ctx context.Context) error {
		select {
		case <-time.After(wait):
			return act(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// until waits until a look succeeds.
func (s *Scene) until(look Act) Act {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, observeBound)
		defer cancel()
		for {
			err := look(ctx)
			if err == nil {
				return nil
			}
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return err
			}
		}
	}
}

func isAPI(name string) bool { return strings.HasPrefix(name, "payment-api") }
