package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gazua.example/loadgen/report"
)

func TestCapacity_WrongCall_IsOneSentenceAndExit2(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.yaml", "name: x\nstages:\n- {rate: 1, duration: 1s}\n")
	ramp := write("ramp.yaml", "name: x\nstages:\n- {from: 1, to: 9, duration: 1s}\n")
	two := write("two.yaml", "name: x\nstages:\n- {rate: 1, duration: 1s}\n- {rate: 2, duration: 1s}\n")
	for want, args := range map[string][]string{
		"the scenario's file is missing":      {},
		"no such file":                        {"nowhere.yaml"},
		"--from at most --to":                 {good, "--from", "300", "--to", "200"},
		"--slo-errors must be a share":        {good, "--slo-errors", "few"},
		"--resolution must be from 1%":        {good, "--resolution", "0.1%"},
		"--growth must be from 1.05":          {good, "--growth", "1"},
		"--step-length must be from 5s":       {good, "--step-length", "1s"},
		"--tag must be":                       {good, "--tag", "A B"},
		"one stage of a constant rate":        {ramp},
		"it finds would be that of no rate":   {two},
		"there is no stack: nowhere.env does": {good, "--stack", "nowhere.env"},
	} {
		code, out, progress := loadgen(t, append([]string{"capacity"}, args...)...)
		if code != 2 || !strings.Contains(progress, want) || out != "" {
			t.Errorf("%q: exit %d, want 2 and %q\nstdout %q\nstderr %q", args, code, want, out, progress)
		}
	}
}

func TestTrends_SaysVerdictByTextJSONAndExitCode(t *testing.T) {
	folder := t.TempDir()
	save := func(r report.Result) {
		if err := report.Save(filepath.Join(folder, "result.json"), r); err != nil {
			t.Fatal(err)
		}
	}
	lines := []string{`{"schema":"gazua.series/1","run":"x","start":"2026-11-23T00:00:00Z"}`}
	for i := range 1200 {
		lines = append(lines, fmt.Sprintf(`{"t":%d,"phase":"load","sent":9,"backlog":%d,"sync":{"n":5,"p99":80}}`, i+1, 100+i))
	}
	if err := os.WriteFile(filepath.Join(folder, "series.jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	save(report.Result{Schema: report.Schema, Run: "x", Load: 1200, Verdict: report.Pass})
	code, out, _ := loadgen(t, "trends", folder)
	if code != 4 || !strings.Contains(out, "verdict=RISES rises=1 unclear=0 flat=2 too_short=0 report="+folder) {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, _ = loadgen(t, "trends", folder, "--json")
	var document struct {
		Schema, Verdict string
		Lines           []struct{ Verdict string }
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != 4 || document.Schema != "gazua.trends/1" || document.Verdict != "RISES" || len(document.Lines) != 3 {
		t.Errorf("exit %d, %v\n%s", code, err, out)
	}
	save(report.Result{Schema: report.Schema, Run: "x", Load: 300, Verdict: report.Pass})
	if code, out, _ = loadgen(t, "trends", folder); code != 3 || !strings.Contains(out, "too short to tell") {
		t.Errorf("exit %d\n%s", code, out)
	}
	save(report.Result{Schema: report.Schema, Run: "x", Verdict: report.Unfinished})
	if code, _, progress := loadgen(t, "trends", folder); code != 2 || !strings.Contains(progress, "has not ended") {
		t.Errorf("exit %d: %s", code, progress)
	}
}
