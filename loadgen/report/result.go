// Package report says what a run has shown: result.json for programs, a text for people, one line of logfmt for scripts.
// No figure leaves this package without the verdict beside it.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// Schema names the format of result.json.
const Schema = "gazua.result/1"

// Verdicts of a run and what its process exits with.
const (
	Pass       = "PASS"       // 0
	Fail       = "FAIL"       // 1: an invariant is violated
	Invalid    = "INVALID"    // 3: the generator or the mock spoilt the run, or it could not be judged
	Unfinished = "UNFINISHED" // the run's process ended before its report
)

// Result is result.json.
type Result struct {
	Schema   string            `json:"schema"`
	Verdict  string            `json:"verdict"`
	Reasons  []string          `json:"reasons,omitempty"` // of FAIL and INVALID
	Run      string            `json:"run"`
	Folder   string            `json:"folder"`
	Command  []string          `json:"command"`
	Host     Host              `json:"host"`
	Scenario scenario.Scenario `json:"scenario"`
	Target   string            `json:"target"`

	Start   time.Time    `json:"start"`
	Load    float64      `json:"load_s"`   // arrivals
	Settle  float64      `json:"settle_s"` // from the last arrival to quiescence
	Quiet   bool         `json:"quiescent"`
	Stopped bool         `json:"stopped_by_hand"`
	Scope   verify.Scope `json:"scope"`

	Counts     record.Counts   `json:"counts"`
	Rate       float64         `json:"rate_per_s"` // payments sent a second of the load
	Latency    Latencies       `json:"latency"`
	Faults     []record.Group  `json:"faults"`
	Generator  Generator       `json:"generator"`
	PGAddedP99 float64         `json:"pg_added_p99_ms"`
	Invariants []InvariantLine `json:"invariants"`
}

// Latencies of a payment. The first counts from the planned time, so it holds the wait that a slow target causes.
type Latencies struct {
	SyncResponse record.Figures `json:"planned_to_response_sync"`
	Response     record.Figures `json:"sent_to_response_every_request"`
	Completion   record.Figures `json:"planned_to_final_seen"` // asynchronous ones: to within the look's interval
}

// Generator is the generator's own health.
type Generator struct {
	Lateness   record.Figures `json:"planned_to_sent"`
	CPU        float64        `json:"cpu_s"`
	CPUPerCall float64        `json:"cpu_us_per_request"`
	CPUShare   float64        `json:"cpu_cores"` // on average, during load and settle
	GCPauseMax float64        `json:"gc_pause_max_ms"`
	GCs        uint32         `json:"gc_cycles"`
	HeapMiB    float64        `json:"heap_mib"`
	RSSMaxMiB  float64        `json:"rss_max_mib"`
}

// Host is where the generator ran, and of which commit the work tree was.
type Host struct {
	Name   string `json:"name"`
	OS     string `json:"os"`
	Cores  int    `json:"cores"`
	Go     string `json:"go"`
	Commit string `json:"commit,omitempty"`
}

// InvariantLine is one row of the verifier's table; verify.json has the whole.
type InvariantLine struct {
	Number   int    `json:"number"`
	Name     string `json:"name"`
	Checked  int64  `json:"checked"`
	Violated int64  `json:"violated"`
}

// Judged takes the verifier's findings in.
func (r *Result) Judged(v *verify.Verdict) {
	r.Invariants = nil
	for _, i := range v.Invariants {
		r.Invariants = append(r.Invariants, InvariantLine{i.Number, i.Name, i.Checked, i.Violated})
	}
}

// Violated is the count of one invariant.
func (r *Result) Violated(number int) (n int64) {
	for _, i := range r.Invariants {
		if i.Number == number {
			n = i.Violated
		}
	}
	return n
}

// Violations is the count of all.
func (r *Result) Violations() (n int64) {
	for _, i := range r.Invariants {
		n += i.Violated
	}
	return n
}

// Conclude decides the verdict. spoilt are reasons why the run says nothing. A violated invariant is a FAIL even then:
// lost money is lost, however late the generator was.
func (r *Result) Conclude(spoilt []string) {
	r.Verdict, r.Reasons = Pass, nil
	if len(spoilt) > 0 {
		r.Verdict = Invalid
	}
	if n := r.Violations(); n > 0 {
		r.Verdict = Fail
		r.Reasons = append(r.Reasons, fmt.Sprintf("%d violations; the payments are named above and in verify.json", n))
	}
	r.Reasons = append(r.Reasons, spoilt...)
}

// ExitCode of the process.
func (r *Result) ExitCode() int {
	switch r.Verdict {
	case Pass:
		return 0
	case Fail:
		return 1
	}
	return 3
}

// Line is the last line of a run.
func (r *Result) Line() string {
	return fmt.Sprintf("verdict=%s payments=%d rate=%.1f p99_ms=%.1f lost=%d duplicated=%d unsettled=%d violations=%d report=%s",
		r.Verdict, r.Counts.Sent, r.Rate, r.Latency.SyncResponse.P99, r.Violated(7), r.Violated(1), r.Violated(6),
		r.Violations(), filepath.Join(r.Folder, "result.json"))
}

// Save writes a JSON file whole or not at all.
func Save(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return os.Rename(path+".new", path)
}

// Load reads a run's result.json.
func Load(folder string) (*Result, error) {
	text, err := os.ReadFile(filepath.Join(folder, "result.json"))
	if err != nil {
		return nil, fmt.Errorf("%s is not the folder of a run: %w", folder, err)
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read %s/result.json: %w", folder, err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("%s/result.json has schema %q; this program reads %q", folder, r.Schema, Schema)
	}
	return &r, nil
}
