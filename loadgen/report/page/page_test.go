package page

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// folder makes a run's folder with a minute of figures; change may change its result and verdict.
func folder(t *testing.T, change func(*report.Result, *verify.Verdict)) string {
	t.Helper()
	dir := t.TempDir()
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	r := &report.Result{
		Schema: report.Schema, Verdict: report.Pass, Run: "soak-0011223344", Command: []string{"loadgen", "run", "soak.yaml"}, Start: start,
		Model: "open", Load: 60, Settle: 5, Quiet: true, Rate: 300, Counts: record.Counts{Planned: 18000, Sent: 18000, Paid: 17000, Failed: 1000},
		Scenario: scenario.Default(), Host: report.Host{Name: "laptop", Cores: 2},
		Latency: report.Latencies{SyncResponse: record.Figures{Count: 9000, P50: 80.1, P99: 240.6, Max: 2100}},
		Gate:    []report.Bound{{Name: "unsent", Bound: 0.1, Unit: "%", Holds: true, Measured: true}},
	}
	r.Scenario.Name = "soak"
	v := &verify.Verdict{Verdict: "PASS", Invariants: []verify.Invariant{{Number: 1, Name: "at most once", Unit: "orders", Checked: 18000}}}
	if change != nil {
		change(r, v)
	}
	for name, value := range map[string]any{"result.json": r, "verify.json": v} {
		if err := report.Save(filepath.Join(dir, name), value); err != nil {
			t.Fatal(err)
		}
	}
	tally := record.NewTally()
	series, err := record.CreateSeries(dir, r.Run, start, tally)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 60 {
		tally.Sent.Add(300)
		tally.SyncResponse.Record(n, time.Duration(n+1)*time.Millisecond)
		series.Add(start.Add(time.Duration(n+1)*time.Second), "load", "load", record.Gauges{Backlog: int64(n)})
	}
	if err := series.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func page(t *testing.T, dir string) string {
	t.Helper()
	path, err := Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWrite_VerdictIsTheFirstThing(t *testing.T) {
	text := page(t, folder(t, nil))
	body := text[strings.Index(text, "<body>"):]
	verdict, figure := strings.Index(body, ">PASS<"), strings.Index(body, "300.0")
	if verdict < 0 || figure < verdict {
		t.Errorf("the verdict stands at %d and the rate at %d: no figure before the verdict", verdict, figure)
	}
	for _, want := range []string{"18,000", "240.6", "at most once", "<title>PASS · soak-0011223344</title>", "there is no monitor.jsonl"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// One file, no network: nothing in it names another place to load from.
func TestWrite_LoadsNothing(t *testing.T) {
	text := page(t, folder(t, nil))
	for _, forbidden := range []string{`src="`, `href="http`, "@import", "url(", "fetch(", "XMLHttpRequest"} {
		if strings.Contains(text, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
}

// What the system answered is text, wherever it comes from.
func TestWrite_TextsStayTexts(t *testing.T) {
	hostile := `</script><img onerror=alert(1)>`
	dir := folder(t, func(r *report.Result, v *verify.Verdict) {
		r.Verdict, r.Reasons = report.Fail, []string{hostile}
		r.Faults = []record.Group{{Try: record.First, Class: "http", Code: hostile, Count: 1}}
		v.Invariants[0].Violated = 1
		v.Invariants[0].Offenders = []verify.Offender{{PaymentID: "7", Order: hostile, What: hostile, Journal: []string{hostile}}}
	})
	if err := record.AppendMarker(dir, record.Marker{T: 3, Kind: record.FaultMarker, Text: hostile}); err != nil {
		t.Fatal(err)
	}
	text := page(t, dir)
	if strings.Contains(text, "<img") {
		t.Error("a text of the run became markup")
	}
	if got := strings.Count(text, "</script>"); got != 3 {
		t.Errorf("%d script elements end, want 3", got)
	}
	if !strings.Contains(text, "payment 7") || !strings.Contains(text, `class="verdict fail"`) {
		t.Error("the offender or the verdict is missing")
	}
}

var dataElement = regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)

func TestWrite_ChartsHoldTheSeries(t *testing.T) {
	found := dataElement.FindStringSubmatch(page(t, folder(t, nil)))
	if found == nil {
		t.Fatal("no data")
	}
	var d struct {
		Groups []struct {
			Charts []struct {
				ID     string
				X      []float64
				Series []struct {
					Name   string
					Values []*float64
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(found[1]), &d); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range d.Groups {
		for _, c := range g.Charts {
			seen[c.ID] = true
			for _, s := range c.Series {
				if len(s.Values) != len(c.X) {
					t.Errorf("%s, %s: %d values for %d points", c.ID, s.Name, len(s.Values), len(c.X))
				}
				if c.ID == "rate" && s.Name == "sent" && (s.Values[30] == nil || *s.Values[30] != 300) {
					t.Errorf("sent at 31 s is %v, want 300", s.Values[30])
				}
				if c.ID == "latency" && s.Name == "max" && (s.Values[9] == nil || math.Abs(*s.Values[9]-10) > 0.1) {
					t.Errorf("max at 10 s is %v, want 10 ms", s.Values[9])
				}
			}
		}
	}
	for _, id := range []string{"rate", "latency", "percentiles", "completion", "backlog", "pending", "age"} {
		if !seen[id] {
			t.Errorf("there is no chart %s", id)
		}
	}
}

// A long run is thinned: counts stay rates, and a peak of one second stays a peak.
func TestTimeline_ThinsWithoutLosingPeaks(t *testing.T) {
	points := make([]record.Point, 5000)
	for i := range points {
		points[i] = record.Point{T: float64(i + 1), Seen: record.Seen{Sent: 10}, Sync: record.Interval{N: 1, Max: 5}}
	}
	points[2503].Sync.Max = 900
	charts := loadCharts(points)
	if n := len(charts[0].X); n > mostPoints || n < mostPoints/2 {
		t.Errorf("%d points, want at most %d", n, mostPoints)
	}
	for _, v := range charts[0].Series[1].Values {
		if v != 10 {
			t.Fatalf("a rate of %g, want 10", v)
		}
	}
	peak := 0.0
	for _, v := range charts[1].Series[0].Values {
		peak = max(peak, v)
	}
	if peak != 900 {
		t.Errorf("the peak is %g, want 900", peak)
	}
}

func TestWrite_MonitorAndRestarts(t *testing.T) {
	dir := folder(t, nil)
	lines := `{"schema":"gazua.monitor/1","start":"2026-11-23T00:00:00Z","units":{}}
{"t":1,"v":{"mysql/cpu_cores":0.5,"payment-api-1/cpu_cores":0.2,"host/disk_util_pct":12}}
{"t":2,"event":"payment-api-1 restarted"}
{"t":2,"event":"mysql cannot be measured: it does not answer"}
{"t":3,"v":{"mysql/cpu_cores":0.7,"host/disk_util_pct":14}}
`
	if err := os.WriteFile(filepath.Join(dir, "monitor.jsonl"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	text := page(t, dir)
	for _, want := range []string{"payment-api-1 restarted", "mysql cannot be measured", `"values":[0.2,null]`, `"values":[0.5,0.7]`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if marks := dataElement.FindStringSubmatch(text)[1]; strings.Contains(marks, "cannot be measured") {
		t.Error("a gap of the monitor is drawn as a mark")
	}
}

func TestWrite_NoRunFolder_IsAClearError(t *testing.T) {
	if _, err := Write(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not the folder of a run") {
		t.Errorf("got %v", err)
	}
}

func TestCount_GroupsDigits(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 54000: "54,000", 1234567: "1,234,567", -54000: "-54,000"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
}
