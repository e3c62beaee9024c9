package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verb runs payment-worker once, as an operator does, and returns what it printed.
func verb(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	run := exec.CommandContext(t.Context(), filepath.Join(system.programs, "payment-worker"), args...)
	run.Env = append(append(programEnv(), workerEnv()...), "INSTANCE=operator", "OTEL_EXPORTER_OTLP_ENDPOINT=")
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	err := run.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	name := "payment-worker " + strings.Join(args, " ")
	told.add("what `"+name+"` printed", append(stdout.Bytes(), stderr.Bytes()...))
	if stderr.Len() > 0 {
		t.Logf("%s: %s", name, stderr.String())
	}
	return stdout.String(), run.ProcessState.ExitCode()
}

// listed runs a list verb and decodes it.
func listed(t *testing.T, into any, args ...string) {
	t.Helper()
	out, code := verb(t, append(args, "--json")...)
	if code != 0 {
		t.Fatalf("%v ended with %d", args, code)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("%v printed %s: %v", args, out, err)
	}
}

// There is nothing to archive, and all partitions are there.
func TestRetention_Now(t *testing.T) {
	t.Parallel()
	if out, code := verb(t, "retention"); code != 0 || !strings.HasSuffix(out, "0 days archived, 0 old days kept\n") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestVerbs_WhatIsWrong_IsOneSentence(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"nonsense"},
		{"dlq"},
		{"dlq", "replay"},
		{"dlq", "replay", "x"},
		{"dlq", "replay", "3/1", "--all"},
		{"dlq", "list", "--limit", "0"},
		{"dlq", "list", "extra"},
		{"callback", "resend"},
		{"callback", "resend", "evt_1"},
		{"callback", "resend", "999999999999"},
		{"callback", "list", "--nonsense"},
		{"review", "settle", "1"},
		{"review", "settle", "1", "succeeded", "--note", "n"},
		{"review", "settle", "1/1", "paid", "--note", "n"},
		{"review", "settle", "1", "paid"},
		{"review", "settle", "1", "paid", "--note", "n"},
		{"review", "settle", "x/y", "paid", "--note", "n"},
		{"reconcile"},
		{"reconcile", "--date", "yesterday"},
		{"retention", "--keep-days", "1"},
		{"retention", "now"},
		{"serve", "now"},
	} {
		run := exec.CommandContext(t.Context(), filepath.Join(system.programs, "payment-worker"), args...)
		run.Env = append(programEnv(), workerEnv()...)
		out, err := run.CombinedOutput()
		told.add("an error of a verb", out)
		if err == nil || !strings.HasPrefix(string(out), "payment-worker: ") || strings.Count(strings.TrimSpace(string(out)), "\n") != 0 {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}
