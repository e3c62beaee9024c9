package config_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/config"
)

func from(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

func TestSet_DefaultsHold(t *testing.T) {
	s := config.New("p", "does p", from(map[string]string{"EMPTY": ""}))
	if got := s.Int("N", 5, 1, 9, "n"); got != 5 {
		t.Errorf("N = %d, want its default 5", got)
	}
	if got := s.Duration("EMPTY", time.Second, 0, time.Minute, "d"); got != time.Second {
		t.Errorf("an empty variable gave %s, want the default", got)
	}
	if got := s.Strings("L", "a, b,,c", "l"); strings.Join(got, "|") != "a|b|c" {
		t.Errorf("L = %q", got)
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err = %v", err)
	}
}

func TestSet_AllFaultsAtOnce_EachNamesItsVariable(t *testing.T) {
	s := config.New("p", "does p", from(map[string]string{"N": "10", "D": "soon", "B": "perhaps", "LOW": "1", "HIGH": "2"}))
	s.Int("N", 5, 1, 9, "n")
	s.Duration("D", time.Second, 0, time.Minute, "d")
	s.Bool("B", false, "b")
	s.Secret("KEY", "the key of the database")
	s.Check(false, "LOW must be over HIGH")
	err := s.Err()
	if err == nil {
		t.Fatal("five faults passed")
	}
	for _, want := range []string{"N=\"10\"", "D=\"soon\"", "B=\"perhaps\"", "KEY is not set", "LOW must be over HIGH"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the fault %q is missing in:\n%v", want, err)
		}
	}
}

func TestSet_SecretIsNeverPrinted(t *testing.T) {
	s := config.New("p", "does p", from(map[string]string{"KEY": "hunter2"}))
	if s.Secret("KEY", "the key") != "hunter2" {
		t.Fatal("the secret was not read")
	}
	s.Check(false, "some fault")
	var help strings.Builder
	s.Help(&help)
	if strings.Contains(help.String()+s.Err().Error(), "hunter2") {
		t.Error("the secret was printed")
	}
}

// FuzzSet: whatever a variable holds, its knob is in its range, and a value that was not taken is a fault that names it.
func FuzzSet(f *testing.F) {
	for _, value := range []string{"", "5", "-0", "1e1", "250ms", "true", "T", "a, b,,c", " 7", "9999999999999999999", "1h\n"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := config.New("p", "does p", from(map[string]string{"N": value, "D": value, "B": value, "L": value}))
		if got := s.Int("N", 5, 1, 9, "n"); got < 1 || got > 9 {
			t.Errorf("N = %d", got)
		}
		if got := s.Duration("D", time.Second, time.Millisecond, time.Minute, "d"); got < time.Millisecond || got > time.Minute {
			t.Errorf("D = %s", got)
		}
		s.Bool("B", false, "b")
		for _, part := range s.Strings("L", "a", "l") {
			if part == "" || part != strings.TrimSpace(part) || strings.Contains(part, ",") {
				t.Errorf("L has %q", part)
			}
		}
		s.Secret("S", "s")
		text := s.Err().Error() // S is never set
		_, number := strconv.Atoi(value)
		_, duration := time.ParseDuration(value)
		_, boolean := strconv.ParseBool(value)
		for knob, err := range map[string]error{"N=": number, "D=": duration, "B=": boolean} {
			if err != nil && value != "" && !strings.Contains(text, "\n"+knob+strconv.Quote(value)) {
				t.Errorf("%s%q is no fault:\n%s", knob, value, text)
			}
		}
	})
}
