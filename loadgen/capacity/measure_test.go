package capacity

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gazua.example/loadgen/report"
)

var objective = Objective{P99: 500, Errors: 0.001}

// ran is the result of a run of 20 s that went well, changed by a test.
func ran(t *testing.T, open func(second int) int, change func(*report.Result)) *report.Result {
	folder := t.TempDir()
	lines := []string{`{"schema":"gazua.series/1","run":"x","start":"2026-11-23T00:00:00Z"}`}
	for i := range 40 {
		phase := map[bool]string{true: "load", false: "settle"}[i < 20]
		lines = append(lines, fmt.Sprintf(`{"t":%d,"phase":%q,"open":%d}`, i+1, phase, open(i)))
	}
	if err := os.WriteFile(filepath.Join(folder, "series.jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &report.Result{Folder: folder, Verdict: report.Pass, Quiet: true, Rate: 100, Load: 20}
	r.Counts.Sent, r.Latency.SyncResponse.P99 = 2000, 400
	change(r)
	return r
}

// fills has the backlog of a system that keeps up: it fills in 4 s and flaps.
func fills(second int) int {
	if second >= 20 {
		return 0 // settling is no load
	}
	return min(second, 4)*10 + second%3
}

func gate(names ...string) func(*report.Result) {
	return func(r *report.Result) {
		for _, name := range names {
			r.Gate = append(r.Gate, report.Bound{Name: name, Value: 2, Bound: 1, Unit: "ms"})
			r.Reasons = append(r.Reasons, name)
		}
		r.Verdict = report.Invalid
	}
}

func both(changes ...func(*report.Result)) func(*report.Result) {
	return func(r *report.Result) {
		for _, change := range changes {
			change(r)
		}
	}
}

func TestMeasure_Outcome(t *testing.T) {
	slow := func(r *report.Result) { r.Latency.SyncResponse.P99 = 500.1 }
	fail := func(r *report.Result) { r.Verdict, r.Reasons = report.Fail, []string{"1 violation"} }
	for name, c := range map[string]struct {
		open   func(int) int
		change func(*report.Result)
		want   Outcome
		why    string
	}{
		"all is well":                         {fills, func(*report.Result) {}, Held, ""},
		"p99 past the objective":              {fills, slow, Broke, "p99 500 ms"},
		"errors at the bound":                 {fills, func(r *report.Result) { r.Counts.GaveUp = 2 }, Held, ""},
		"errors past the bound":               {fills, func(r *report.Result) { r.Counts.GaveUp, r.Counts.Rejected, r.Counts.Pending = 1, 1, 1 }, Broke, "errors 0.15 %"},
		"a growing backlog":                   {func(s int) int { return 5 * s }, func(*report.Result) {}, Broke, "backlog grew by 5.0/s"},
		"a growing backlog that drains after": {func(s int) int { return max(5*min(s, 20)-50*max(s-20, 0), 0) }, func(*report.Result) {}, Broke, "backlog grew by 5.0/s"},
		"a backlog that grows slowly":         {func(s int) int { return s }, func(*report.Result) {}, Held, ""},
		"a backlog that shrinks":              {func(s int) int { return 500 - 5*s }, func(*report.Result) {}, Held, ""},
		"not settled":                         {fills, func(r *report.Result) { r.Quiet, r.Settle = false, 180 }, Broke, "not settled 180 s"},
		"less was sent":                       {fills, func(r *report.Result) { r.Rate = 80 }, Broke, "80.0/s were sent"},
		"a late generator":                    {fills, gate("lateness_p99"), Bed, "lateness_p99"},
		"a late generator and a slow system":  {fills, both(gate("lateness_p99"), slow), Bed, "lateness_p99"},
		"a slow mock":                         {fills, both(gate("pg_added_p99"), slow), Bed, "pg_added_p99"},
		"no place, and the system keeps up":   {fills, gate("unsent"), Bed, "unsent"},
		"no place, since the system is slow":  {fills, both(gate("unsent"), slow), Broke, "p99"},
		"no place, and not verified":          {fills, both(gate("unsent"), slow, func(r *report.Result) { r.Reasons = append(r.Reasons, "not verified") }), Void, "not verified"},
		"not verified":                        {fills, func(r *report.Result) { r.Verdict, r.Reasons = report.Invalid, []string{"not verified"} }, Void, "not verified"},
		"stopped by hand":                     {fills, func(r *report.Result) { r.Stopped = true }, Void, "by hand"},
		"violated":                            {fills, fail, Lost, "1 violation"},
		"violated, and a late generator":      {fills, both(gate("lateness_p99"), fail), Lost, "1 violation"},
	} {
		s, err := Measure(ran(t, c.open, c.change), 100, objective)
		if err != nil || s.Outcome != c.want || !strings.Contains(strings.Join(s.Why, "; "), c.why) || (s.Outcome == Held) != (len(s.Why) == 0) {
			t.Errorf("%s: %s (%v) %v, want %s (%s)", name, s.Outcome, s.Why, err, c.want, c.why)
		}
	}
}

func TestMeasure_NoSeries_IsAnError(t *testing.T) {
	if _, err := Measure(&report.Result{Folder: t.TempDir()}, 1, objective); err == nil || !strings.Contains(err.Error(), "open the series") {
		t.Error(err)
	}
}

func TestReadOpen_LongStep_IsBounded(t *testing.T) {
	folder := t.TempDir()
	text := `{"schema":"gazua.series/1","run":"x","start":"2026-11-23T00:00:00Z"}` + "\n"
	for i := range 3600 {
		text += fmt.Sprintf(`{"t":%d,"phase":"load","open":%d}`+"\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(folder, "series.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	points, err := readOpen(folder)
	if err != nil || len(points) > mostPoints || points[0].T != 900 || !slices.IsSortedFunc(points, func(a, b point) int { return int(a.T - b.T) }) {
		t.Error(len(points), err)
	}
}
