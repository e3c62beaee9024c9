package drill

import (
	"strings"
	"testing"
)

const aControl = "what: it is left out\ndrill: crash-api\nred: [invariant-2, settled]\nedits: [{file: a.go, old: x, new: y}]\n"

func TestControls_TellEveryFaultOfEveryFile(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"what":       {"what: it is left out\n", "", "what is missing"},
		"drill":      {"crash-api", "crash-moon", "no drill \"crash-moon\""},
		"red":        {"[invariant-2, settled]", "[]", "red is missing"},
		"left out":   {"edits: [{file: a.go, old: x, new: y}]\n", "", "edits and settings are missing"},
		"edit":       {"new: y", "new: x", "an edit needs"},
		"a new word": {"red:", "read:", "field read not found"},
	} {
		folder := t.TempDir()
		write(t, folder, "good.yaml", aControl)
		write(t, folder, "bad.yaml", strings.Replace(aControl, c.from, c.to, 1))
		controls, err := Controls(folder)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "bad.yaml") || len(controls) != 1 || controls[0].Name != "good" {
			t.Errorf("%s: %d controls, %v, want %q", name, len(controls), err, c.want)
		}
	}
}

// A control is caught when each check that it names fails; others may, too.
func TestCaught_WantsEveryCheckThatItNames(t *testing.T) {
	c := &Control{Name: "c", Red: []string{"invariant-2", "settled"}}
	for name, failed := range map[string]struct {
		checks string
		caught bool
	}{
		"both": {"invariant-2 settled", true}, "and more": {"recovered settled invariant-2", true}, "one": {"settled", false},
		"another": {"invariant-12 settled", false}, "none": {"", false},
	} {
		out := &Outcome{}
		for check := range strings.FieldsSeq(failed.checks) {
			out.Failures = append(out.Failures, Failure{Check: check})
		}
		if err := c.Caught(out); (err == nil) != failed.caught {
			t.Errorf("%s: %v", name, err)
		}
	}
}
