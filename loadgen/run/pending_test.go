package run

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPending_OldestIsTheFirstThatHasNotEnded(t *testing.T) {
	var p pending
	if _, ok := p.oldest(); ok {
		t.Fatal("nothing was begun, and something is pending")
	}
	a, b, c := p.begin(time.Second), p.begin(2*time.Second), p.begin(3*time.Second)
	for _, step := range []struct {
		end  int
		want time.Duration
	}{{b, time.Second}, {a, 3 * time.Second}} {
		p.end(step.end)
		if got, ok := p.oldest(); !ok || got != step.want {
			t.Fatalf("oldest %v %v, want %v", got, ok, step.want)
		}
	}
	p.end(c)
	if _, ok := p.oldest(); ok || len(p.planned) != 0 {
		t.Errorf("all have ended, and %d are kept", len(p.planned))
	}
}

// In whatever order payments begin and end, the oldest is the least planned time of those that have not ended.
func TestPending_AgreesWithASearchOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pending
		open, at := map[int]time.Duration{}, time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if places := keys(open); len(places) == 0 || rapid.Bool().Draw(t, "begin") {
				at += time.Duration(rapid.IntRange(0, 5).Draw(t, "gap"))
				open[p.begin(at)] = at
			} else {
				place := rapid.SampledFrom(places).Draw(t, "end")
				p.end(place)
				delete(open, place)
			}
			want, any := time.Duration(1<<62), false
			for _, planned := range open {
				want, any = min(want, planned), true
			}
			got, ok := p.oldest()
			if ok != any || ok && got != want {
				t.Fatalf("oldest %v %v, want %v %v of %v", got, ok, want, any, open)
			}
		}
	})
}

func keys(m map[int]time.Duration) []int {
	var list []int
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
