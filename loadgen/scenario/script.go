package scenario

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
)

// Script is a flow written in Go, for stories that go on by what came before. It reads like a blocking program, and costs no
// goroutine that the scheduler would know while it waits: it is a coroutine that gives one step and gets what came of it.
// second_means.go is an example.
type Script struct {
	Payments int // that one play creates at most
	Play     func(*Play)
}

// Play is one play of a script.
type Play struct {
	Chance *rand.Rand // the play's own, from the scenario's seed
	do     func(Step) Told
}

// Do plays a step, and returns what it came to when it is done. It does not return where the step did not come to what it
// must (State, Canceled, Within): the play is over then, and counted as an expectation that was not met.
func (p *Play) Do(step Step) Told { return p.do(step) }

var scripts = map[string]Script{}

// Register makes a script known by a name, by which scenarios ask for it: `script: name`. Call it from an init function.
func Register(name string, s Script) {
	if _, twice := scripts[name]; twice || !plainName.MatchString(name) || s.Play == nil || s.Payments < 1 || s.Payments > maxFlowPayments {
		panic(fmt.Sprintf("script %q: its name must be plain and its own, and it creates 1 to %d payments", name, maxFlowPayments))
	}
	scripts[name] = s
}

// Scripts lists the names.
func Scripts() []string { return slices.Sorted(maps.Keys(scripts)) }

// abandoned unwinds a play that is over before its end.
type abandoned struct{}

func (s Script) begin(chance *rand.Rand) (next func(Told) (Step, bool), stop func()) {
	var told Told
	pull, stop := iter.Pull(func(yield func(Step) bool) {
		defer func() {
			if r := recover(); r != nil && r != any(abandoned{}) {
				panic(r)
			}
		}()
		s.Play(&Play{Chance: chance, do: func(step Step) Told {
			if !yield(step) {
				panic(abandoned{})
			}
			return told
		}})
	})
	return func(before Told) (Step, bool) {
		told = before
		return pull()
	}, stop
}
