package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
)

// storeOf makes a folder with two runs of each tag; their payments took so long.
func storeOf(t *testing.T, tags map[string]time.Duration) string {
	t.Helper()
	store, start := t.TempDir(), time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for tag, latency := range tags {
		for n := range 2 {
			folder := filepath.Join(store, fmt.Sprintf("%s-%d", tag, n))
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			tally := record.NewTally()
			series, err := record.CreateSeries(folder, "x", start, tally)
			if err != nil {
				t.Fatal(err)
			}
			tally.SyncResponse.Record(0, latency+time.Duration(n)*time.Millisecond)
			series.Add(start.Add(time.Second), "load", "load", record.Gauges{})
			if err := series.Close(); err != nil {
				t.Fatal(err)
			}
			verdict := report.Pass
			if tag == "void" {
				verdict = report.Invalid
			}
			r := &report.Result{Schema: report.Schema, Verdict: verdict, Tag: tag, Run: folder, Start: start.Add(time.Duration(n) * time.Hour), Rate: 100}
			if err := report.Save(filepath.Join(folder, "result.json"), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return store
}

func TestLoadgen_CompareAndRuns_ExitCodesAndLastLines(t *testing.T) {
	store := storeOf(t, map[string]time.Duration{"before": 100 * time.Millisecond, "same": 100 * time.Millisecond, "slow": 200 * time.Millisecond, "void": time.Second})
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"compare", "before", "same", "--metric", "sync.p99,rate"}, 0, "\nverdict=NO_REGRESSION a=2 b=2 metrics=2 threshold=0.1 worse= better=\n"},
		{[]string{"compare", "--metric", "sync.p99", "before", "--threshold", "50%", "slow"}, 4, "\nverdict=REGRESSION a=2 b=2 metrics=1 threshold=0.5 worse=sync.p99 better=\n"},
		{[]string{"compare", "before", "slow", "--metric", "sync.p99", "--threshold", "150%"}, 0, "verdict=NO_REGRESSION"},
		{[]string{"compare", "before-0", "slow-1"}, 0, "repeats are needed"},
		{[]string{"compare", "before", "void"}, 2, "is INVALID"},
		{[]string{"compare", "before", "void", "--even-invalid"}, 4, "its figures mean nothing"},
		{[]string{"compare", "before", "slow", "--metric", "mood"}, 2, "is no metric"},
		{[]string{"compare", "before", "slow", "--threshold", "10"}, 2, "is no share"},
		{[]string{"compare", "before"}, 2, "two runs, or groups of repeats, are needed"},
		{[]string{"compare", "before", "slow", "void"}, 2, "one argument too many"},
		{[]string{"compare", "before", "nobody"}, 2, "is no tag"},
		{[]string{"runs"}, 0, "slow-1"},
		{[]string{"runs", "more"}, 2, "one argument too many"},
	} {
		code, out, progress := loadgen(t, append(c.args, "--dir", store)...)
		if code != c.code || !strings.Contains(out+progress, c.says) || (code == 2) != (out == "") {
			t.Errorf("%q: exit %d, want %d and %q\n%s%s", c.args, code, c.code, c.says, out, progress)
		}
	}
	_, out, _ := loadgen(t, "compare", "before", "slow", "--json", "--dir", store)
	var compared struct {
		Schema, Verdict string
		Metrics         []struct {
			Metric     string
			Regression bool
		}
	}
	if err := json.Unmarshal([]byte(out), &compared); err != nil || compared.Schema != "gazua.compare/1" || compared.Verdict != "REGRESSION" || len(compared.Metrics) != 8 || !compared.Metrics[0].Regression {
		t.Errorf("%v\n%s", err, out)
	}
	_, out, _ = loadgen(t, "runs", "--json", "--dir", store)
	var listed struct{ Runs []runLine }
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed.Runs) != 8 || listed.Runs[0].Start.Before(listed.Runs[7].Start) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLoadgen_Repeat_NeedsATagAndABound(t *testing.T) {
	scenario := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(scenario, []byte("name: x\nstages:\n- {rate: 1, duration: 1s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--repeat needs a --tag":         {"--repeat", "3"},
		"--repeat must be from 1 to":     {"--repeat", "0"},
		"--tag must be 1 to 64":          {"--tag", "../x"},
		"there is no stack":              {"--repeat", "2", "--tag", "before"},
		"flag provided but not defined":  {"--tags", "x"},
		"invalid value \"x\" for flag -": {"--repeat", "x"},
	} {
		code, out, progress := loadgen(t, append([]string{"run", scenario}, args...)...)
		if code != 2 || out != "" || !strings.Contains(progress, want) {
			t.Errorf("%q: exit %d, want %q\n%s%s", args, code, want, out, progress)
		}
	}
}

func TestWorse_LostMoneyBeforeARunThatSaysNothing(t *testing.T) {
	for _, c := range [][3]int{{0, 0, 0}, {0, 3, 3}, {3, 0, 3}, {3, 1, 1}, {1, 3, 1}, {1, 0, 1}} {
		if got := worse(c[0], c[1]); got != c[2] {
			t.Errorf("worse of %d and %d is %d", c[0], c[1], got)
		}
	}
}
