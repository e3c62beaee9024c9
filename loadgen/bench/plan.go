package bench

import (
	"slices"
	"time"
)

// The sections of a bench, and the modes.
const (
	Grid      = "grid"      // rates of all contestants by mode, legs and clients
	sustained = "sustained" // asynchronous at 90 % of the closed rate: the backlog must not grow
	lone      = "lone"      // one client: what grouping costs who is alone
	maximum   = "maximum"   // at 90 % of plain's own maximum: whose tail is better
	telemetry = "telemetry" // exporting against not exporting

	Sync  = "sync"
	Async = "async"
)

// Sections are all that can be asked for.
var Sections = []string{Grid, sustained, lone, maximum, telemetry}

// step is one measurement that is planned.
type step struct {
	Place
	repeat int
}

// turn is what one contestant does between two switches.
type turn struct {
	contestant string
	steps      []step
}

// most clients for the sections that ask for one load only, and how many repeats a lone client gets beyond the others':
// what is looked for there is 5 %.
const (
	usualClients = 64
	loneMore     = 2
	openShare    = 0.9 // of a closed rate, for the open model
)

// plan is everything in its order. Contestants take turns within each repeat, and who begins changes from repeat to
// repeat: what drifts on the machine, and tables that grow, meet all of them alike.
//
//	repeat 1: raw system plain legacy    repeat 2: system plain legacy raw    repeat 3: plain legacy raw system
func plan(o Options) (turns []turn) {
	wants := func(section string) bool { return slices.Contains(o.Sections, section) }
	if wants(Grid) && slices.Contains(o.Modes, Sync) {
		for _, legs := range o.Legs {
			turns = append(turns, inTurns(Grid, Sync, legs, o.Clients, o.Contestants, o.Repeats)...)
		}
	}
	inAsync := without(o.Contestants, Legacy) // it has no asynchronous payments
	ends := []int{slices.Min(o.Clients), slices.Max(o.Clients)}
	if ends[0] == ends[1] {
		ends = ends[:1]
	}
	if wants(Grid) && slices.Contains(o.Modes, Async) {
		turns = append(turns, inTurns(Grid, Async, o.Legs[0], ends, inAsync, o.Repeats)...)
	}
	if wants(sustained) && wants(Grid) && slices.Contains(o.Modes, Async) {
		turns = append(turns, inTurns(sustained, Async, o.Legs[0], []int{0}, without(inAsync, Raw), 1)...)
	}
	pair := []string{System, Plain}
	if !slices.Contains(o.Modes, Sync) || !slices.Contains(o.Contestants, System) || !slices.Contains(o.Contestants, Plain) {
		return turns
	}
	if wants(lone) {
		turns = append(turns, inTurns(lone, Sync, o.Legs[0], []int{1}, pair, o.Repeats+loneMore)...)
	}
	if wants(maximum) && wants(Grid) {
		turns = append(turns, inTurns(maximum, Sync, o.Legs[0], []int{0}, pair, o.Repeats)...)
	}
	if wants(telemetry) {
		turns = append(turns, inTurns(telemetry, Sync, o.Legs[0], []int{usual(o.Clients)}, []string{System, TelemetryOn}, o.Repeats)...)
	}
	return turns
}

func inTurns(section, mode string, legs int, clients []int, contestants []string, repeats int) (turns []turn) {
	for n := range repeats {
		for i := range contestants {
			t := turn{contestant: contestants[(i+n)%len(contestants)]}
			for _, c := range clients {
				t.steps = append(t.steps, step{Place{Section: section, Mode: mode, Legs: legs, Clients: c, Contestant: t.contestant}, n + 1})
			}
			turns = append(turns, t)
		}
	}
	return turns
}

func without(all []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == name })
}

// usual is the number of clients that the sections use: 64, or what comes nearest.
func usual(clients []int) int {
	return slices.MinFunc(clients, func(a, b int) int {
		return max(a, usualClients)/min(a, usualClients) - max(b, usualClients)/min(b, usualClients)
	})
}

// What a step and a switch take beside the load, roughly, for the time that is left until it is known better.
const (
	switchTime  = 5 * time.Second
	runOverhead = 2 * time.Second
	rawOverhead = time.Second
)

// load is how long a step sends. Backlogs show themselves slowly.
func (s step) load(o Options) time.Duration {
	if s.Section == sustained {
		return max(3*o.Duration, sustainedLoad)
	}
	return o.Duration
}

const (
	sustainedLoad = 15 * time.Second
	warmUp        = 2 * time.Second
)

func (s step) takes(o Options) time.Duration {
	if s.Contestant == Raw {
		return s.load(o) + rawOverhead
	}
	return s.load(o) + runOverhead
}

// takes is the whole plan from now on, with running as the contestant whose programs run.
func takes(turns []turn, o Options, running string) (sum time.Duration) {
	for _, t := range turns {
		if t.contestant != Raw && t.contestant != running {
			sum += switchTime + warmUp + runOverhead
			running = t.contestant
		}
		for _, s := range t.steps {
			sum += s.takes(o)
		}
	}
	return sum
}
