package drill

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// The checks that hold for every drill; a script adds its own.
const (
	checkInvariant = "invariant" // and its number: invariant-1
	checkSettled   = "settled"   // every payment of which a client was in doubt came to an end
	checkRecovered = "recovered" // payments are served well again, within the bound
	checkScript    = "script"    // the script could be played to its end
	checkErrors    = "errors"    // of a drill that no client may notice: every request got a good answer
	checkLate      = "late"      // and every payment came to its end in time
	checkPaid      = "paid"      // of a drill in which nothing can make a payment fail: none did
)

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

// verdict is of all that was found, and the reasons where it is INVALID. What does not hold does not hold, also where nothing
// else can be said.
func verdict(failures []Failure, spoilt string, r *report.Result) (string, []string) {
	switch {
	case len(failures) > 0:
		return report.Fail, nil
	case spoilt != "":
		return report.Invalid, append([]string{spoilt}, r.Reasons...)
	case r.Verdict == report.Invalid:
		return report.Invalid, r.Reasons
	}
	return r.Verdict, nil
}

// violated names the invariants that do not hold: they must whatever a drill did.
func violated(r *report.Result) (failed []Failure) {
	for _, i := range r.Invariants {
		if i.Violated > 0 {
			failed = append(failed, Failure{fmt.Sprintf("%s-%d", checkInvariant, i.Number), fmt.Sprintf("%02d %s: %d violations", i.Number, i.Name, i.Violated)})
		}
	}
	return failed
}

// judge looks whether that holds which holds for every drill that broke something.
func (out *Outcome) judge(d Drill, r *report.Result) (failed []Failure) {
	fail := func(check, format string, args ...any) {
		failed = append(failed, Failure{check, fmt.Sprintf(format, args...)})
	}
	if d.Paid && r.Counts.Failed > 0 {
		fail(checkPaid, "%d payments FAILED, and nothing that was broken was a reason for it", r.Counts.Failed)
	}
	bound := d.Recover
	if bound == 0 {
		bound = defaultRecover
	}
	for n, i := range out.Impacts {
		if d.Unnoticed && i.Errors > 0 {
			fail(checkErrors, "break %d: %d requests got no good answer, %d of them a payment's first", n+1, i.Errors, i.First)
		}
		if d.Unnoticed && i.Late > 0 {
			fail(checkLate, "break %d: %d payments came to their end later than %s after they were planned", n+1, i.Late, cmp.Or(d.Final, finalWithin))
		}
		if i.Ambiguous != i.Settled {
			fail(checkSettled, "break %d: clients were in doubt about %d payments, and saw the end of %d", n+1, i.Ambiguous, i.Settled)
		}
		if !i.Recovered || i.Recovery > bound {
			fail(checkRecovered, "break %d: payments were still not served well %.1f s after it (bound %s)", n+1, i.Recovery.Seconds(), bound)
		}
	}
	return failed
}

// Has says whether a check failed.
func (out *Outcome) Has(check string) bool {
	return slices.ContainsFunc(out.Failures, func(f Failure) bool { return f.Check == check })
}

// Lines are what is printed: one a break, and one over all where there are several. The last one has the shutdowns as well:
// p50, p99 and max, in ms.
func (out *Outcome) Lines() []string {
	lines := out.breakLines()
	lines[len(lines)-1] += out.drained()
	return lines
}

func (out *Outcome) breakLines() []string {
	var lines []string
	head := "drill=" + out.Drill
	if out.Control != "" {
		head += " control=" + out.Control
	}
	tail := fmt.Sprintf("lost=%s duplicated=%s", out.Lost, out.Duplicated)
	var total Impact
	var recovery []time.Duration
	for n, i := range out.Impacts {
		total.Errors, total.Ambiguous, total.Settled = total.Errors+i.Errors, total.Ambiguous+i.Ambiguous, total.Settled+i.Settled
		recovery = append(recovery, i.Recovery)
		lines = append(lines, fmt.Sprintf("%s n=%d/%d verdict=%s detect_ms=%s rto_ms=%d errors=%d %s ambiguous=%d settled=%d",
			head, n+1, len(out.Impacts), out.Verdict, out.detect(n), i.Recovery.Milliseconds(), i.Errors, tail, i.Ambiguous, i.Settled))
	}
	if len(out.Impacts) == 1 {
		lines[0] = strings.Replace(lines[0], " n=1/1", "", 1)
		return lines
	}
	slices.Sort(recovery)
	if len(recovery) == 0 {
		return []string{fmt.Sprintf("%s verdict=%s detect_ms=- rto_ms=- errors=- %s ambiguous=- settled=-", head, out.Verdict, tail)}
	}
	return append(lines, fmt.Sprintf("%s n=%d verdict=%s rto_min_ms=%d rto_median_ms=%d rto_max_ms=%d errors=%d %s ambiguous=%d settled=%d", head, len(recovery),
		out.Verdict, recovery[0].Milliseconds(), recovery[len(recovery)/2].Milliseconds(), recovery[len(recovery)-1].Milliseconds(), total.Errors, tail, total.Ambiguous, total.Settled))
}

// detect is when the system noticed, or else when the first client did; - when nobody did.
func (out *Outcome) detect(n int) string {
	b, i := out.Breaks[n], out.Impacts[n]
	switch {
	case b.Noticed != "":
		return fmt.Sprint((b.Detected - b.At).Milliseconds())
	case i.Unwell > 0:
		return fmt.Sprint(i.FirstUnwell.Milliseconds())
	}
	return "-"
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
