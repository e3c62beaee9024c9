package run

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/internal/benchtarget"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// BenchmarkEngine prints what a request costs the whole generator (plan, client, journal, histograms) at a fixed rate:
//
//	go test ./run -run '^$' -bench Engine -benchtime 1x
func BenchmarkEngine(b *testing.B) {
	const length = 5 * time.Second
	payments := scenario.Default()
	payments.Cancel, payments.Replay, payments.ReuseKey, payments.SameOrder = 0, 0, 0, 0
	for _, c := range []struct {
		name     string
		scenario scenario.Scenario
		rate     float64
	}{{"300", payments, 300}, {"2000", payments, 2_000}, {"8000", payments, 8_000}, {"2000-with-cancellations-and-probes", scenario.Default(), 2_000}} {
		b.Run(c.name, func(b *testing.B) {
			s, rate := c.scenario, c.rate
			s.Client.MaxIdle = 200 * time.Millisecond
			s.Stages = []pace.Stage{{Name: "load", From: rate, To: rate, Duration: length}}
			plan, err := pace.New(s.Stages, s.Seed)
			if err != nil {
				b.Fatal(err)
			}
			c, err := client.New(benchtarget.Start(b), []string{"key-a", "key-b"}, s.Client)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			for n := range b.N {
				start := time.Now()
				journal, err := record.Create(filepath.Join(b.TempDir(), strconv.Itoa(n)), "bench", start)
				if err != nil {
					b.Fatal(err)
				}
				tally, before := record.NewTally(), benchtarget.CPU()
				NewEngine(&s, plan, "bench", []Merchant{{ID: 1}, {ID: 2}}, c, journal, tally, start).Run(b.Context(), b.Context())
				if err := journal.Close(); err != nil {
					b.Fatal(err)
				}
				counts, late := tally.Counts(), tally.Lateness.Whole()
				requests := counts.Requests()
				b.ReportMetric(float64((benchtarget.CPU()-before).Microseconds())/float64(requests), "CPU-µs/request")
				b.ReportMetric(float64(requests)/length.Seconds(), "requests/s")
				b.ReportMetric(late.P99, "lateness-p99-ms")
				b.ReportMetric(float64(counts.Unsent), "unsent")
			}
		})
	}
}
