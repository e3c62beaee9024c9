// Package report says what a run has shown: result.json for programs, a text for people, one line of logfmt for scripts.
// No figure leaves this package without the verdict beside it.
package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// Schema names the format of result.json; docs/results.md tells its fields one by one.
const Schema = "gazua.result/2"

// JSONSchema is the format of result.json as a JSON Schema (draft 2020-12).
//
//go:embed result.schema.json
var JSONSchema []byte

// Result is result.json.
type Result struct {
	Schema  string   `json:"schema"`
	Verdict string   `json:"verdict"`
	Reasons []string `json:"reasons,omitempty"` // of FAIL and INVALID
	Tag     string   `json:"tag,omitempty"`     // repeats of one measurement have the same
	Run     string   `json:"run"`
	Folder  string   `json:"folder"`
	Command []string `json:"command"`

	Start   time.Time `json:"start"`
	Load    float64   `json:"load_s"`   // arrivals
	Settle  float64   `json:"settle_s"` // from the last arrival to quiescence
	Quiet   bool      `json:"quiescent"`
	Stopped bool      `json:"stopped_by_hand"`

	Model    string            `json:"model"` // open or closed
	Scenario scenario.Scenario `json:"scenario"`
	System   string            `json:"system,omitempty"` // Renewed or Legacy
	Target   string            `json:"target"`
	Host     Host              `json:"host"`
	Stack    []Process         `json:"stack,omitempty"` // where its processes run on this machine
	Scope    verify.Scope      `json:"scope"`

	Counts       record.Counts   `json:"counts"`
	Conservation Conservation    `json:"conservation"`
	Rate         float64         `json:"rate_per_s"` // payments sent a second of the load
	Latency      Latencies       `json:"latency"`
	Async        Async           `json:"async"`
	Faults       []record.Group  `json:"faults"`
	Gate         []Bound         `json:"gate"`
	Generator    Generator       `json:"generator"`
	PGAddedP99   float64         `json:"pg_added_p99_ms"`
	Pressure     *Pressure       `json:"pressure,omitempty"`   // where the kernel tells it
	Monitor      *Monitor        `json:"monitor,omitempty"`    // where it ran
	Efficiency   *Efficiency     `json:"efficiency,omitempty"` // the same
	Invariants   []InvariantLine `json:"invariants"`
}

// The systems that can be the target.
const (
	Renewed = "renewed"
	Legacy  = "legacy" // before the renewal
)

// Latencies of a payment. The first counts from the planned time, so it holds the wait that a slow target causes.
type Latencies struct {
	SyncResponse record.Figures `json:"planned_to_response_sync"`
	Response     record.Figures `json:"sent_to_response_every_request"`
	Completion   record.Figures `json:"planned_to_final_seen"` // asynchronous ones: to within the look's interval
	Own          record.Figures `json:"own_overhead"`          // of the first, those that were PAID, less the delays that the outcome plan asked for
}

// Async is what became of the payments that were answered with a promise.
type Async struct {
	Requested        int64   `json:"requested"`
	Completed        int64   `json:"completed"`
	BacklogMax       int64   `json:"backlog_max"`
	BacklogMaxAt     float64 `json:"backlog_max_at_s"`
	OldestPendingMax float64 `json:"oldest_pending_max_s"`
	Drain            float64 `json:"drain_s"` // from the last arrival until the client had seen every end; 0: it never had
}

// Generator is the generator's own health.
type Generator struct {
	Lateness   record.Figures `json:"planned_to_sent"`
	CPU        float64        `json:"cpu_s"`
	CPUPerCall float64        `json:"cpu_us_per_request"`
	CPUShare   float64        `json:"cpu_cores"` // on average, during load and settle
	Cores      int            `json:"cores"`     // that it may use
	GCPauseMax float64        `json:"gc_pause_max_ms"`
	GCs        uint32         `json:"gc_cycles"`
	HeapMiB    float64        `json:"heap_mib"`
	RSSMaxMiB  float64        `json:"rss_max_mib"`
}

// Monitor is what the monitor's process cost, by the kernel's account.
type Monitor struct {
	CPU       float64 `json:"cpu_s"`
	Cores     float64 `json:"cpu_cores"`
	RSSMaxMiB float64 `json:"rss_max_mib"`
}

// Pressure is the part of the load's time in which something on the generator's machine waited for a resource (PSI, some).
type Pressure struct {
	CPU    float64 `json:"cpu_share"`
	Memory float64 `json:"memory_share"`
	IO     float64 `json:"io_share"`
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
	r, err := decodeResult(text)
	if err != nil {
		return nil, fmt.Errorf("read %s/result.json: %w", folder, err)
	}
	return r, nil
}

func decodeResult(text []byte) (*Result, error) {
	// The schema first: the fields of another version may not even have these types.
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	switch head.Schema {
	case Schema:
	case "gazua.result/1":
		return nil, fmt.Errorf("it is of an older loadgen (schema %q; this one reads %q): the loadgen of its commit reads it, or run the scenario again", head.Schema, Schema)
	default:
		return nil, fmt.Errorf("it has schema %q; this program reads %q", head.Schema, Schema)
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	return &r, nil
}
