package drill

import (
	"cmp"
	"fmt"
	"slices"

	"gazua.example/loadgen/report"
)

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
