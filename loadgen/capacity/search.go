package capacity

import (
	"math"
	"time"
)

// Outcome is what a step has shown of its rate.
type Outcome string

// The outcomes.
const (
	Held  Outcome = "held"  // the objective held
	Broke Outcome = "broke" // it did not
	Bed   Outcome = "bed"   // the generator, the mock or the machine gave way first: nothing is known of the system
	Void  Outcome = "void"  // the run could not be judged
	Lost  Outcome = "lost"  // FAIL: an invariant is violated
)

// Phase is what a step is for.
type Phase string

// The phases.
const (
	Climb   Phase = "climb"   // the rate grows until it does not hold
	Bisect  Phase = "bisect"  // between the highest that held and the lowest that did not
	Confirm Phase = "confirm" // the rate that was found, again
)

// Limits bound the search.
type Limits struct {
	From       float64       `json:"from_per_s"`
	To         float64       `json:"to_per_s"`
	Growth     float64       `json:"growth"`     // of the rate from one step of the climb to the next
	Resolution float64       `json:"resolution"` // how far apart, as a share, what holds and what does not may stay
	Confirm    int           `json:"confirm"`    // runs that must hold at the rate that was found
	MostSteps  int           `json:"most_steps"`
	MostTime   time.Duration `json:"most_time_ns"` // no step begins after it
}

// Usual are the limits of who says nothing else.
var Usual = Limits{From: 50, To: 2000, Growth: 1.5, Resolution: 0.1, Confirm: 3, MostSteps: 40, MostTime: 2 * time.Hour}

// Search decides what to try next. It knows no system: it is told what became of each step, and the same outcomes give the
// same search.
//
//	held  ×1.5 ▲      ▲ broke, broke again
//	           │ ▲    ├─ held ──┐
//	           │ │ ▲  │   broke ┤ until both are within the resolution
//	     from ─┴─┴─┴──┘         └► confirm, confirm, confirm      one that breaks: a resolution lower, and all again
type Search struct {
	limits Limits
	phase  Phase
	rate   float64 // of the next step

	low     float64 // the highest that held, 0: none did
	high    float64 // the lowest that did not, 0: none is known
	highBed bool    // because the bed gave way there

	refused   int // how often this rate of the climb did not hold
	voids     int // in a row
	confirmed int
	steps     int
	end       End
}

// End is why a search ended.
type End string

// The ends.
const (
	Found       End = "found"        // confirmed
	NothingHeld End = "nothing_held" // the objective broke at the lowest rate
	BedFirst    End = "bed_first"    // the bed gave way at the lowest rate
	Violated    End = "violated"     // an invariant is violated
	Unjudged    End = "unjudged"     // two steps in a row could not be judged
	OutOfSteps  End = "out_of_steps" //
	OutOfTime   End = "out_of_time"  //
	Stopped     End = "stopped"      // by hand
	tolerance       = 1e-9           // of a comparison of rates
	mostRefused     = 2              // tries of a rate of the climb: a fluke there would hide everything above
	mostVoids       = 2
)

// NewSearch begins one.
func NewSearch(l Limits) *Search { return &Search{limits: l, phase: Climb, rate: l.From} }

// Next is what to try; false: the search has ended.
func (s *Search) Next() (rate float64, phase Phase, more bool) { return s.rate, s.phase, s.end == "" }

// Took tells what became of the step that Next asked for, and how long all steps have taken.
func (s *Search) Took(o Outcome, spent time.Duration) {
	if s.end != "" {
		return
	}
	s.steps++
	switch o {
	case Lost:
		s.end = Violated
	case Void:
		if s.voids++; s.voids >= mostVoids {
			s.end = Unjudged
		}
	case Held:
		s.voids = 0
		s.held()
	default:
		s.voids = 0
		s.refuse(o == Bed)
	}
	switch {
	case s.end != "":
	case s.steps >= s.limits.MostSteps:
		s.end = OutOfSteps
	case spent >= s.limits.MostTime:
		s.end = OutOfTime
	}
}

// Stop ends it by hand.
func (s *Search) Stop() {
	if s.end == "" {
		s.end = Stopped
	}
}

func (s *Search) held() {
	switch s.phase {
	case Confirm:
		if s.confirmed++; s.confirmed >= s.limits.Confirm {
			s.end = Found
		}
	default:
		s.low, s.refused = max(s.low, s.rate), 0
		s.advance()
	}
}

// refuse takes a rate that did not hold.
func (s *Search) refuse(bed bool) {
	if s.phase == Climb {
		if s.refused++; s.refused < mostRefused {
			return // the same rate again
		}
	}
	s.high, s.highBed = s.rate, bed
	if s.phase != Confirm {
		s.advance()
		return
	}
	// What held when it was found does not always hold. Lower, and all confirmations again.
	s.confirmed = 0
	s.rate = round(s.rate / (1 + s.limits.Resolution))
	s.low = min(s.low, s.rate)
	if s.rate < s.limits.From*(1-tolerance) {
		s.nothing()
	}
}

func (s *Search) nothing() {
	s.low, s.end = 0, NothingHeld
	if s.highBed {
		s.end = BedFirst
	}
}

// advance chooses the next rate of the climb or of the bisection, or begins the confirmation.
func (s *Search) advance() {
	switch middle := round(math.Sqrt(s.low * s.high)); {
	case s.high == 0 && s.low < s.limits.To*(1-tolerance):
		s.rate = min(round(s.low*s.limits.Growth), s.limits.To)
	case s.high == 0: // the end of the range held
		s.confirm()
	case s.low == 0:
		s.nothing()
	case s.high/s.low <= 1+s.limits.Resolution+tolerance, middle <= s.low, middle >= s.high:
		s.confirm()
	default:
		s.phase, s.rate = Bisect, middle
	}
}

func (s *Search) confirm() {
	s.phase, s.rate = Confirm, s.low
	if s.limits.Confirm == 0 {
		s.end = Found
	}
}

// round keeps rates readable: three digits.
func round(rate float64) float64 {
	if rate <= 0 {
		return 0
	}
	scale := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return math.Round(rate/scale) * scale
}

// Answer is what the search has shown.
type Answer struct {
	End       End     `json:"end"`
	Capacity  float64 `json:"capacity_per_s"` // the highest rate that held, 0: none
	AtLeast   bool    `json:"at_least"`       // the system was never seen to break: it may bear more
	Confirmed int     `json:"confirmed"`
}

// Answer of a search that has ended.
func (s *Search) Answer() Answer {
	return Answer{End: s.end, Capacity: s.low, AtLeast: s.low > 0 && (s.high == 0 || s.highBed), Confirmed: s.confirmed}
}
