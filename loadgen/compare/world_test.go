package compare

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var began = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// made is a run as a test wants it.
type made struct {
	tag     string
	verdict string
	seed    uint64
	host    string
	setting string
	latency time.Duration // every synchronous payment took so long
	rate    float64
	perPay  float64 // CPU-µs
}

// store makes runs in a folder, one after another.
type store struct {
	t      *testing.T
	folder string
	made   int
}

func newStore(t *testing.T) *store { return &store{t: t, folder: t.TempDir()} }

func (s *store) add(m made) Run {
	s.t.Helper()
	s.made++
	start := began.Add(time.Duration(s.made) * time.Minute)
	folder := filepath.Join(s.folder, fmt.Sprintf("%s-%d-x", start.Format("20060102-150405"), s.made))
	tally := record.NewTally()
	series, err := record.CreateSeries(folder, "r", start, tally)
	if err == nil {
		s.t.Fatalf("a series in no folder: %v", series)
	}
	mustMake(s.t, folder)
	if series, err = record.CreateSeries(folder, "r", start, tally); err != nil {
		s.t.Fatal(err)
	}
	for i := range 100 {
		tally.SyncResponse.Record(i, m.latency)
	}
	series.Add(start.Add(time.Second), "load", "load", record.Gauges{})
	if err := series.Close(); err != nil {
		s.t.Fatal(err)
	}
	r := &report.Result{
		Schema: report.Schema, Verdict: m.verdict, Tag: m.tag, Run: fmt.Sprintf("x-%d", s.made), Folder: folder, Start: start, Rate: m.rate,
		Scenario: scenario.Default(), Host: report.Host{Name: m.host}, Latency: report.Latencies{SyncResponse: tally.SyncResponse.Whole()},
		Stack: []report.Process{{Name: "payment-api-1", Settings: map[string]string{"GROUP_MAX": m.setting}}},
	}
	r.Scenario.Seed = m.seed
	if m.perPay > 0 {
		r.Efficiency = &report.Efficiency{PerPayment: m.perPay}
	}
	if err := report.Save(filepath.Join(folder, "result.json"), r); err != nil {
		s.t.Fatal(err)
	}
	return Run{folder, r}
}

// group makes one run for each latency.
func (s *store) group(tag string, latencies ...time.Duration) (runs []Run) {
	for _, l := range latencies {
		runs = append(runs, s.add(made{tag: tag, verdict: report.Pass, latency: l, rate: 100, perPay: 1000}))
	}
	return runs
}

func metrics(t *testing.T, names ...string) (list []Metric) {
	t.Helper()
	for _, name := range names {
		m, err := ParseMetric(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}
