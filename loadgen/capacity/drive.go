package capacity

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"gazua.example/loadgen/report"
)

// Schema names the format of capacity.json.
const Schema = "gazua.capacity/1"

// Report is capacity.json.
type Report struct {
	Schema    string    `json:"schema"`
	Verdict   string    `json:"verdict"`
	Because   string    `json:"because,omitempty"`
	Tag       string    `json:"tag"` // of all its runs
	Scenario  string    `json:"scenario"`
	Command   []string  `json:"command"`
	Start     time.Time `json:"start"`
	Seconds   float64   `json:"seconds"`
	Objective Objective `json:"objective"`
	Limits    Limits    `json:"limits"`
	Answer
	Steps []Step `json:"steps"`
}

// Try makes a run of a rate, from an empty system until it is settled and verified. An error ends the search: nothing could
// be sent.
type Try func(ctx context.Context, rate float64) (Step, error)

// Drive lets a search try until it ends. What was found is written after every step, so that a search that is killed
// leaves what it knows. When ctx ends the step that goes on is finished, and there is no further one.
func Drive(ctx context.Context, r *Report, folder string, out io.Writer, try Try) error {
	search := NewSearch(r.Limits)
	began := time.Now()
	for {
		rate, phase, more := search.Next()
		if !more {
			break
		}
		step, err := try(ctx, rate)
		if err != nil {
			return fmt.Errorf("step %d, %.4g payments/s: %w", len(r.Steps)+1, rate, err)
		}
		step.Number, step.Phase = len(r.Steps)+1, phase
		r.Steps = append(r.Steps, step)
		fmt.Fprintln(out, step.line())
		search.Took(step.Outcome, time.Since(began))
		if ctx.Err() != nil {
			search.Stop()
		}
		r.Seconds = time.Since(began).Seconds()
		r.Answer = search.Answer()
		r.Verdict, r.Because = r.Answer.Verdict(r.Limits.To), r.because(r.Limits.To)
		if err := report.Save(Path(folder), r); err != nil {
			return err
		}
	}
	return nil
}

// Path is where a search leaves its report.
func Path(folder string) string { return filepath.Join(folder, "capacity.json") }
