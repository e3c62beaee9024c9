package main

import (
	"strings"
	"testing"
)

func TestBench_WrongCall_TellsAllAtOnce(t *testing.T) {
	for want, args := range map[string][]string{
		"--clients \"0\"":                   {"--clients", "0"},
		"--clients \"1,1\"":                 {"--clients", "1,1"},
		"--legs \"2\"":                      {"--legs", "2"},
		"--modes \"both\"":                  {"--modes", "both"},
		"--contestants \"system,nobody\"":   {"--contestants", "system,nobody"},
		"--sections \"all\"":                {"--sections", "all"},
		"--repeats must be from 1 to 100":   {"--repeats", "0"},
		"--duration must be from 2s":        {"--duration", "1s"},
		"--fail-under must be from 0":       {"--fail-under", "-1"},
		"one argument too many":             {"quick"},
		"the servers are not there":         {"--quick", "--servers", "nowhere"},
		"--repeats must be from 1 to 100\n": {"--clients", "x", "--repeats", "0"},
	} {
		code, out, progress := loadgen(t, append([]string{"bench"}, args...)...)
		if code != 2 || !strings.Contains(progress, want) || out != "" {
			t.Errorf("%q: exit %d, want 2 and %q\nstdout %q\nstderr %q", args, code, want, out, progress)
		}
	}
}

func TestBenchRaw_WithoutADatabase(t *testing.T) {
	if code, _, progress := loadgen(t, "bench-raw"); code != 2 || !strings.Contains(progress, "MYSQL_DSN is not set") {
		t.Errorf("exit %d: %s", code, progress)
	}
}
