package bench

import (
	"testing"
	"time"
)

var whole = Options{
	Repeats: 3, Duration: 5 * time.Second, Clients: []int{1, 16, 64, 256}, Legs: []int{1, 3}, Modes: []string{Sync, Async},
	Contestants: []string{Raw, System, Plain, Legacy}, Sections: Sections,
}

var quick = Options{
	Repeats: 3, Duration: 6 * time.Second, Clients: []int{64}, Legs: []int{1}, Modes: []string{Sync}, Contestants: []string{System, Plain},
	Sections: []string{Grid}, Quick: true,
}

// Each place is measured as often as asked, each contestant in each repeat once, and everybody begins a repeat once in a while.
func TestPlan_EveryoneAlike(t *testing.T) {
	repeats, first := map[Place]map[int]int{}, map[string]bool{}
	turns := plan(whole)
	for i, turn := range turns {
		for _, s := range turn.steps {
			if s.Contestant != turn.contestant {
				t.Errorf("%s in the turn of %s", s.name(), turn.contestant)
			}
			if repeats[s.Place] == nil {
				repeats[s.Place] = map[int]int{}
			}
			repeats[s.Place][s.repeat]++
		}
		if turn.steps[0].Section == Grid && turn.steps[0].Mode == Sync && turn.steps[0].Legs == 1 && (i == 0 || turns[i-1].steps[0].repeat != turn.steps[0].repeat) {
			first[turn.contestant] = true
		}
	}
	for p, n := range repeats {
		want := map[string]int{Grid: 3, sustained: 1, lone: 5, maximum: 3, telemetry: 3}[p.Section]
		if len(n) != want {
			t.Errorf("%s has %d repeats, want %d", p.name(), len(n), want)
		}
		for repeat, times := range n {
			if times != 1 {
				t.Errorf("%s: repeat %d comes %d times", p.name(), repeat, times)
			}
		}
		if p.Mode == Async && p.Contestant == Legacy || p.Section == sustained && p.Contestant == Raw {
			t.Errorf("%s cannot be measured", p.name())
		}
	}
	if len(repeats) != 32+6+2+2+2+2 || len(first) != 3 {
		t.Errorf("%d places; %v began a repeat", len(repeats), first)
	}
}

// Two contestants alternate so that the one who ends a repeat begins the next: a switch less, and drift meets both alike.
func TestPlan_Quick(t *testing.T) {
	order := ""
	for _, turn := range plan(quick) {
		order += turn.contestant[:1]
		if len(turn.steps) != 1 || turn.steps[0].Place != of(card64, turn.contestant) {
			t.Errorf("%+v", turn)
		}
	}
	if order != "sppssp" {
		t.Error(order)
	}
}

func TestPlan_StaysWithinItsTime(t *testing.T) {
	if all := takes(plan(whole), whole, System); all < 10*time.Minute || all > 26*time.Minute {
		t.Errorf("the whole takes %s", all)
	}
	if all := takes(plan(quick), quick, System); all > 90*time.Second {
		t.Errorf("the quick one takes %s, and has to start a stack as well", all)
	}
}

func TestPlan_SectionsThatNeedWhatIsNotThere(t *testing.T) {
	o := whole
	o.Sections = []string{sustained, maximum}
	if turns := plan(o); len(turns) != 0 {
		t.Errorf("%+v", turns)
	}
	o.Sections, o.Contestants = []string{lone, telemetry}, []string{System, Raw}
	if turns := plan(o); len(turns) != 0 {
		t.Errorf("%+v", turns)
	}
}

func TestUsual_IsTheNearestTo64(t *testing.T) {
	for want, all := range map[int][]int{64: {1, 16, 64, 256}, 50: {1, 50, 256}, 7: {7}, 16: {1, 16}} {
		if got := usual(all); got != want {
			t.Errorf("%d of %v", got, all)
		}
	}
}
