package drill

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gazua.example/loadgen/report"
)

// FileName is that of an Outcome, in a drill's folder.
const FileName = "drill.json"

// Outcome is drill.json of a drill's folder.
type Outcome struct {
	Drill       string            `json:"drill"`
	Control     string            `json:"control,omitempty"` // the patch that it was run with
	Verdict     string            `json:"verdict"`           // as a run's: PASS, FAIL, INVALID
	Failures    []Failure         `json:"failures,omitempty"`
	Reasons     []string          `json:"reasons,omitempty"` // of INVALID
	Settings    map[string]string `json:"settings"`
	Rate        float64           `json:"rate_per_s"`
	Payments    int64             `json:"payments"`
	Lost        string            `json:"lost"`
	Duplicated  string            `json:"duplicated"`
	Unsettled   string            `json:"unsettled"`
	Violations  int64             `json:"violations"`
	RequestsP99 float64           `json:"planned_to_response_p99_ms"`
	Start       time.Time         `json:"start"`
	Breaks      []Break           `json:"breaks"` // the last one is the end of the load
	Impacts     []Impact          `json:"impacts"`
	Final       time.Duration     `json:"final_within_ns"`     // a payment whose end takes longer is late
	Repeats     *Repeats          `json:"repeats,omitempty"`   // of a drill that does everything once
	Shutdowns   []Shutdown        `json:"shutdowns,omitempty"` // process by process
	Drains      []Drain           `json:"drains,omitempty"`
	Spared      *Spared           `json:"spared,omitempty"`
	Folder      string            `json:"folder"` // of the run
}

func conclude(d Drill, o Options, s *Scene, r *report.Result) (*Outcome, error) {
	out := &Outcome{
		Drill: d.Name, Settings: d.environment(o.Patch), Rate: r.Rate, Payments: r.Counts.Sent, Lost: r.Figure(7), Duplicated: r.Figure(1), Unsettled: r.Figure(6),
		Violations: r.Violations(), RequestsP99: r.Latency.SyncResponse.P99, Start: r.Start, Breaks: s.breaks, Folder: r.Folder,
		Final: cmp.Or(d.Final, finalWithin),
	}
	if o.Patch != nil {
		out.Control = o.Patch.Name
	}
	var err error
	if out.Impacts, err = impactsWithin(filepath.Join(r.Folder, "journal.jsonl"), s.breaks, cmp.Or(d.Answer, answerWithin), cmp.Or(d.Final, finalWithin)); err != nil {
		return nil, err
	}
	if s.err != nil && !errors.Is(s.err, errOver) {
		s.failed = append(s.failed, Failure{checkScript, s.err.Error()})
	}
	out.Failures = append(s.failed, violated(r)...)
	if s.spoilt == "" {
		out.Failures = append(out.Failures, out.judge(d, r)...)
	}
	if d.Once {
		twice, err := repeats(r.Folder)
		if err != nil {
			return nil, err
		}
		if out.Repeats = &twice; twice != (Repeats{}) {
			out.Failures = append(out.Failures, Failure{checkRepeated, fmt.Sprintf("%d messages were sent twice, %d callbacks were heard twice", twice.Messages, twice.Callbacks)})
		}
	}
	if d.Spares != nil {
		if out.Spared, err = spared(filepath.Join(r.Folder, "journal.jsonl"), s.breaks, d.Spares); err != nil {
			return nil, err
		}
		out.Failures = append(out.Failures, out.Spared.failures()...)
	}
	out.Verdict, out.Reasons = verdict(out.Failures, s.spoilt, r)
	if out.Shutdowns, err = s.shutdowns(); err != nil {
		return nil, err
	}
	out.Drains = drains(out.Shutdowns)
	return out, report.Save(filepath.Join(o.Out, FileName), out)
}

// Load reads the drill.json of a drill's folder.
func Load(folder string) (*Outcome, error) {
	text, err := os.ReadFile(filepath.Join(folder, FileName))
	if err != nil {
		return nil, fmt.Errorf("%s is not the folder of a drill: %w", folder, err)
	}
	out := &Outcome{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", folder, FileName, err)
	}
	return out, nil
}
