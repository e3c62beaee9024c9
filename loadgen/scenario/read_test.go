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
	const head = "name: x\nstages:\n- {rate: 10, duration: 1s}\n" // the fault stands in line 4
	for text, want := range map[string]string{
		head + "rate: 5":                                                      "x.yaml:4: rate: is not a field of a scenario",
		head + "async: 0.5":                                                   `x.yaml:4: async: must be a share from 0% to 100%, not "0.5"`,
		head + "async: 101%":                                                  "x.yaml:4: async:",
		head + "seed: -1":                                                     "x.yaml:4: seed: must be a whole number",
		head + "seed: 1\nseed: 2":                                             "x.yaml:5: seed: is there twice",
		head + "amount: {min: 5000, max: 100}":                                "x.yaml:4: amount: min must not be above max",
		head + "amount: {currency: won}":                                      "x.yaml:4: amount.currency: must be an ISO 4217 code",
		head + "mix:\n- {weight: 1, means: [CASH]}":                           "x.yaml:5: mix[0].means[0]: must be PG, POINT or COUPON",
		head + "mix:\n- {weight: 1, means: [PG, PG]}":                         "x.yaml:5: mix[0].means[1]: PG is there twice",
		head + "mix:\n- {weight: 0, means: [PG]}":                             "x.yaml:5: mix: the weights sum to 0",
		head + "means:\n  PG: {delay: soon}":                                  "x.yaml:5: means.PG.delay: must be fixed/50ms",
		head + "means:\n  PG: {decline: 60%, silent_after: 60%}":              "x.yaml:5: means.PG: the shares sum to more than 100%",
		head + "means:\n  PG: {late: {share: 1%}}":                            "x.yaml:5: means.PG.late.by: is missing",
		head + "means:\n  PG: {late: {share: 1%, by: 1h}}":                    "x.yaml:5: means.PG.late.by: must be a duration",
		head + "means:\n  PG: {late: {share: 50%, by: 1s}, decline: 60%}":     "x.yaml:5: means.PG: the shares sum to more than 100%",
		head + "means:\n  PG: {confirm: {decline: 1%}}":                       "x.yaml:5: means.PG.confirm: is not a field",
		head + "means:\n  POINT: {late: {share: 1%, by: 1s}}":                 "x.yaml:5: means.POINT.late: is not a field",
		head + "means:\n  POINT: {refund: {decline: 90%, silent_after: 20%}}": "x.yaml:5: means.POINT.refund: the shares sum to more than 100%",
		head + "cancel: 10":                                                   "x.yaml:4: cancel: must be a share",
		head + "client:\n  timeout: 3":                                        "x.yaml:5: client.timeout: must be a duration",
		head + "client: {poll_min: 3s, poll_max: 1s}":                         "x.yaml:4: client: poll_min must not be above poll_max",
		head + "gate: {unsent: x}":                                            "x.yaml:4: gate.unsent: must be a share",
		"name: x\nstages:\n- {rate: 1, from: 1, to: 2, duration: 1s}":         "x.yaml:3: stages[0]: needs either rate (constant) or from and to",
		"name: x\nstages:\n- {rate: 1}":                                       "x.yaml:3: stages[0].duration: is missing",
		"name: x\nstages:\n- {rate: 0, duration: 1s}":                         "x.yaml:3: stages: has no arrivals",
		"name: x\nstages: []":                                                 "x.yaml:2: stages: must be a list",
		"name: X y\nstages:\n- {rate: 1, duration: 1s}":                       "x.yaml:1: name: must be 1 to 32 of",
		"stages:\n- {rate: 1, duration: 1s}":                                  "name: is missing",
		"name: x":                                                             "stages: is missing",
		"- 1":                                                                 "the scenario: must be a mapping",
		"a: [":                                                                "is not YAML",
		"":                                                                    "is empty",
		"name: *x":                                                            "is not YAML",
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

func FuzzRead(f *testing.F) {
	soak, err := os.ReadFile("../scenarios/soak.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(soak)
	f.Add([]byte("name: x\nstages:\n- {from: 0, to: 1e9, duration: 1s}\nmix: &a [*a]\n"))
	f.Add([]byte("name: x\nstages: [{rate: NaN, duration: 9999999h}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Read("x.yaml", text)
		if err != nil {
			return
		}
		// What is accepted can be planned and paid.
		if _, err := pace.New(s.Stages); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			checkPayment(t, &s, s.Payment("r", n))
		}
	})
}
