package dump

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/census"
)

func TestTake_AThousandBehindOneMutex_NamesTheLockAndItsHolder(t *testing.T) {
	stack, folder := start(t), t.TempDir()
	quiet := proc.Record{Name: "haproxy", PID: os.Getpid()} // a process without a page, and by its start not this one
	if err := quiet.Save(stack.RunDir); err != nil {
		t.Fatal(err)
	}
	taken, err := Take(t.Context(), stack, folder, Options{Repeat: 3, Every: time.Second, Why: "asked"})
	if err != nil {
		t.Fatal(err)
	}
	p := taken.Report.Processes[1]
	if p.Name != "payment-api-1" || p.Note != "" || len(p.Goroutines) != 3 {
		t.Fatalf("%s: %q, %v", p.Name, p.Note, p.Goroutines)
	}
	if b := p.Buckets[0]; b.Count != crowdOfTest || b.State != "sync.Mutex.Lock" || !strings.Contains(b.At, "dump.(*ledger).post dump/blocked_test.go:") {
		t.Errorf("the largest bucket: %d [%s] %s", b.Count, b.State, b.At)
	}
	w := p.Waits[0]
	if w.Kind != kindMutex || w.Count != crowdOfTest || w.Suspicious == "" || !strings.HasPrefix(w.On, "0x") || !strings.Contains(w.On, "(*ledger).post dump/blocked_test.go:") {
		t.Errorf("the first wait: %+v", w)
	}
	if len(w.Holders) != 1 || w.Holders[0].Count != 1 || w.Holders[0].State != "chan receive" || !strings.Contains(w.Holders[0].At, "(*ledger).post") {
		t.Fatalf("held by %+v: want the one in post that waits for its answer, and not the auditor of another ledger", w.Holders)
	}
	if leaking := p.Growing; len(leaking) == 0 || !strings.Contains(leaking[0].At, "dump.leak") || leaking[0].Counts[2] <= leaking[0].Counts[0] {
		t.Errorf("what grows: %+v", leaking)
	}
	if c := p.Contention; c == nil || c.Note != "" || len(c.Mutex) == 0 || !strings.Contains(c.Mutex[0].At, "quarrel") || c.Mutex[0].Waited <= 0 ||
		!slices.ContainsFunc(c.Block, func(s Spot) bool { return s.Kind == "lock" && strings.Contains(s.At, "quarrel") }) {
		t.Errorf("contention: %+v", c)
	}
	readBack(t, taken)
}

func readBack(t *testing.T, taken Taken) {
	t.Helper()
	text, err := os.ReadFile(taken.Text)
	if err != nil {
		t.Fatal(err)
	}
	story, _, _ := strings.Cut(string(text), "───")
	for _, want := range []string{"because asked", "payment-api-1: 1000 wait for a mutex, 0x", "held by goroutine", "it is inside the same function, past the lock", "What grew from dump to dump:\n  payment-api-1:", "haproxy           it does not run", "MySQL: "} {
		if !strings.Contains(story, want) {
			t.Errorf("the first screen lacks %q:\n%s", want, story)
		}
	}
	if lines := strings.Count(story, "\n"); lines > 40 {
		t.Errorf("the first screen has %d lines", lines)
	}
	encoded, err := os.ReadFile(taken.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(encoded, &again); err != nil || again.Schema != Schema || len(again.Processes) != 2 {
		t.Errorf("the JSON: %v %s", err, again.Schema)
	}
	if raw, err := filepath.Glob(strings.TrimSuffix(taken.Text, ".txt") + ".payment-api-1.raw.txt"); err != nil || len(raw) != 1 {
		t.Errorf("the dump as it came: %v %v", raw, err)
	}
}

func TestTake_WhatCannotBeAsked_IsSaid(t *testing.T) {
	if _, err := Take(t.Context(), census.Stack{RunDir: t.TempDir()}, t.TempDir(), Options{}); err == nil {
		t.Error("a stack without processes")
	}
	if _, err := Take(t.Context(), census.Stack{}, t.TempDir(), Options{Repeat: 2, Every: time.Hour}); err == nil {
		t.Error("a dump every hour")
	}
}
