package control

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/internal/overlay"
	"gazua.example/loadgen/scenario"
)

func good() string {
	return `what: a bug
breaks: [1]
scenario: worlds/x.yaml
edits:
  - file: a.go
    old: "x"
    new: "y"
`
}

func TestRead_TellsEveryFaultWithTheFile(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"no sentence":       {"what: a bug\n", "", "what is missing"},
		"no invariant":      {"breaks: [1]\n", "", "breaks is missing"},
		"no scenario":       {"scenario: worlds/x.yaml\n", "", "scenario is missing"},
		"nothing replaced":  {`new: "y"`, `new: "x"`, "an edit needs"},
		"outside":           {"file: a.go", "file: ../a.go", "inside the repository"},
		"unknown field":     {"breaks:", "brakes:", "brakes"},
		"an act of two":     {"edits:", "during:\n  - {at: 1s, kill: a, start: b}\nedits:", "exactly one"},
		"an act of nothing": {"edits:", "before:\n  - {at: 1s}\nedits:", "exactly one"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("controls/bug.yaml", []byte(strings.Replace(good(), c.from, c.to, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "controls/bug.yaml") {
				t.Errorf("got %v, want it to say %q of controls/bug.yaml", err, c.want)
			}
		})
	}
	if c, err := Read("controls/bug.yaml", []byte(good())); err != nil || c.Name != "bug" {
		t.Errorf("a good one: %+v, %v", c, err)
	}
}

// A control that no longer applies stops the round before anything runs, and says which one it is.
func TestRun_ABugThatDoesNotApplyIsAnError(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a.go"), "nothing of it")
	write(t, filepath.Join(root, "controls", "stale.yaml"), good())
	_, err := Run(t.Context(), Options{Root: root, Folder: filepath.Join(root, "controls"), Out: filepath.Join(root, "out"), Say: os.Stderr})
	if err == nil || !strings.Contains(err.Error(), "control stale") {
		t.Errorf("got %v", err)
	}
	_, err = Run(t.Context(), Options{Root: root, Folder: filepath.Join(root, "empty"), Out: filepath.Join(root, "out"), Say: os.Stderr})
	if err == nil {
		t.Error("no controls at all is no error")
	}
}

// The shipped controls apply to the product as it is, and each names a scenario that is there.
func TestShippedControls_Apply(t *testing.T) {
	controls, err := ReadAll("../controls")
	if err != nil {
		t.Fatal(err)
	}
	if len(controls) < 14 {
		t.Errorf("%d controls, want 14", len(controls))
	}
	quick := 0
	for _, c := range controls {
		if _, err := overlay.Apply("../..", c.Edits); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if _, err := os.Stat(filepath.Join("../controls", c.Scenario)); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if c.Quick {
			quick++
		}
	}
	if quick != 4 {
		t.Errorf("%d controls are quick, want 4", quick)
	}
}

func TestReadFinding_CountsByNumber(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	write(t, file, `{"verdict":"FAIL","counts":{"sent":7},"invariants":[{"number":1,"name":"at most once","violated":3},{"number":2,"name":"b","violated":0}]}`)
	f, err := readFinding(file)
	if err != nil || f.Verdict != "FAIL" || f.Payments != 7 || f.Violated[1] != 3 || f.told() != "01 at most once (3)" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFill_NamesDaysAndIDs(t *testing.T) {
	now := time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)
	got := fill("p{day -1} {date 0} {id -1} {id 0} {id -300}", now)
	if want := "p20260102 2026-01-03 362387865600000 724775731200000 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each world is a scenario that loadgen reads.
func TestShippedWorlds_AreScenarios(t *testing.T) {
	files, err := filepath.Glob("../controls/worlds/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d worlds, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := scenario.Read(file, text); err != nil {
			t.Error(err)
		}
	}
}
