// Package config reads a program's knobs from its environment. Each knob has a name, a default, a range and a sentence
// of help at the place where it is read, so the help that a program prints cannot differ from what it does; all faults
// are reported at once.
package config

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Set is the knobs of one program. Read every knob, then ask Err once.
type Set struct {
	program string
	summary string
	lookup  func(string) (string, bool)
	knobs   []knob
	faults  []error
}

type knob struct {
	env, def, help string
}

// New starts a set; lookup is os.LookupEnv outside tests.
func New(program, summary string, lookup func(string) (string, bool)) *Set {
	return &Set{program: program, summary: summary, lookup: lookup}
}

// String reads a text knob. An empty value in the environment counts as not set.
func (s *Set) String(env, def, help string) string {
	value, _ := s.read(env, def, help)
	return value
}

// Strings reads a comma-separated list; blanks around its members are dropped.
func (s *Set) Strings(env, def, help string) []string {
	var list []string
	for part := range strings.SplitSeq(s.String(env, def, help), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// Secret reads a required text that is never printed, not in help and not in a fault.
func (s *Set) Secret(env, help string) string {
	value, set := s.read(env, "(required)", help)
	if !set {
		s.faults = append(s.faults, fmt.Errorf("%s is not set: %s", env, help))
		return ""
	}
	return value
}

// Int reads a whole number between min and max.
func (s *Set) Int(env string, def, min, max int, help string) int {
	text, _ := s.read(env, strconv.Itoa(def), fmt.Sprintf("%s (%d..%d)", help, min, max))
	value, err := strconv.Atoi(text)
	if err != nil || value < min || value > max {
		s.faults = append(s.faults, fmt.Errorf("%s=%q must be a whole number from %d to %d", env, text, min, max))
		return def
	}
	return value
}

// Duration reads a time.Duration such as 250ms or 15s, between min and max.
func (s *Set) Duration(env string, def, min, max time.Duration, help string) time.Duration {
	text, _ := s.read(env, def.String(), fmt.Sprintf("%s (%s..%s)", help, min, max))
	value, err := time.ParseDuration(text)
	if err != nil || value < min || value > max {
		s.faults = append(s.faults, fmt.Errorf("%s=%q must be a duration such as 250ms or 15s, from %s to %s", env, text, min, max))
		return def
	}
	return value
}

// Bool reads true or false.
func (s *Set) Bool(env string, def bool, help string) bool {
	text, _ := s.read(env, strconv.FormatBool(def), help)
	value, err := strconv.ParseBool(text)
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("%s=%q must be true or false", env, text))
		return def
	}
	return value
}

// Check adds a rule that concerns several knobs; the sentence says which.
func (s *Set) Check(ok bool, format string, args ...any) {
	if !ok {
		s.faults = append(s.faults, fmt.Errorf(format, args...))
	}
}

// Err is every fault, one sentence a line, or nil.
func (s *Set) Err() error {
	if len(s.faults) == 0 {
		return nil
	}
	return fmt.Errorf("the configuration is wrong, `%s help` explains it:\n%w", s.program, errors.Join(s.faults...))
}

// Help writes each knob with its default.
func (s *Set) Help(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nEnvironment:\n", s.summary)
	for _, k := range s.knobs {
		fmt.Fprintf(w, "  %-28s %s [%s]\n", k.env, k.help, k.def)
	}
}

func (s *Set) read(env, def, help string) (value string, set bool) {
	s.knobs = append(s.knobs, knob{env, def, help})
	if value, ok := s.lookup(env); ok && value != "" {
		return value, true
	}
	return def, false
}
