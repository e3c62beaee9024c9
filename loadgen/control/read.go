package control

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"gazua.example/loadgen/internal/overlay"
)

// Control is one planted bug and the world that exposes it: a file of loadgen/controls.
type Control struct {
	Name     string            `yaml:"-"` // the file's
	What     string            `yaml:"what"`
	Breaks   []int             `yaml:"breaks"` // invariants that must be violated, each of them
	Quick    bool              `yaml:"quick"`  // one of those that CI runs each time
	Scenario string            `yaml:"scenario"`
	Settings map[string]string `yaml:"settings"` // of the stack's programs
	Before   []Act             `yaml:"before"`   // on the stack that is up, before the load
	During   []Act             `yaml:"during"`   // by the run's clock
	Edits    []overlay.Edit    `yaml:"edits"`
}

// Act is something that is done to the stack; exactly one of its fields beside At is set.
type Act struct {
	At       time.Duration `yaml:"at"`
	Kill     string        `yaml:"kill"`  // a process, with SIGKILL
	Start    string        `yaml:"start"` // a process
	Stop     string        `yaml:"stop"`
	Exec     string        `yaml:"exec"`     // a process and a command of its program
	Schedule string        `yaml:"schedule"` // script of the mock PG for what a token does not speak of
	SQL      string        `yaml:"sql"`      // statements, joined by lines that end in a semicolon
}

// ReadAll reads each control of a folder, in the order of the names, and tells all faults at once.
func ReadAll(folder string) ([]*Control, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the controls: %w", err)
	}
	var controls []*Control
	var faults []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a control: %w", err)
		}
		c, err := Read(file, text)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		controls = append(controls, c)
	}
	slices.SortFunc(controls, func(a, b *Control) int { return cmp.Compare(a.Name, b.Name) })
	return controls, errors.Join(faults...)
}

// Read makes a control of its file's text.
func Read(file string, text []byte) (*Control, error) {
	c := &Control{Name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil {
		return nil, fmt.Errorf("the control %s is not what it should be: %w", file, err)
	}
	var faults []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			faults = append(faults, fmt.Errorf("%s: %s", file, fmt.Sprintf(format, args...)))
		}
	}
	wrong(c.What == "", "what is missing: a sentence that says what the bug is")
	wrong(len(c.Breaks) == 0, "breaks is missing: the numbers of the invariants that must be violated")
	wrong(c.Scenario == "", "scenario is missing: the file beside this one that exposes the bug")
	wrong(len(c.Edits) == 0, "edits is missing: what is replaced by what")
	for _, e := range c.Edits {
		err := e.Check()
		wrong(err != nil, "%v", err)
	}
	for i, a := range slices.Concat(c.Before, c.During) {
		wrong(len(a.set()) != 1, "act %d must have exactly one of kill, start, stop, exec, schedule, sql; it has %d", i, len(a.set()))
	}
	return c, errors.Join(faults...)
}

func (a Act) set() (texts []string) {
	for _, text := range []string{a.Kill, a.Start, a.Stop, a.Exec, a.Schedule, a.SQL} {
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// world is what two controls share that need one baseline only.
func (c *Control) world() string {
	return fmt.Sprintf("%s %v %v %v", c.Scenario, c.Settings, c.Before, c.During)
}

func (c *Control) baselineName() string {
	return strings.TrimSuffix(filepath.Base(c.Scenario), ".yaml")
}
