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
)

// Control is a drill that must fail: the product with a piece left out. A file of loadgen/drills.
type Control struct {
	Name     string            `yaml:"-"` // the file's
	What     string            `yaml:"what"`
	Drill    string            `yaml:"drill"`
	Red      []string          `yaml:"red"`      // the checks that must fail, each of them
	Settings map[string]string `yaml:"settings"` // of the stack's programs
	Edits    []overlay.Edit    `yaml:"edits"`
}

// Controls reads those of a folder, in the order of the names, and tells all faults at once.
func Controls(folder string) ([]*Control, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the drills' controls: %w", err)
	}
	var controls []*Control
	var faults []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a drill's control: %w", err)
		}
		c, err := readControl(file, text)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		controls = append(controls, c)
	}
	slices.SortFunc(controls, func(a, b *Control) int { return cmp.Compare(a.Name, b.Name) })
	return controls, errors.Join(faults...)
}

func readControl(file string, text []byte) (*Control, error) {
	c := &Control{Name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
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
	wrong(len(c.Red) == 0, "red is missing: the checks that must fail")
	wrong(len(c.Edits) == 0 && len(c.Settings) == 0, "edits and settings are missing: one of them must say what is left out")
	_, err := Named(c.Drill)
	wrong(err != nil, fmt.Sprint(err))
	for _, e := range c.Edits {
		err := e.Check()
		wrong(err != nil, fmt.Sprint(err))
	}
	return c, errors.Join(faults...)
}

// Caught says whether a drill with this control has failed as it must; if not, why.
func (c *Control) Caught(out *Outcome) error {
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
