// Fire runs loadgen's engine against any HTTP server, with everything that a run records, and judges nothing: it exists to
// measure what the generator itself costs, beside other generators (infra/peers). No figure about the payment system comes
// from here.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/pace"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/run"
	"gazua.example/loadgen/scenario"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as loadgen does
	}
	if err := fire(); err != nil {
		fmt.Fprintln(os.Stderr, "fire:", err)
		os.Exit(1)
	}
}

func fire() error {
	target := flag.String("target", "", "address of the server")
	rate := flag.Float64("rate", 0, "payments a second; 0: as fast as 64 users can")
	duration := flag.Duration("duration", 5*time.Second, "length of the load")
	folder := flag.String("folder", os.TempDir(), "where the journal and the series go")
	flag.Parse()

	s := scenario.Default()
	s.Name, s.Async, s.Cancel, s.Replay, s.ReuseKey, s.SameOrder = "fire", 0, 0, 0, 0, 0
	stage := pace.Stage{Name: "load", From: *rate, To: *rate, Duration: *duration}
	if *rate == 0 {
		s.Model = scenario.Closed
		stage.UsersFrom, stage.UsersTo = 64, 64
	}
	s.Stages = []pace.Stage{stage}
	plan, err := pace.New(s.Stages, s.Seed)
	if err != nil {
		return err
	}
	c, err := client.New(*target, []string{"key-a", "key-b"}, s.Client)
	if err != nil {
		return err
	}
	defer c.Close()
	start := time.Now().Add(50 * time.Millisecond)
	own := filepath.Join(*folder, "fire-"+strconv.FormatInt(start.UnixNano(), 36))
	if err := os.Mkdir(own, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(own)
	journal, err := record.Create(filepath.Join(own, "journal.jsonl"), "fire", start)
	if err != nil {
		return err
	}
	tally := record.NewTally()
	series, err := record.CreateSeries(own, "fire", start, tally)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run.NewEngine(&s, plan, "fire", []run.Merchant{{ID: 1}, {ID: 2}}, c, journal, tally, start).Run(context.Background(), context.Background())
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for running := true; running; {
		select {
		case now := <-tick.C:
			series.Add(now, "load", "load", record.Gauges{})
		case <-ended:
			running = false
		}
	}
	if err := series.Close(); err != nil {
		return err
	}
	if err := journal.Close(); err != nil {
		return err
	}
	counts := tally.Counts()
	fmt.Printf("requests=%d unsent=%d lateness_p99_ms=%.2f\n", counts.Requests(), counts.Unsent, tally.Lateness.Whole().P99)
	return nil
}
