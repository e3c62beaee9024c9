package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"gazua.example/loadgen/verify"
)

// Verdicts of a run and what its process exits with.
const (
	Pass       = "PASS"       // 0
	Fail       = "FAIL"       // 1: an invariant is violated, or an expectation of a flow was not met
	Invalid    = "INVALID"    // 3: the generator or the mock spoilt the run, or it could not be judged
	Unfinished = "UNFINISHED" // the run's process ended before its report
)

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

// Figure is the count of one invariant as text: - where others were judged, and this one was not.
func (r *Result) Figure(number int) string {
	judged := slices.ContainsFunc(r.Invariants, func(i InvariantLine) bool { return i.Number == number })
	if len(r.Invariants) > 0 && !judged {
		return "-"
	}
	return strconv.FormatInt(r.Violated(number), 10)
}

// Violations is the count of all.
func (r *Result) Violations() (n int64) {
	for _, i := range r.Invariants {
		n += i.Violated
	}
	return n
}

// Conclude decides the verdict. spoilt are reasons why the run says nothing; those of the gate and of the conservation are
// known here. A violated invariant is a FAIL even then: lost money is lost, however late the generator was.
func (r *Result) Conclude(spoilt []string) {
	r.Verdict, r.Reasons = Pass, nil
	for _, b := range r.Gate {
		if !b.Holds {
			spoilt = append(spoilt, b.reason())
		}
	}
	for _, m := range r.Conservation.Mismatches {
		spoilt = append(spoilt, "the totals do not agree, so a figure is wrong: "+m)
	}
	if len(spoilt) > 0 {
		r.Verdict = Invalid
	}
	if n := r.Counts.Expectations; n.Unmet > 0 {
		r.Verdict = Fail
		r.Reasons = append(r.Reasons, fmt.Sprintf("%d of %d expectations of the scenario's flows were not met; the errors name them", n.Unmet, n.Checked))
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
	return fmt.Sprintf("verdict=%s payments=%d rate=%.1f p99_ms=%.1f lost=%s duplicated=%s unsettled=%s violations=%d report=%s",
		r.Verdict, r.Counts.Sent, r.Rate, r.Latency.SyncResponse.P99, r.Figure(7), r.Figure(1), r.Figure(6),
		r.Violations(), filepath.Join(r.Folder, "result.json"))
}
