package script

import (
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/fault"
)

func TestParse_EachTokenGivesItsSteps(t *testing.T) {
	silent, reset := fault.Silent{Bound: time.Minute}, fault.Reset{}
	fixed50 := Delay{shape: fixed, low: 50 * time.Millisecond}
	for _, c := range []struct {
		token string
		op    Op
		nth   int
		want  Step
	}{
		{"gz1;charge=ok", Charge, 1, Step{}},
		{"gz1;charge=ok@fixed/50ms", Charge, 1, Step{Delay: fixed50}},
		{"gz1;charge=decline", Charge, 1, Step{Decline: "declined"}},
		{"gz1;charge=decline:insufficient_funds@fixed/50ms", Charge, 1, Step{Decline: "insufficient_funds", Delay: fixed50}},
		{"gz1;reserve=silent", Reserve, 1, Step{Fault: silent, Name: "silent"}},
		{"gz1;confirm=silent:before", Confirm, 1, Step{Fault: silent, Name: "silent"}},
		{"gz1;release=silent:after", Release, 1, Step{Fault: silent, Name: "silent", After: true}},
		{"gz1;void=reset:after@fixed/50ms", Void, 1, Step{Fault: reset, Name: "reset", After: true, Delay: fixed50}},
		{"gz1;net-cancel=reset,ok", NetCancel, 1, Step{Fault: reset, Name: "reset"}},
		{"gz1;net-cancel=reset,ok", NetCancel, 2, Step{}},
		{"gz1;inquiry=ok,ok,reset", Inquiry, 100, Step{Fault: reset, Name: "reset"}},
		{
			"gz1;seed=42;charge=silent:after@lognormal/50ms/0.5;inquiry=ok@fixed/5ms", Charge, 1,
			Step{Fault: silent, Name: "silent", After: true, Delay: Delay{shape: lognormal, low: 50 * time.Millisecond, spread: 0.5}},
		},
		{"gz1;refund=silent:after", Refund, 1, Step{Fault: silent, Name: "silent", After: true}},
		{"gz1;refund=decline:closed,ok@fixed/50ms", Refund, 1, Step{Decline: "closed"}},
		{"gz1;refund=decline:closed,ok@fixed/50ms", Refund, 2, Step{Delay: fixed50}},
		{"gz1;charge=late/4s", Charge, 1, Step{Name: "late", Late: 4 * time.Second}},
		{"gz1;charge=late/30s,late/50ms@fixed/50ms", Charge, 2, Step{Name: "late", Late: 50 * time.Millisecond, Delay: fixed50}},
		{"gz1;charge=5xx/503:after", Charge, 1, Step{Fault: fault.ServerError{Status: 503}, Name: "5xx", After: true}},
		{"gz1;void=drip/2s@fixed/50ms", Void, 1, Step{Fault: fault.Drip{Over: 2 * time.Second}, Name: "drip", Delay: fixed50}},
		{"gz1;reserve=429/3s:before,429,ok", Reserve, 1, Step{Fault: fault.TooMany{RetryAfter: 3 * time.Second}, Name: "429"}},
		{"gz1;reserve=429/3s:before,429,ok", Reserve, 2, Step{Fault: fault.TooMany{RetryAfter: time.Second}, Name: "429"}},
		{"gz1;reserve=429/3s:before,429,ok", Reserve, 3, Step{}},
		{"gz1;refund=amount/-500:after", Refund, 1, Step{Fault: fault.Amount{Difference: -500}, Name: "amount", After: true}},
		{"gz1;inquiry=silent/30s", Inquiry, 1, Step{Fault: fault.Silent{Bound: 30 * time.Second}, Name: "silent"}},
		{"gz1;net-cancel=reference:after", NetCancel, 1, Step{Fault: fault.Reference{}, Name: "reference", After: true}},
		{"gz1;charge=ok@uniform/20ms/80ms", Charge, 1, Step{Delay: Delay{shape: uniform, low: 20 * time.Millisecond, high: 80 * time.Millisecond}}},
	} {
		s, _, _, err := Parse(c.token)
		if err != nil {
			t.Errorf("%s: %v", c.token, err)
			continue
		}
		if got, ok := s.Step(c.op, c.nth); !ok || got != c.want {
			t.Errorf("%s: step %d of %s is %+v (%t), want %+v", c.token, c.nth, c.op, got, ok, c.want)
		}
	}
}

func TestParse_WhatHasNoScript(t *testing.T) {
	for _, token := range []string{"tok_123", "", "gz2;charge=ok", "gz10", "xgz1;charge=reset"} {
		if s, _, _, err := Parse(token); s != nil || err != nil {
			t.Errorf("%q: %v, %v, want no script and no error", token, s, err)
		}
	}
	s, _, _, err := Parse("gz1;charge=ok")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Step(Void, 1); ok {
		t.Error("a script of charges speaks of voids")
	}
}

func TestParse_AFaultyScriptIsAnErrorThatNamesTheSegment(t *testing.T) {
	for token, want := range map[string]string{
		"gz1;charge":                                     "charge",
		"gz1;charge=":                                    "charge=",
		"gz1;":                                           `no operation ""`,
		"gz1;capture=ok":                                 "capture",
		"gz1;refund=late/4s":                             "only a charge",
		"gz1;reserve=late/4s":                            "only a charge",
		"gz1;charge=late":                                "late/<duration>",
		"gz1;charge=late:after":                          "late/<duration>",
		"gz1;charge=late/":                               "duration",
		"gz1;charge=late/0s":                             "not late",
		"gz1;charge=late/31s":                            "30s",
		"gz1;charge=late/-1s":                            "-1s",
		"gz1;charge=hang":                                "hang",
		"gz1;charge=silent:later":                        "silent:later",
		"gz1;charge=silent:":                             "before or after",
		"gz1;charge=429:after":                           "before the booking only",
		"gz1;charge=429/3s:after":                        "before the booking only",
		"gz1;charge=429/0s":                              "1ms",
		"gz1;charge=silent/":                             "behind the slash",
		"gz1;charge=silent/11m":                          "10m0s",
		"gz1;charge=reset/1s":                            "no parameter",
		"gz1;charge=5xx/404":                             "500 to 599",
		"gz1;charge=5xx/+50":                             "500 to 599",
		"gz1;charge=4xx/429":                             "429/1s",
		"gz1;charge=redirect/305":                        "301, 302, 303, 307, 308",
		"gz1;charge=half/open":                           "close, hold",
		"gz1;charge=length/wide":                         "long, short, none",
		"gz1;charge=huge/65MiB":                          "64MiB",
		"gz1;charge=huge/0":                              "64MiB",
		"gz1;charge=amount/0":                            "not 0",
		"gz1;void=amount":                                "no money",
		"gz1;release=currency:after":                     "no money",
		"gz1;charge=decline:":                            "code of a decline",
		"gz1;charge=decline:a b":                         "code of a decline",
		"gz1;charge=decline:\"":                          "code of a decline",
		"gz1;inquiry=decline":                            "inquiry",
		"gz1;charge=ok@":                                 "no delay",
		"gz1;charge=ok@fixed":                            "no delay",
		"gz1;charge=ok@fixed/50":                         `"50"`,
		"gz1;charge=ok@fixed/-1ms":                       "-1ms",
		"gz1;charge=ok@fixed/31s":                        "30s",
		"gz1;charge=ok@uniform/80ms/20ms":                "must not be below",
		"gz1;charge=ok@lognormal/50ms/NaN":               "sigma",
		"gz1;charge=ok@exponential/50ms/2":               "no delay",
		"gz1;charge=ok@pareto/50ms":                      "no delay",
		"gz1;charge=ok@pareto/50ms/0":                    "the shape",
		"gz1;charge=ok@lognormal/50ms/-1":                "sigma",
		"gz1;charge=ok;charge=ok":                        "second script",
		"gz1;seed=1;seed=2":                              "second seed",
		"gz1;seed=":                                      "seed",
		"gz1;seed=-1":                                    "seed",
		"gz1;seed=18446744073709551616":                  "seed",
		"gz1;charge=" + strings.Repeat("ok,", 16) + "ok": "17 steps",
	} {
		if _, _, _, err := Parse(token); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one about %q", token, err, want)
		}
		if _, err := new(Library).Read(token, 0); err == nil {
			t.Errorf("%s: the library takes it", token)
		}
	}
}

func TestLibrary_TokensThatDifferInTheirSeedShareAScript(t *testing.T) {
	var l Library
	read := func(token string) Plan {
		p, err := l.Read(token, 7)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second, unseeded := read("gz1;seed=1;charge=ok"), read("gz1;seed=2;charge=ok"), read("gz1;charge=ok")
	if first.Script != second.Script || first.Script != unseeded.Script {
		t.Error("three tokens, more than one script")
	}
	if first.Seed != 1 || second.Seed != 2 || unseeded.Seed != 7 {
		t.Errorf("seeds %d %d %d, want 1 2 7", first.Seed, second.Seed, unseeded.Seed)
	}
	if other := read("gz1;seed=1;charge=reset"); other.Script == first.Script {
		t.Error("another wish, the same script")
	}
}

// FuzzParse: no token makes the parser panic, the library agrees with the parser on first and on second sight, and every
// step of what is accepted draws a delay within bounds; only charges are late.
func FuzzParse(f *testing.F) {
	for _, token := range []string{
		"gz1", "tok", "gz1;seed=3;charge=ok@uniform/1ms/2ms", "gz1;charge=decline:x,silent:after@lognormal/50ms/0.5;seed=9",
		"gz1;charge=late/4s@fixed/20ms,ok;net-cancel=ok;refund=silent:after,decline:closed@uniform/1ms/2ms,ok", "gz1;refund=late/1s", "gz1;charge=late/0s",
		"gz1.a-1", "gz1.a;seed=4;charge=ok", "gz1.;charge=ok", "gz1..;charge=ok", "gz1.A", "gz1;charge=ok@exponential/30s,ok@pareto/30s/0.1,ok@pareto/0s/100",
		"gz1;charge=5xx/503:after,4xx/404,429/3s:before,huge/10MiB;void=drip/2s,half/hold:after,length/none,redirect/301,garbage/http,amount/-5",
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		parsed, seed, seeded, err := Parse(token)
		if !seeded {
			seed = 77
		}
		var l Library
		for range 2 {
			plan, readErr := l.Read(token, 77)
			if (readErr == nil) != (err == nil) {
				t.Fatalf("%q: Parse says %v, the library %v", token, err, readErr)
			}
			if err == nil && (plan.Seed != seed || (plan.Script == nil) != (parsed == nil) || plan.Source != SourceOf(token)) {
				t.Fatalf("%q: the library reads %+v, want seed %d", token, plan, seed)
			}
		}
		for op := range Ops {
			step, _ := parsed.Step(Op(op), 1)
			if d := step.Delay.Draw(seed, Op(op), 1); d < 0 || d > MaxDelay {
				t.Fatalf("%q: a delay of %s", token, d)
			}
			if step.Late < 0 || step.Late > MaxDelay || step.Late > 0 && (Op(op) != Charge || step.Decided() || step.Name != LateName) {
				t.Fatalf("%q: %s is late: %+v", token, Op(op), step)
			}
		}
	})
}
