package pace

import (
	"math"
	"testing"
	"time"
)

func TestAt_ConstantRate_IsEvenlySpaced(t *testing.T) {
	plan, err := New([]Stage{{Name: "load", From: 300, To: 300, Duration: 3 * time.Minute}}, 1)
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
	plan, err := New([]Stage{{From: 0, To: 100, Duration: 10 * time.Second}, {From: 100, To: 100, Duration: time.Second}}, 1)
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
	plan, err := New([]Stage{{From: 10, To: 10, Duration: time.Second}, {Duration: time.Minute}, {From: 10, To: 10, Duration: time.Second}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if at, stage := plan.At(10); at != 61*time.Second || stage != 2 {
		t.Errorf("the first arrival after the pause is at %v in stage %d, want 1m1s in stage 2", at, stage)
	}
}

func TestNew_RefusesWhatCannotBePlanned(t *testing.T) {
	for name, stages := range map[string][]Stage{
		"no stage":         {},
		"no duration":      {{From: 1, To: 1}},
		"below zero":       {{From: -1, To: 1, Duration: time.Second}},
		"not a number":     {{From: math.NaN(), To: 1, Duration: time.Second}},
		"no shape":         {{Shape: "saw", From: 1, To: 1, Duration: time.Second}},
		"one step":         {{Shape: Step, From: 1, To: 2, Steps: 1, Duration: time.Second}},
		"long spike":       {{Shape: Spike, From: 1, To: 2, Rise: time.Second, Hold: 1, Duration: time.Second}},
		"no period":        {{Shape: Sine, From: 1, To: 2, Duration: time.Second}},
		"upside down":      {{Shape: Sine, From: 2, To: 1, Period: time.Second, Duration: time.Second}},
		"negative users":   {{UsersFrom: -1, Duration: time.Second}},
		"too many to draw": {{From: 1e6, To: 1e6, Poisson: true, Duration: time.Hour}},
	} {
		if _, err := New(stages, 1); err == nil {
			t.Errorf("%s: planned without an error", name)
		}
	}
}

func TestAt_Step_ClimbsInEqualParts(t *testing.T) {
	plan, err := New([]Stage{{Shape: Step, From: 10, To: 30, Steps: 3, Duration: 30 * time.Second}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Total() != 600 {
		t.Fatalf("10, 20 and 30/s for 10 s each are 600 arrivals, not %d", plan.Total())
	}
	for n, want := range map[int]time.Duration{0: 0, 50: 5 * time.Second, 100: 10 * time.Second, 200: 15 * time.Second, 450: 25 * time.Second} {
		if at, _ := plan.At(n); at != want {
			t.Errorf("arrival %d at %v, want %v", n, at, want)
		}
	}
	for at, want := range map[time.Duration]float64{0: 10, 9999 * time.Millisecond: 10, 10 * time.Second: 20, 29 * time.Second: 30, 30 * time.Second: 0, -1: 0} {
		if got := plan.RateAt(at); got != want {
			t.Errorf("rate at %v is %v, want %v", at, got, want)
		}
	}
}

func TestAt_Spike_LiesInTheMiddle(t *testing.T) {
	plan, err := New([]Stage{{
		Shape: Spike, From: 10, To: 110, Rise: 2 * time.Second, Hold: 4 * time.Second, Fall: 2 * time.Second, Duration: 28 * time.Second,
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	// 10 s before and after at 10/s, 120 in each flank, 440 at the top.
	if plan.Total() != 880 {
		t.Fatalf("total %d, want 880", plan.Total())
	}
	for n, want := range map[int]time.Duration{50: 5 * time.Second, 100: 10 * time.Second, 220: 12 * time.Second, 440: 14 * time.Second, 660: 16 * time.Second, 830: 23 * time.Second} {
		if at, _ := plan.At(n); at != want {
			t.Errorf("arrival %d at %v, want %v", n, at, want)
		}
	}
	for at, want := range map[time.Duration]float64{0: 10, 11 * time.Second: 60, 14 * time.Second: 110, 16500 * time.Millisecond: 85, 20 * time.Second: 10} {
		if got := plan.RateAt(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("rate at %v is %v, want %v", at, got, want)
		}
	}
}

func TestAt_Sine_SwingsAroundItsMiddle(t *testing.T) {
	plan, err := New([]Stage{{Shape: Sine, From: 0, To: 200, Period: 10 * time.Second, Duration: 20 * time.Second}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Total() != 2000 {
		t.Fatalf("total %d, want 2000: the mean for two whole periods", plan.Total())
	}
	for at, want := range map[time.Duration]float64{0: 100, 2500 * time.Millisecond: 200, 7500 * time.Millisecond: 0} {
		if got := plan.RateAt(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("rate at %v is %v, want %v", at, got, want)
		}
	}
	// The upper half of the wave has 1/2 + 1/π of its arrivals.
	if at, _ := plan.At(818); (at - 5*time.Second).Abs() > 20*time.Millisecond {
		t.Errorf("the upper half ends at %v, want 5s", at)
	}
}

func TestStage_ScaledAndStretched_KeepsItsParts(t *testing.T) {
	s := Stage{Shape: Spike, From: 10, To: 110, Rise: 2, Hold: 4, Fall: 2, Period: 6, Duration: 28}.Scaled(2).Stretched(3)
	if want := (Stage{Shape: Spike, From: 20, To: 220, Rise: 6, Hold: 12, Fall: 6, Period: 18, Duration: 84}); s != want {
		t.Errorf("%+v\nwant %+v", s, want)
	}
	if s.Peak() != 220 {
		t.Errorf("peak %v", s.Peak())
	}
}

func TestUsers_GoInAStraightLine(t *testing.T) {
	plan, err := New([]Stage{
		{UsersFrom: 1, UsersTo: 5, Duration: 8 * time.Second},
		{UsersFrom: 5, UsersTo: 5, Duration: time.Second},
		{UsersFrom: 5, UsersTo: 0, Duration: 5 * time.Second},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Duration]int{0: 1, time.Second - 1: 1, time.Second: 2, 3 * time.Second: 3, 8 * time.Second: 5, 11 * time.Second: 3, 14 * time.Second: 0} {
		if got := plan.UsersAt(at); got != want {
			t.Errorf("%d users at %v, want %d", got, at, want)
		}
	}
	// Following the moments at which there may be more misses nobody.
	for at, last := time.Duration(0), 1; at < 8*time.Second; {
		at = plan.MoreUsersAt(at)
		if now := plan.UsersAt(at); now > last+1 {
			t.Fatalf("from %d to %d users at %v", last, now, at)
		} else {
			last = now
		}
	}
	if got := plan.MoreUsersAt(10 * time.Second); got != 14*time.Second {
		t.Errorf("there are no more users after 10s, and the next look is at %v", got)
	}
	if plan.Total() != 0 {
		t.Errorf("%d arrivals", plan.Total())
	}
	steady, err := New([]Stage{{UsersFrom: 3, UsersTo: 3, Duration: time.Second}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if steady.UsersAt(0) != 3 || steady.UsersAt(time.Second) != 0 {
		t.Errorf("%d users at the start and %d at the end, want 3 and none", steady.UsersAt(0), steady.UsersAt(time.Second))
	}
}
