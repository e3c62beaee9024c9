package drill

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"gazua.example/loadgen/internal/overlay"
	"gazua.example/loadgen/report"
)

// Control is a drill that must fail: the product with a piece left out. A file of loadgen/drills.
type Control struct {
	Name     string            `yaml:"-"` // the file's
	File     string            `yaml:"-"`
	What     string            `yaml:"what"`
	Drill    string            `yaml:"drill"`
	World    string            `yaml:"world"`    // "": the stack as it is
	Red      []string          `yaml:"red"`      // the checks that must fail, each of them
	Settings map[string]string `yaml:"settings"` // of the stack's programs
	Edits    []overlay.Edit    `yaml:"edits"`

	Baseline bool     `yaml:"-"` // it must pass: nothing is left out, or nothing that shows
	base     *Control // its world alone; nil: the stack as it is
}

// Controls reads those of a folder, in the order of the names, and tells all faults at once.
func Controls(folder string) ([]*Control, error) { return controls(folder, false) }

// Quiet reads what can be left out without anything that the stack as it is would show: it must pass, and the file says why
// the piece is there all the same.
func Quiet(folder string) ([]*Control, error) { return controls(filepath.Join(folder, "quiet"), true) }

func controls(folder string, quiet bool) ([]*Control, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the drills' controls: %w", err)
	}
	var all []*Control
	var faults []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a drill's control: %w", err)
		}
		c, err := readControl(file, text, quiet)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Control) int { return cmp.Compare(a.Name, b.Name) })
	return all, errors.Join(faults...)
}

func readControl(file string, text []byte, quiet bool) (*Control, error) {
	c := &Control{Name: strings.TrimSuffix(filepath.Base(file), ".yaml"), File: filepath.ToSlash(file), Baseline: quiet}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil {
		return nil, fmt.Errorf("the control %s is not what it should be: %w", file, err)
	}
	var faults []error
	wrong := func(is bool, text string) {
		if is {
			faults = append(faults, fmt.Errorf("%s: %s", file, text))
		}
	}
	wrong(c.What == "", "what is missing: a sentence that says what is left out")
	wrong(len(c.Red) == 0 && !quiet, "red is missing: the checks that must fail")
	wrong(len(c.Red) > 0 && quiet, "red is there, and nothing may fail")
	wrong(len(c.Edits) == 0 && len(c.Settings) == 0, "edits and settings are missing: one of them must say what is left out")
	_, err := Named(c.Drill)
	wrong(err != nil, fmt.Sprint(err))
	for _, e := range c.Edits {
		err := e.Check()
		wrong(err != nil, fmt.Sprint(err))
	}
	if c.World != "" {
		w, err := readWorld(filepath.Dir(file), c.World)
		wrong(err != nil, fmt.Sprint(err))
		if err == nil {
			c.in(w)
		}
	}
	return c, errors.Join(faults...)
}

// Caught says whether a drill with this control has failed as it must, or passed where nothing is left out; if not, why.
func (c *Control) Caught(out *Outcome) error {
	if c.Baseline {
		if out.Verdict != report.Pass {
			return fmt.Errorf("%s: nothing is left out, and the verdict is %s (%s)", c.Name, out.Verdict, out.Folder)
		}
		return nil
	}
	var missed []string
	for _, check := range c.Red {
		if !out.Has(check) {
			missed = append(missed, check)
		}
	}
	if len(missed) > 0 {
		var failed []string
		for _, f := range out.Failures {
			failed = append(failed, f.Check)
		}
		return fmt.Errorf("%s: the checks %q do not fail; the verdict is %s, and failed are %q (%s)", c.Name, missed, out.Verdict, failed, out.Folder)
	}
	return nil
}
