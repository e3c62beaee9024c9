package config_test

import (
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
