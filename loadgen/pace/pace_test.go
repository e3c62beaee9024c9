package pace

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAt_ConstantRate_IsEvenlySpaced(t *testing.T) {
	plan, err := New([]Stage{{Name: "load", From: 300, To: 300, Duration: 3 * time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Total() != 54_000 {
		t.Fatalf("300/s for 3 minutes are 54000 arrivals, not %d", plan.Total())
	}
	for n, want := range map[int]time.Duration{0: 0, 1: 3_333_333, 300: time.Second, 53_999: 179_996_666_667} {
		if at, _ := plan.At(n); at != want {
			t.Errorf("arrival %d at %v, want %v", n, at, want)
		}
	}
}

func TestAt_Ramp_FollowsTheLine(t *testing.T) {
	plan, err := New([]Stage{{From: 0, To: 100, Duration: 10 * time.Second}, {From: 100, To: 100, Duration: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Total() != 600 {
		t.Fatalf("total %d, want 500 of the ramp and 100 after it", plan.Total())
	}
	// Half the time of a ramp from zero has a quarter of its arrivals.
	if at, stage := plan.At(125); at != 5*time.Second || stage != 0 {
		t.Errorf("arrival 125 at %v in stage %d, want 5s in stage 0", at, stage)
	}
	if at, stage := plan.At(550); at != 10500*time.Millisecond || stage != 1 {
		t.Errorf("arrival 550 at %v in stage %d, want 10.5s in stage 1", at, stage)
	}
}

func TestAt_StageWithoutArrivals_IsPassedOver(t *testing.T) {
	plan, err := New([]Stage{{From: 10, To: 10, Duration: time.Second}, {Duration: time.Minute}, {From: 10, To: 10, Duration: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	if at, stage := plan.At(10); at != 61*time.Second || stage != 2 {
		t.Errorf("the first arrival after the pause is at %v in stage %d, want 1m1s in stage 2", at, stage)
	}
}

func TestNew_RefusesWhatCannotBePlanned(t *testing.T) {
	for name, stages := range map[string][]Stage{
		"no stage":     {},
		"no duration":  {{From: 1, To: 1}},
		"below zero":   {{From: -1, To: 1, Duration: time.Second}},
		"not a number": {{From: math.NaN(), To: 1, Duration: time.Second}},
	} {
		if _, err := New(stages); err == nil {
			t.Errorf("%s: planned without an error", name)
		}
	}
}

// Whatever the stages: arrivals never go back in time, lie inside their stage, and the number due by any moment is the
// area under the rate so far, to within one arrival.
func TestPlan_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stages := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Stage {
			return Stage{
				From:     rapid.Float64Range(0, 5000).Draw(t, "from"),
				To:       rapid.Float64Range(0, 5000).Draw(t, "to"),
				Duration: time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(10*time.Second)).Draw(t, "duration")),
			}
		}), 1, 5).Draw(t, "stages")
		plan, err := New(stages)
		if err != nil {
			t.Fatal(err)
		}
		area := 0.0
		for _, s := range stages {
			area += s.arrivals()
		}
		if math.Abs(float64(plan.Total())-area) > 1 {
			t.Fatalf("%d arrivals for an area of %v", plan.Total(), area)
		}
		last, step := time.Duration(0), max(1, plan.Total()/200)
		for n := 0; n < plan.Total(); n += step {
			at, stage := plan.At(n)
			if at < last {
				t.Fatalf("arrival %d at %v is before the one before it (%v)", n, at, last)
			}
			if at < plan.starts[stage] || at > plan.starts[stage]+stages[stage].Duration {
				t.Fatalf("arrival %d at %v is outside its stage %d", n, at, stage)
			}
			into := (at - plan.starts[stage]).Seconds()
			line := stages[stage]
			due := plan.counts[stage] + line.From*into + (line.To-line.From)/line.Duration.Seconds()*into*into/2
			if math.Abs(due-float64(n)) > 0.01 {
				t.Fatalf("arrival %d at %v, where the area is %v", n, at, due)
			}
			last = at
		}
	})
}
