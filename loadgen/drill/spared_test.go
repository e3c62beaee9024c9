package drill

import (
	"strings"
	"testing"
	"time"
)

const (
	points = `"legs":[{"w":"POINT","amt":5}]`
	card   = `"legs":[{"w":"PG","amt":5},{"w":"POINT","amt":5}]`
)

// Only what is planned between the break and its end counts, and only of what is spared; looks are counted whatever they look at.
func TestSpared_CountsWhatABreakMustNotTouch_WhileItIsBroken(t *testing.T) {
	breaks := []Break{{At: 2 * time.Second, Healed: 6 * time.Second}, {What: "the end", At: 20 * time.Second}}
	s, err := spared(journal(t,
		`{"k":"p","n":1,"at":1000000,`+points+`}`, `{"k":"a","n":1,"s":1000000,"d":9000000,"st":503}`, // before
		`{"k":"p","n":2,"at":3000000,`+card+`}`, `{"k":"a","n":2,"s":3000000,"d":5000000,"st":503}`, // not spared
		`{"k":"p","n":3,"at":3000000,`+points+`,"async":true}`, `{"k":"a","n":3,"s":3000000,"d":5000000,"st":503}`,
		`{"k":"p","n":4,"at":3000000,`+points+`}`, `{"k":"a","n":4,"s":3100000,"d":3300000,"st":201}`, `{"k":"a","n":4,"s":3400000,"d":9300000,"st":503}`,
		`{"k":"p","n":5,"at":5000000,`+points+`}`, `{"k":"a","n":5,"s":5000000,"d":5100000,"st":503}`,
		`{"k":"p","n":6,"at":7000000,`+points+`}`, `{"k":"a","n":6,"s":7000000,"d":9000000,"st":503}`, // healed
		`{"k":"g","n":2,"s":5500000,"d":5540000,"st":200}`, `{"k":"g","n":2,"s":6500000,"d":9540000,"st":503}`,
	), breaks, byPointsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if p := s.Payments; p.Requests != 2 || p.Bad != 1 || p.Median != 300*time.Millisecond || p.P95 != 300*time.Millisecond || p.Most != 300*time.Millisecond {
		t.Errorf("payments: %+v", p)
	}
	if p := s.PaymentsElse; p.Requests != 2 || p.Bad != 2 || p.Median != 8*time.Second {
		t.Errorf("payments otherwise: %+v", p)
	}
	if l := s.LooksElse; l.Requests != 1 || l.Bad != 1 {
		t.Errorf("looks otherwise: %+v", l)
	}
	if l := s.Looks; l.Requests != 1 || l.Bad != 0 || l.P95 != 40*time.Millisecond {
		t.Errorf("looks: %+v", l)
	}
}

func TestSpared_FailsWhenOneIsTurnedAway_WhenTheyAreSlow_AndWhenThereAreNone(t *testing.T) {
	fast := Quickness{Requests: 100, P95: 20 * time.Millisecond}
	slow := Quickness{Requests: 100, Median: 1200 * time.Millisecond, P95: 2100 * time.Millisecond}
	for name, c := range map[string]struct {
		payments Quickness
		failures int
	}{
		"all well":        {fast, 0},
		"one turned away": {Quickness{Requests: 100, Bad: 1, P95: 20 * time.Millisecond}, 1},
		"slow":            {Quickness{Requests: 100, Median: 1200 * time.Millisecond, P95: 1300 * time.Millisecond}, 1},
		"some hang":       {Quickness{Requests: 100, P95: 2100 * time.Millisecond}, 1},
		"none":            {Quickness{}, 1},
	} {
		failed := (&Spared{Payments: c.payments, Looks: fast}).failures()
		if len(failed) != c.failures {
			t.Errorf("%s: %v", name, failed)
		}
		for _, f := range failed {
			if f.Check != checkSpared || !strings.Contains(f.Text, "payments") {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
	if failed := (&Spared{Payments: slow, PaymentsElse: slow, Looks: fast}).failures(); len(failed) > 0 {
		t.Errorf("on a machine on which they are slow all the time: %v", failed)
	}
}
