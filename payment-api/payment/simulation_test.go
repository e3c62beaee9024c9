package payment_test

import (
	"flag"
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The simulation proves the domain as it is, with a fake store and fake means: many goroutines of several processes work on
// the same payments, one at a time, and hand a baton over at every call to the outside. Everything that is left to chance is
// drawn, so that every run can be run again and a bad one shrinks to a short story:
//
//	what is asked for    creates, with keys and orders of their own or not; replays; cancellations; messages that come twice
//	                     or never; resolvers; a person who settles reviews (sim_program_test.go)
//	who goes next        and for how long somebody is frozen, which process dies, and how much time passes (sim_schedule_test.go)
//	what goes wrong      with each call to a means, a breaker or the store (sim_fate_test.go)
//
// Then all heals: nothing goes wrong any more, who was frozen thaws, resolvers work until nothing is open, what was on its
// way arrives, and everything is asked for once more (sim_heal_test.go). The referee has watched all that; now the oracles
// judge what is left, and what clients were told (oracles_*_test.go, sim_answers_test.go).
//
//	go test ./payment -run Simulation -v                        how many, how fast, and what happened in them
//	go test ./payment -run Simulation -rapid.checks=20000       more of them
//	go test ./payment -run Simulation -rapid.failfile=FILE      one that failed, again
func TestSimulation(t *testing.T) {
	checksAtLeast(t, 2000)
	seen, begun := &coverage{}, time.Now()
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(t, seen)
		defer s.stop()
		s.draw()
		s.run()
		s.heal()
		s.end()
	})
	took := time.Since(begun)
	t.Logf("%d schedules in %s, %.0f/s, %.1f calls each", seen.schedules, took.Round(time.Millisecond), float64(seen.schedules)/took.Seconds(),
		float64(seen.calls)/float64(seen.schedules))
	t.Log(seen)
	if missing := seen.missing(); seen.schedules >= 10_000 && len(missing) > 0 {
		t.Errorf("in %d schedules it never happened: %q", seen.schedules, missing)
	}
}

// checksAtLeast makes rapid try as often as that, unless the command line says how often.
func checksAtLeast(t *testing.T, n int) {
	t.Helper()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set(strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = checks.Value.Set(checks.DefValue) })
	}
}

// simulation is one run.
type simulation struct {
	*outside
	t         *rapid.T
	seen      *coverage
	profile   profile
	processes []*process
	actors    []*actor
	current   *actor // who ran last
	attempts  []*attempt
	messages  int      // payments whose messages were sent
	healing   bool     // nothing goes wrong any more
	ready     []*actor // see runnable
}

func newSimulation(t *rapid.T, seen *coverage) *simulation {
	s := &simulation{outside: newOutside(), t: t, seen: seen}
	s.lost = s.messageIsLost
	for i, name := range []string{"api-1", "api-2", "worker-1", "worker-2"} {
		s.processes = append(s.processes, newProcess(s, name, uint64(i+1)))
	}
	return s
}

// end judges.
func (s *simulation) end() {
	s.judgeAnswers()
	_ = s.judge()
	s.check()
	s.seen.add(s)
}

// check ends the run at the first thing that must not be, and tells how it came to that.
func (s *simulation) check() {
	v := s.referee.first
	if v == nil {
		return
	}
	s.stop()
	s.t.Fatalf("oracle %s: %s\n\n%s\nAgain: go test ./payment -run '^TestSimulation$' -rapid.failfile=FILE, the file that rapid names (or -rapid.seed=SEED)",
		v.oracle, s.explain(v.text), s.Story())
}

// number draws from 0 to n-1. Zero is what a failing run shrinks to: the dull choice.
func (s *simulation) number(n int, of string) int {
	if n <= 1 {
		return 0
	}
	return below[n].Draw(s.t, of)
}

// chance draws whether something happens that has a rate, in sixteenths.
func (s *simulation) chance(rate int, of string) bool {
	return rate > 0 && s.number(16, of) >= 16-rate
}

var below = func() (generators [33]*rapid.Generator[int]) {
	for n := 2; n < len(generators); n++ {
		generators[n] = rapid.IntRange(0, n-1)
	}
	return generators
}()

// stop ends the goroutines that still stand before a call.
func (s *simulation) stop() {
	for _, a := range s.actors {
		a.end()
	}
}

func (s *simulation) String() string {
	return fmt.Sprintf("%d actors at %s", len(s.actors), s.now.Sub(start))
}
