package report

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

func TestConclude_Verdict_AndExitCode(t *testing.T) {
	lost := []InvariantLine{{7, "acknowledgement", 10, 2}}
	for _, c := range []struct {
		name       string
		invariants []InvariantLine
		unmet      int64
		mismatch   []string
		gate       []Bound
		spoilt     []string
		verdict    string
		exit       int
		says       string
	}{
		{name: "all is well", verdict: Pass, gate: []Bound{{Name: "unsent", Holds: true}}},
		{name: "a violation", invariants: lost, verdict: Fail, exit: 1, says: "2 violations"},
		{name: "the generator spoilt it", spoilt: []string{"late"}, verdict: Invalid, exit: 3, says: "late"},
		{name: "both: lost money stays lost", invariants: lost, spoilt: []string{"late"}, verdict: Fail, exit: 1, says: "late"},
		{name: "an expectation", unmet: 3, verdict: Fail, exit: 1, says: "3 of 9 expectations"},
		{name: "totals", mismatch: []string{"a is 1, b is 2"}, verdict: Invalid, exit: 3, says: "a is 1, b is 2"},
		{name: "a bound", gate: []Bound{{Name: "cpu_pressure", Value: 97, Bound: 95, Unit: "%"}}, verdict: Invalid, exit: 3, says: "97 %, the bound cpu_pressure is 95 %"},
	} {
		r := &Result{Invariants: c.invariants, Gate: c.gate, Conservation: Conservation{Mismatches: c.mismatch}}
		r.Counts.Expectations = record.ExpectationCounts{Checked: 9, Unmet: c.unmet}
		r.Conclude(c.spoilt)
		if r.Verdict != c.verdict || r.ExitCode() != c.exit || !strings.Contains(strings.Join(r.Reasons, "; "), c.says) {
			t.Errorf("%s: %s, exit %d, reasons %q", c.name, r.Verdict, r.ExitCode(), r.Reasons)
		}
		if (len(r.Reasons) == 0) != (r.Verdict == Pass) {
			t.Errorf("%s: reasons %q", c.name, r.Reasons)
		}
	}
}

// Each bound turns the run INVALID by itself, just above it, and does not at it.
func TestHold_EachBoundByItself(t *testing.T) {
	gate := scenario.Default().Gate
	for name, spoil := range map[string]func(r *Result, by float64){
		"lateness_p99":  func(r *Result, by float64) { r.Generator.Lateness.P99 = by * milliseconds(gate.LatenessP99) },
		"unsent":        func(r *Result, by float64) { r.Counts.Unsent = int64(by * gate.Unsent * 1_000_000) },
		"pg_added_p99":  func(r *Result, by float64) { r.PGAddedP99 = by * milliseconds(gate.PGAddedP99) },
		"generator_cpu": func(r *Result, by float64) { r.Generator.CPUShare = by * gate.GeneratorCPU * 4 },
		"gc_pause":      func(r *Result, by float64) { r.Generator.GCPauseMax = by * milliseconds(gate.GCPause) },
		"cpu_pressure":  func(r *Result, by float64) { r.Pressure = &Pressure{CPU: by * gate.CPUPressure} },
	} {
		for by, want := range map[float64]string{1: Pass, 1.01: Invalid} {
			r := &Result{Counts: record.Counts{Planned: 1_000_000}, Generator: Generator{Cores: 4}}
			spoil(r, by)
			r.Hold(gate)
			r.Conclude(nil)
			if r.Verdict != want || want == Invalid && (len(r.Reasons) != 1 || !strings.Contains(r.Reasons[0], name)) {
				t.Errorf("%s at %g times its bound: %s, %q", name, by, r.Verdict, r.Reasons)
			}
		}
	}
}

func TestHold_PressureUnknown_IsSaidAndSpoilsNothing(t *testing.T) {
	r := &Result{}
	r.Hold(scenario.Default().Gate)
	last := r.Gate[len(r.Gate)-1]
	if last.Name != "cpu_pressure" || last.Measured || !last.Holds {
		t.Errorf("%+v", last)
	}
}

// Whatever was sent and came of it, the equations hold; and one that is off by anything is found, with its two numbers.
func TestConserve_AnyRun_BalancesAndOneCountMoreDoesNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int64 { return rapid.Int64Range(0, 1e9).Draw(t, name) }
		c := record.Counts{Paid: n("paid"), Failed: n("failed"), Rejected: n("rejected"), GaveUp: n("gave up"), Pending: n("pending"), Unsent: n("unsent")}
		c.Sent = c.Paid + c.Failed + c.Rejected + c.GaveUp + c.Pending
		c.Planned = c.Sent + c.Unsent
		c.Cancels = record.CancelCounts{Asked: n("asked"), Pending: n("cancels open")}
		c.Probes = record.ProbeCounts{Attempts: n("probes"), Pending: n("probes open")}
		c.Callbacks.Received = rapid.Int64Range(0, 1e6).Draw(t, "callbacks")
		v := &verify.Verdict{CancellationsSent: c.Cancels.Asked, Probes: c.Probes.Attempts}
		set(&v.Sent, c.Sent)
		set(&v.Callbacks, c.Callbacks.Received)
		all := append(Balance(c, c.Pending, c.Cancels.Pending+c.Probes.Pending), Journaled(c, v)...)
		r := &Result{}
		if r.Conserve(all...); !r.Conservation.Holds {
			t.Fatalf("does not balance: %q", r.Conservation.Mismatches)
		}
		which, by := rapid.IntRange(0, len(all)-1).Draw(t, "which"), rapid.Int64Range(1, 1000).Draw(t, "by")
		all[which].Theirs += by
		if r.Conserve(all...); r.Conservation.Holds || len(r.Conservation.Mismatches) != 1 {
			t.Fatalf("%+v was not found: %q", all[which], r.Conservation.Mismatches)
		}
	})
}

// set keeps this test apart from how wide the verifier counts.
func set[T int | int64](to *T, n int64) { *to = T(n) }
