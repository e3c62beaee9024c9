package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
)

// ran leaves the folder of a run of 5 s, in which 100 payments a second end and 60 more after the load.
func ran(t *testing.T, open func(second int) int, change func(*report.Result)) string {
	t.Helper()
	return ranFor(t, 5, open, change)
}

func ranFor(t *testing.T, load int, open func(second int) int, change func(*report.Result)) string {
	t.Helper()
	folder := t.TempDir()
	lines := []string{`{"schema":"gazua.series/1","run":"x","start":"2026-11-23T00:00:00Z"}`}
	for s := 1; s <= load+2; s++ {
		phase, ended := "load", 100
		if s > load {
			phase, ended = "settle", 30
		}
		lines = append(lines, fmt.Sprintf(`{"t":%d.001,"phase":%q,"paid":%d,"open":%d}`, s, phase, ended, open(s)))
	}
	if err := os.WriteFile(filepath.Join(folder, "series.jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &report.Result{Schema: report.Schema, Folder: folder, Verdict: report.Pass, Quiet: true, Rate: 112, Load: float64(load)}
	r.Counts.Sent = 560
	r.Latency.SyncResponse.P50, r.Latency.SyncResponse.P99, r.Latency.Completion.P50, r.Latency.Completion.P99 = 10, 20, 300, 400
	r.Efficiency = &report.Efficiency{Processes: []report.Use{
		{Process: "mysql", Part: "system", Cores: 0.05},
		{Process: "payment-api-1", Part: "system", Cores: 0.02},
		{Process: "payment-api-2", Part: "system", Cores: 0.03},
		{Process: "loadgen", Part: "bed", Cores: 0.01},
		{Process: "mock-pg-1", Part: "bed", Cores: 0.01},
	}}
	change(r)
	if err := report.Save(filepath.Join(folder, "result.json"), r); err != nil {
		t.Fatal(err)
	}
	return folder
}

func flat(int) int { return 64 }

func TestReadRun_CountsWhatEndedWithinTheLoad(t *testing.T) {
	folder := ran(t, flat, func(*report.Result) {})
	r, err := readRun(folder, of(card64, System), 2, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if r.Payments != 500 || !near(r.Rate, 100) || r.Number != 2 || r.Verdict != pass || r.P50 != 10 || r.P99 != 20 || r.Backlog != nil {
		t.Errorf("%+v", r)
	}
	// 0.05 cores at 100/s are 500 µs a payment; both APIs are one program; the bed is no part of the system.
	if !near(r.CPU["mysql"], 500) || !near(r.CPU["payment-api"], 500) || !near(r.System, 1000) || !near(r.CPU["mock-pg"], 100) || len(r.CPU) != 4 {
		t.Errorf("%v, system %g", r.CPU, r.System)
	}
}

func TestReadRun_Asynchronous_IsTimedToTheEnd(t *testing.T) {
	p := of(card64, System)
	p.Mode = Async
	r, err := readRun(ran(t, flat, func(*report.Result) {}), p, 1, 5*time.Second)
	if err != nil || r.P50 != 300 || r.P99 != 400 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReadRun_KeepsTheVerdict(t *testing.T) {
	for want, change := range map[string]func(*report.Result){
		fail:    func(r *report.Result) { r.Verdict, r.Stopped = report.Fail, true },
		invalid: func(r *report.Result) { r.Stopped = true },
	} {
		if r, err := readRun(ran(t, flat, change), of(card64, System), 1, 5*time.Second); err != nil || r.Verdict != want {
			t.Errorf("%+v, %v; want %s", r, err, want)
		}
	}
	r, err := readRun(ran(t, flat, func(r *report.Result) { r.Verdict, r.Reasons = report.Invalid, []string{"late"} }), of(card64, System), 1, 5*time.Second)
	if err != nil || r.Verdict != invalid || len(r.Reasons) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := readRun(t.TempDir(), card64, 1, time.Second); err == nil {
		t.Error("a folder without a run is no error")
	}
}

func TestReadRun_OpenModel_SaysWhetherTheBacklogGrows(t *testing.T) {
	p := of(Place{Section: sustained, Mode: Async, Legs: 1, Rate: 100}, System)
	for name, c := range map[string]struct {
		open  func(int) int
		grows bool
	}{
		"flat":          {flat, false},
		"grows":         {func(s int) int { return 20 * s }, true},
		"grows by less": {func(s int) int { return s }, false},
		"shrinks":       {func(s int) int { return 500 - 20*s }, false},
	} {
		r, err := readRun(ranFor(t, 20, c.open, func(*report.Result) {}), p, 1, 20*time.Second)
		if err != nil || r.Backlog == nil || r.Backlog.Low == nil || r.Backlog.Grows != c.grows {
			t.Errorf("%s: %+v, %v", name, r.Backlog, err)
		}
	}
}

func TestFolderOf_IsTheLastRunThatReports(t *testing.T) {
	out := "progress\nverdict=PASS payments=1 rate=1.0 report=/a/b/result.json\n\nverdict=FAIL payments=2 rate=1.0 lost=1 report=/c/d/result.json\n"
	if folder, ok := folderOf([]byte(out)); !ok || folder != "/c/d" {
		t.Error(folder, ok)
	}
	if folder, ok := folderOf([]byte("loadgen: the target does not answer\n")); ok {
		t.Error(folder)
	}
}
