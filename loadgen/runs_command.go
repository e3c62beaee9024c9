package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"gazua.example/loadgen/compare"
	"gazua.example/loadgen/report"
)

// runLine is one run of `loadgen runs --json`.
type runLine struct {
	Folder     string    `json:"folder"`
	Run        string    `json:"run"`
	Tag        string    `json:"tag,omitempty"`
	Start      time.Time `json:"start"`
	Verdict    string    `json:"verdict"`
	Scenario   string    `json:"scenario"`
	Rate       float64   `json:"rate_per_s"`
	P99        float64   `json:"sync_p99_ms"`
	Violations int64     `json:"violations"`
	Commit     string    `json:"commit,omitempty"`
	Modified   bool      `json:"modified,omitempty"`
	Host       string    `json:"host"`
}

// runsCommand is `loadgen runs`.
func runsCommand(args []string, out, progress *os.File) (int, error) {
	flags := flagSet("runs", progress)
	store := flags.String("dir", defaultRuns, "folder of runs")
	asJSON := flags.Bool("json", false, "one JSON document instead of a table")
	if _, err := arguments(flags, args, 0, ""); err != nil {
		return 0, err
	}
	runs, unread, err := compare.List(*store)
	if err != nil {
		return 0, err
	}
	if !*asJSON {
		compare.Table(out, runs, unread)
		return 0, nil
	}
	lines := make([]runLine, 0, len(runs))
	for _, r := range runs {
		lines = append(lines, summary(r.Folder, r.Result))
	}
	return 0, writeJSON(out, map[string]any{"schema": "gazua.runs/1", "runs": lines, "unread": unread})
}

func summary(folder string, r *report.Result) runLine {
	return runLine{
		Folder: folder, Run: r.Run, Tag: r.Tag, Start: r.Start, Verdict: r.Verdict, Scenario: r.Scenario.Name, Rate: r.Rate,
		P99: r.Latency.SyncResponse.P99, Violations: r.Violations(), Commit: r.Host.Commit, Modified: r.Host.Modified, Host: r.Host.Name,
	}
}

func writeJSON(out *os.File, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
