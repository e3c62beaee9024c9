package scenario

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/pace"
)

func TestRead_SoakFile_SaysTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../scenarios/soak.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read("soak.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Name, want.Stages = "soak", []pace.Stage{{Name: "load", From: 300, To: 300, Duration: 3 * time.Minute}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the file claims to list the defaults:\n got %+v\nwant %+v", got, want)
	}
}

func TestRead_Ramp_HasTwoEnds(t *testing.T) {
	s, err := Read("x.yaml", []byte("name: x\nstages:\n- {from: 10, to: 50, duration: 1m}\n- {rate: 50, duration: 2m, name: top}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []pace.Stage{{Name: "stage-1", From: 10, To: 50, Duration: time.Minute}, {Name: "top", From: 50, To: 50, Duration: 2 * time.Minute}}
	if !reflect.DeepEqual(s.Stages, want) {
		t.Errorf("stages %+v", s.Stages)
	}
	s.Stretch(90 * time.Second)
	s.Scale(100)
	want = []pace.Stage{{Name: "stage-1", From: 20, To: 100, Duration: 30 * time.Second}, {Name: "top", From: 100, To: 100, Duration: time.Minute}}
	if !reflect.DeepEqual(s.Stages, want) {
		t.Errorf("after --duration 90s --rate 100: %+v", s.Stages)
	}
}

// Each fault is told with its line and its field.
func TestRead_Fault_NamesLineAndField(t *testing.T) {
	long := "decline:" + strings.Repeat("x", 40)
	const head = "name: x\nstages:\n- {rate: 10, duration: 1s}\n" // the fault stands in line 4
	for text, want := range map[string]string{
		head + "rate: 5":                                                     "x.yaml:4: rate: is not a field of a scenario",
		head + "async: 0.5":                                                  `x.yaml:4: async: must be a share from 0% to 100%, not "0.5"`,
		head + "async: 101%":                                                 "x.yaml:4: async:",
		head + "seed: -1":                                                    "x.yaml:4: seed: must be a whole number",
		head + "seed: 1\nseed: 2":                                            "x.yaml:5: seed: is there twice",
		head + "amount: {min: 5000, max: 100}":                               "x.yaml:4: amount: min must not be above max",
		head + "amount: {currency: won}":                                     "x.yaml:4: amount.currency: must be an ISO 4217 code",
		head + "mix:\n- {weight: 1, means: [CASH]}":                          "x.yaml:5: mix[0].means[0]: must be PG, POINT or COUPON",
		head + "mix:\n- {weight: 1, means: [PG, PG]}":                        "x.yaml:5: mix[0].means[1]: PG is there twice",
		head + "mix:\n- {weight: 0, means: [PG]}":                            "x.yaml:5: mix: the weights sum to 0",
		head + "means:\n  PG: {delay: soon}":                                 "x.yaml:5: means.PG.delay: must be fixed/50ms",
		head + "means:\n  PG: {charge: {decline: 60%, silent:after: 60%}}":   "x.yaml:5: means.PG.charge: the shares sum to more than 100%",
		head + "means:\n  PG: {charge: {late: 1%}}":                          `x.yaml:5: means.PG.charge.late: "late" is no outcome`,
		head + "means:\n  PG: {charge: {late/1h: 1%}}":                       "x.yaml:5: means.PG.charge.late/1h: late must be a duration",
		head + "means:\n  PG: {refund: {late/1s: 1%}}":                       "x.yaml:5: means.PG.refund.late/1s: only a charge can be late",
		head + "means:\n  PG: {charge: {silent:later: 1%}}":                  "x.yaml:5: means.PG.charge.silent:later: a fault strikes :before or :after",
		head + "means:\n  PG: {charge: {429:after: 1%}}":                     "x.yaml:5: means.PG.charge.429:after: 429 says that nothing was done",
		head + "means:\n  PG: {net-cancel: {amount: 1%}}":                    "x.yaml:5: means.PG.net-cancel.amount: the answer to net-cancel carries no money",
		head + "means:\n  PG: {charge: {fin/1s: 1%}}":                        "x.yaml:5: means.PG.charge.fin/1s: fin takes no parameter",
		head + "means:\n  PG: {charge: {5xx/404: 1%}}":                       `x.yaml:5: means.PG.charge.5xx/404: "404" is no parameter of 5xx`,
		head + "means:\n  PG: {inquiry: {decline: 1%}}":                      "x.yaml:5: means.PG.inquiry.decline: an inquiry cannot be declined",
		head + "means:\n  PG: {charge: {\"decline:No\": 1%}}":                "x.yaml:5: means.PG.charge.decline:No: the code of a decline",
		head + "means:\n  PG: {charge: [1]}":                                 "x.yaml:5: means.PG.charge: must be a mapping of at most 50",
		head + "means:\n  PG: {charge: {fin: 1%, fin: 2%}}":                  "x.yaml:5: means.PG.charge.fin: is there twice",
		head + "means:\n  PG: {confirm: {decline: 1%}}":                      "x.yaml:5: means.PG.confirm: is not a field",
		head + "means:\n  PG: {decline: 1%}":                                 "x.yaml:5: means.PG.decline: is not a field",
		head + "means:\n  POINT: {charge: {fin: 1%}}":                        "x.yaml:5: means.POINT.charge: is not a field",
		head + "wallets: -1":                                                 "x.yaml:4: wallets: must be a whole number",
		head + "model: half":                                                 `x.yaml:4: model: must be open or closed, not "half"`,
		head + "model: closed":                                               "x.yaml:3: stages[0]: a stage of a closed model has users and no rate",
		head + "think: fixed/1ms":                                            "x.yaml:4: think: is for the users of a closed model",
		head + "arrivals: often":                                             "x.yaml:4: arrivals: must be uniform or poisson",
		head + "script: nobody":                                              `x.yaml:4: script: "nobody" is no script; there are second-means`,
		head + "flow: []":                                                    "x.yaml:4: flow: must be a list of 1 to 64",
		head + "flow:\n- think: fixed/1ms":                                   "x.yaml:5: flow[0]: a flow begins with create",
		head + "flow:\n- create: {}\n  think: fixed/1ms":                     "x.yaml:5: flow[0]: must have one field: create, await",
		head + "flow:\n- create: {}\n- pay: {}":                              "x.yaml:6: flow[1].pay: is not a field",
		head + "flow:\n- create: {}\n- create: {}":                           "x.yaml:6: flow[1]: a second payment is called payment",
		head + "flow:\n- create: {}\n- cancel: {payment: other}":             "x.yaml:6: flow[1]: no payment is called other",
		head + "flow:\n- create: {async: true}\n- cancel: {}":                "x.yaml:6: flow[1]: payment payment is asynchronous: await it first",
		head + "flow:\n- create: {async: maybe}":                             "x.yaml:5: flow[0].create.async: must be true or false",
		head + "flow:\n- create: {}\n- expect: {}":                           "x.yaml:6: flow[1].expect: expects nothing",
		head + "flow:\n- create: {}\n- expect: {state: OPEN}":                "x.yaml:6: flow[1].expect.state: must be one of PAID, FAILED, PARTIALLY_CANCELED, CANCELED",
		head + "flow:\n- create: {means: [PG], outcome: {POINT: decline}}":   "x.yaml:5: flow[0].create.outcome.POINT: POINT is not among the means",
		head + "flow:\n- create: {means: [PG], outcome: {PG: soon}}":         `x.yaml:5: flow[0].create.outcome.PG: "soon" is no outcome`,
		head + "flow:\n- create: {amount: 9}":                                "x.yaml:5: flow[0].create.amount: must be a whole number",
		head + "flow:\n- create: {}\nscript: second-means":                   "x.yaml:6: script: and flow exclude each other",
		head + "flows:\n- {name: a}":                                         "x.yaml:5: flows[0]: needs either steps or script",
		head + "flows:\n- {steps: [create: {}]}":                             "x.yaml:5: flows[0].name: is missing",
		head + "flows:\n- {name: a, weight: 0, steps: [create: {}]}":         "x.yaml:5: flows: the weights sum to 0",
		head + "flow:\n- create: {}\n" + strings.Repeat("- replay: {}\n", 9): "x.yaml:14: flow[9]: cancels or replays payment payment more than 8 times",
		head + "flow:\n- create: {as: p1}\n- create: {as: p2}\n- create: {as: p3}\n- create: {as: p4}\n- create: {as: p5}\n- create: {as: p6}\n- create: {as: p7}\n- create: {as: p8}\n- create: {as: p9}": "x.yaml:13: flow[8]: creates more than 8 payments",
		head + "faults:\n- {after: 1s, for: 1s}":                                         "x.yaml:5: faults[0].script: is missing",
		head + "faults:\n- {after: 1s, for: 1s, script: boom}":                           "x.yaml:5: faults[0].script: must be a script such as gz1;charge=5xx/503",
		head + "faults:\n- {after: 1s, for: 1s, script: gz1;pay=fin}":                    `x.yaml:5: faults[0].script: "pay" is no operation`,
		head + "faults:\n- {after: 1s, for: 1s, script: gz1;charge=boom}":                `x.yaml:5: faults[0].script: charge=boom: "boom" is no outcome`,
		head + "faults:\n- {after: 1s, for: 1s, script: gz1;charge=fin@soon}":            "x.yaml:5: faults[0].script: charge=fin@soon: the delay must be fixed/50ms",
		head + "faults:\n- {after: 1s, for: 1s, script: gz1;charge=fin;charge=ok}":       "x.yaml:5: faults[0].script: charge is there twice",
		head + "faults:\n- {after: 1s, for: 1s, script: gz1;charge=fin, share: 0%}":      "x.yaml:5: faults[0].share: must be above 0%",
		head + "faults:\n- {after: 25h, for: 1s, script: gz1;charge=fin}":                "x.yaml:5: faults[0].after: must be a duration",
		head + "means:\n  PG: {inquiry: {" + strings.Repeat("x", 1) + ": 1%}}":           `x.yaml:5: means.PG.inquiry.x: "x" is no outcome`,
		"name: x\nstages:\n- {from: 1, duration: 1s}":                                    "x.yaml:3: stages[0]: needs both from and to",
		"name: x\nstages:\n- {rate: 1, steps: 3, duration: 1s}":                          "x.yaml:3: stages[0]: needs one of rate",
		"name: x\nstages:\n- {spike: {base: 1, peak: 2}, duration: 1s}":                  "x.yaml:3: stages[0].spike: needs rise, hold or fall",
		"name: x\nstages:\n- {spike: {peak: 2, hold: 1s}}":                               "x.yaml:3: stages[0].spike: needs base and peak",
		"name: x\nstages:\n- {spike: {base: 1, peak: 2, hold: 2s}, duration: 1s}":        "x.yaml:3: stages[0]: is shorter than its spike",
		"name: x\nstages:\n- {sine: {mean: 1, amplitude: 2, period: 1s}, duration: 1s}":  "x.yaml:3: stages[0].sine: the amplitude must not be above the mean",
		"name: x\nstages:\n- {sine: {mean: 1, amplitude: 1}, duration: 1s}":              "x.yaml:3: stages[0].sine.period: is missing",
		"name: x\nstages:\n- {users: 3, duration: 1s}":                                   "x.yaml:3: stages[0]: a stage of an open model has a rate and no users",
		"name: x\nmodel: closed\nstages:\n- {users: {from: 1}, duration: 1s}":            "x.yaml:4: stages[0].users: needs both from and to",
		"name: x\nmodel: closed\nstages:\n- {users: 3000, duration: 1s}":                 "x.yaml:4: stages[0]: more users than client.max_in_flight, 2000",
		"name: x\nmodel: closed\narrivals: poisson\nstages:\n- {users: 3, duration: 1s}": "x.yaml:5: stages[0]: in a closed model nothing arrives",
		"name: x\narrivals: poisson\nstages:\n- {rate: 1000000, duration: 1h}":           "x.yaml:4: stages: plan the arrivals: 3600000000 arrivals as a Poisson process; at most 100000000",
		head + "means:\n  PG: {delay: lognormal/29.123456789s/0.123456789, charge: {" + long + ": 1%}, refund: {" + long + ": 1%}, void: {" + long + ": 1%}, net-cancel: {" + long + ": 1%}}": "x.yaml:5: means.PG: a token that asks for all of this may have",
		head + "cancel: 10":                                           "x.yaml:4: cancel: must be a share",
		head + "client:\n  timeout: 3":                                "x.yaml:5: client.timeout: must be a duration",
		head + "client: {poll_min: 3s, poll_max: 1s}":                 "x.yaml:4: client: poll_min must not be above poll_max",
		head + "gate: {unsent: x}":                                    "x.yaml:4: gate.unsent: must be a share",
		"name: x\nstages:\n- {rate: 1, from: 1, to: 2, duration: 1s}": "x.yaml:3: stages[0]: needs one of rate (constant), from and to",
		"name: x\nstages:\n- {rate: 1}":                               "x.yaml:3: stages[0].duration: is missing",
		"name: x\nstages:\n- {rate: 0, duration: 1s}":                 "x.yaml:3: stages: has no arrivals",
		"name: x\nstages: []":                                         "x.yaml:2: stages: must be a list",
		"name: X y\nstages:\n- {rate: 1, duration: 1s}":               "x.yaml:1: name: must be 1 to 32 of",
		"stages:\n- {rate: 1, duration: 1s}":                          "name: is missing",
		"name: x":                                                     "stages: is missing",
		"- 1":                                                         "the scenario: must be a mapping",
		"a: [":                                                        "is not YAML",
		"":                                                            "is empty",
		"name: *x":                                                    "is not YAML",
	} {
		if _, err := Read("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestRead_SeveralFaults_AreToldAtOnce(t *testing.T) {
	_, err := Read("x.yaml", []byte("name: x\nspeed: 1\nstages:\n- {rate: fast, duration: 1s}\nasync: half\n"))
	if err == nil {
		t.Fatal("no error")
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 3 {
		t.Errorf("three faults, told %d:\n%v", len(lines), err)
	}
}

// What the file says of all stages, each stage may say otherwise.
func TestRead_Arrivals_AStageGoesBeforeTheScenario(t *testing.T) {
	s, err := Read("x.yaml", []byte("name: x\narrivals: poisson\nstages:\n- {rate: 1, duration: 1s}\n- {rate: 1, duration: 1s, arrivals: uniform}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Stages[0].Poisson || s.Stages[1].Poisson {
		t.Errorf("stages %+v", s.Stages)
	}
}

func TestRead_Closed_ScalesItsUsers(t *testing.T) {
	s, err := Read("x.yaml", []byte("name: x\nmodel: closed\nstages:\n- {users: {from: 0, to: 10}, duration: 1s}\n- {users: 5, duration: 1s}\n"))
	if err != nil {
		t.Fatal(err)
	}
	s.Scale(20)
	if got := s.Stages; got[0].UsersTo != 20 || got[1].UsersFrom != 10 || got[1].UsersTo != 10 {
		t.Errorf("stages %+v", got)
	}
}

func TestFaultBetween_IsTrueWhereTheyMeet(t *testing.T) {
	s := Scenario{Faults: []TimedFault{{After: 10, For: 5}}}
	for span, want := range map[[2]time.Duration]bool{{0, 10}: false, {0, 11}: true, {12, 13}: true, {14, 20}: true, {15, 20}: false, {5, 30}: true} {
		if got := s.FaultBetween(span[0], span[1]); got != want {
			t.Errorf("a fault from 10 to 15 and a payment from %d to %d: %v", span[0], span[1], got)
		}
	}
}

func TestLongestLate_KnowsSharesAndTimedFaults(t *testing.T) {
	s := Default()
	if got := s.LongestLate(); got != 4*time.Second {
		t.Errorf("the default mix has charges that are late by %s, want 4s", got)
	}
	s.Faults = []TimedFault{{Script: "gz1;charge=ok,late/9s@fixed/1ms;inquiry=fin"}}
	if got := s.LongestLate(); got != 9*time.Second {
		t.Errorf("with a timed fault they are late by %s, want 9s", got)
	}
}

func FuzzRead(f *testing.F) {
	soak, err := os.ReadFile("../scenarios/soak.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(soak)
	f.Add([]byte("name: x\nstages:\n- {from: 0, to: 1e9, duration: 1s}\nmix: &a [*a]\n"))
	for _, text := range everything {
		f.Add([]byte(text))
	}
	f.Add([]byte("name: x\nstages: [{rate: NaN, duration: 9999999h}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Read("x.yaml", text)
		if err != nil {
			return
		}
		// What is accepted can be planned and paid.
		if err := pace.Check(s.Stages); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			checkPayment(t, &s, s.Payment("r", n))
			checkFlow(t, &s, n)
		}
	})
}

// checkFlow plays the lists of steps of an arrival, as far as payments go.
func checkFlow(t *testing.T, s *Scenario, arrival int) {
	flow, next, stop := s.Begin(arrival)
	if flow == nil {
		return
	}
	defer stop()
	for n, created := 0, 0; n <= maxFlowSteps; n++ {
		step, more := next(Told{State: "PAID"})
		if !more {
			return
		}
		if n == 0 && step.Do != DoCreate {
			t.Fatalf("the first step is %+v", step)
		}
		s.Pause(step.Think, arrival, n)
		if step.Do != DoCreate {
			continue
		}
		if created++; created > s.PaymentsEach() {
			t.Fatalf("a flow creates more than %d payments", s.PaymentsEach())
		}
		p := s.Ordered("run", arrival, &step, nil, 0)
		if step.Amount > 0 {
			low, high := s.AmountMin, s.AmountMax
			s.AmountMin, s.AmountMax = step.Amount, step.Amount
			checkPayment(t, s, p)
			s.AmountMin, s.AmountMax = low, high
		} else {
			checkPayment(t, s, p)
		}
	}
}
