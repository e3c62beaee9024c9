package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// tried is a step of a test's search.
type tried struct {
	rate  float64
	phase Phase
	Outcome
}

// walk lets a search try a synthetic system, a minute a step, to its end. It must end.
func walk(t rapid.TB, l Limits, system func(rate float64, phase Phase) Outcome) (Answer, []tried) {
	s, steps := NewSearch(l), []tried(nil)
	for {
		rate, phase, more := s.Next()
		if !more {
			return s.Answer(), steps
		}
		o := system(rate, phase)
		steps = append(steps, tried{rate, phase, o})
		if len(steps) > l.MostSteps {
			t.Fatalf("step %d of at most %d: %v", len(steps), l.MostSteps, steps)
		}
		s.Took(o, time.Duration(len(steps))*time.Minute)
	}
}

// knee is a system that bears so much.
func knee(at float64, above Outcome) func(float64, Phase) Outcome {
	return func(rate float64, _ Phase) Outcome {
		if rate <= at {
			return Held
		}
		return above
	}
}

func limits(t *rapid.T) Limits {
	l := Usual
	l.From = rapid.Float64Range(1, 200).Draw(t, "from")
	l.To = l.From * rapid.Float64Range(1, 100).Draw(t, "to by")
	l.Growth = rapid.Float64Range(1.1, 3).Draw(t, "growth")
	l.Resolution = rapid.Float64Range(0.02, 0.5).Draw(t, "resolution")
	l.Confirm = rapid.IntRange(0, 5).Draw(t, "confirm")
	l.MostSteps, l.MostTime = 200, 300*time.Minute
	return l
}

func TestSearch_Knee_IsFoundWithinTheResolution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limits(t)
		at := rapid.Float64Range(l.From, l.To).Draw(t, "knee")
		above := rapid.SampledFrom([]Outcome{Broke, Bed}).Draw(t, "above")
		a, steps := walk(t, l, knee(at, above))
		confirmed := 0
		for _, s := range steps {
			if s.phase == Confirm && s.rate == a.Capacity {
				confirmed++
			}
			if s.rate < l.From-tolerance || s.rate > l.To+tolerance {
				t.Fatalf("%g was tried", s.rate)
			}
		}
		// Rates have three digits: half of one in a hundred may be missing as well.
		if a.End != Found || a.Capacity > at || a.Capacity < at/(1+l.Resolution)*0.99 && a.Capacity < l.To*0.999 || a.Confirmed != l.Confirm || confirmed != l.Confirm {
			t.Fatalf("knee %g: %+v after %v", at, a, steps)
		}
		if reached := a.Capacity >= l.To*(1-tolerance); a.AtLeast != (reached || above == Bed) && !(a.AtLeast && at >= l.To*0.99) {
			t.Fatalf("knee %g: %+v", at, a)
		}
		want := Pass
		if a.AtLeast && a.Capacity < l.To {
			want = Invalid
		}
		if got := a.Verdict(l.To); got != want {
			t.Fatalf("%s, want %s: %+v", got, want, a)
		}
	})
}

func TestSearch_NeverGood_EndsAtTheLowestRate(t *testing.T) {
	for outcome, want := range map[Outcome]string{Broke: Missed, Bed: Invalid, Void: Invalid, Lost: Fail} {
		a, steps := walk(t, Usual, knee(0, outcome))
		if a.Verdict(Usual.To) != want || a.Capacity != 0 || len(steps) > 2 || a.because(Usual.To) == "" {
			t.Errorf("%s: %+v %s after %v", outcome, a, a.Verdict(Usual.To), steps)
		}
	}
}

func TestSearch_NeverBad_IsAtLeastTheEndOfTheRange(t *testing.T) {
	a, steps := walk(t, Usual, knee(math.Inf(1), Broke))
	if a.Capacity != 2000 || !a.AtLeast || a.Verdict(Usual.To) != Pass || a.Confirmed != 3 || len(steps) > 15 {
		t.Errorf("%+v after %v", a, steps)
	}
}

func TestSearch_Violation_EndsItAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, 12).Draw(t, "step")
		n, hold := 0, knee(400, Broke)
		a, steps := walk(t, Usual, func(rate float64, phase Phase) Outcome {
			if n++; n-1 == at {
				return Lost
			}
			return hold(rate, phase)
		})
		if a.Verdict(Usual.To) != Fail || ExitCode(a.Verdict(Usual.To)) != 1 || len(steps) != at+1 {
			t.Fatalf("step %d: %+v after %v", at, a, steps)
		}
	})
}

// One step that breaks by chance, wherever it is, costs less than two resolutions.
func TestSearch_OneFluke_HidesLittle(t *testing.T) {
	for at := range 20 {
		n, hold := 0, knee(700, Broke)
		a, steps := walk(t, Usual, func(rate float64, phase Phase) Outcome {
			if n++; n-1 == at {
				return Broke
			}
			return hold(rate, phase)
		})
		if a.End != Found || a.Capacity > 700 || a.Capacity < 700/1.5 {
			t.Errorf("fluke at step %d: %+v after %v", at, a, steps)
		}
		if phase := steps[min(at, len(steps)-1)].phase; phase != Bisect && a.Capacity < 700/1.1/1.1*0.99 {
			t.Errorf("fluke at step %d (%s): %+v after %v", at, phase, a, steps)
		}
	}
}

// Two rates of the climb that break by chance once each are no broken rate.
func TestSearch_FlukesAtTwoRates_HideNothing(t *testing.T) {
	n, hold := 0, knee(700, Broke)
	a, steps := walk(t, Usual, func(rate float64, phase Phase) Outcome {
		if n++; n == 2 || n == 4 {
			return Broke
		}
		return hold(rate, phase)
	})
	if a.Capacity < 700/1.1*0.99 || steps[1].rate != steps[2].rate || steps[3].rate != steps[4].rate {
		t.Errorf("%+v after %v", a, steps)
	}
}

// What holds once and not again is not the capacity: lower, until all confirmations hold.
func TestSearch_NotConfirmed_GoesLower(t *testing.T) {
	first, again := knee(700, Broke), knee(600, Broke)
	a, steps := walk(t, Usual, func(rate float64, phase Phase) Outcome {
		if phase == Confirm {
			return again(rate, phase)
		}
		return first(rate, phase)
	})
	if a.End != Found || a.Capacity > 600 || a.Capacity < 600/1.1*0.99 || a.Confirmed != 3 || a.AtLeast {
		t.Errorf("%+v after %v", a, steps)
	}
}

// A system whose steps hold by chance, the less the nearer the knee and past it: what is found was confirmed, and lies where
// the system holds rather often.
func TestSearch_FlappingKnee_FindsWhatHoldsOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		at := rapid.Float64Range(100, 1500).Draw(t, "knee")
		l := Usual
		l.MostSteps = 60
		a, steps := walk(t, l, func(rate float64, _ Phase) Outcome {
			if random.Float64() < 1/(1+math.Exp(30*(rate/at-1))) { // 0.95 at 90 % of the knee, 0.05 at 110 %
				return Held
			}
			return Broke
		})
		switch a.End {
		case Found:
			if a.Capacity > at*1.25 || a.Confirmed != 3 {
				t.Fatalf("knee %g: %+v after %v", at, a, steps)
			}
			for _, s := range steps[len(steps)-3:] {
				if s.phase != Confirm || s.rate != a.Capacity || s.Outcome != Held {
					t.Fatalf("knee %g: %+v is not confirmed by %v", at, a, steps)
				}
			}
		case OutOfSteps, OutOfTime, NothingHeld:
		default:
			t.Fatalf("%+v", a)
		}
	})
}

// Whatever a system does, the search stays in its range, within its steps and time, and says only what it saw.
func TestSearch_AnySystem_IsBoundedAndHonest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limits(t)
		l.MostSteps = rapid.IntRange(1, 40).Draw(t, "most steps")
		l.MostTime = time.Duration(rapid.IntRange(1, 40).Draw(t, "most minutes")) * time.Minute
		a, steps := walk(t, l, func(float64, Phase) Outcome {
			return rapid.SampledFrom([]Outcome{Held, Held, Broke, Bed, Void, Lost}).Draw(t, "outcome")
		})
		if len(steps) > int(l.MostTime/time.Minute) {
			t.Fatalf("%d steps in %s", len(steps), l.MostTime)
		}
		held, broke := false, false
		for _, s := range steps {
			held = held || s.Outcome == Held
			broke = broke || s.Outcome == Broke
			if s.rate < l.From*(1-tolerance) || s.rate > l.To*(1+tolerance) {
				t.Fatalf("%g was tried: %v", s.rate, steps)
			}
		}
		if a.End == "" || a.Capacity > 0 && !held || a.Capacity > l.To*(1+tolerance) || a.Capacity > 0 && !a.AtLeast && !broke {
			t.Fatalf("%+v after %v", a, steps)
		}
		if verdict := a.Verdict(l.To); verdict == Pass && (a.End != Found || a.Confirmed != l.Confirm) || (verdict == Fail) != (steps[len(steps)-1].Outcome == Lost) {
			t.Fatalf("%s of %+v after %v", verdict, a, steps)
		}
	})
}

func TestExitCode(t *testing.T) {
	for verdict, want := range map[string]int{Pass: 0, Fail: 1, Invalid: 3, Missed: 4} {
		if got := ExitCode(verdict); got != want {
			t.Error(verdict, got)
		}
	}
}
