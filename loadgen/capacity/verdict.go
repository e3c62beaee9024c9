package capacity

// Verdicts of a search, and what its process exits with.
const (
	Pass    = "PASS"    // 0: a rate was found and confirmed; or the end of the range was, and more was not asked for
	Fail    = "FAIL"    // 1: an invariant is violated
	Invalid = "INVALID" // 3: the bed gave way before the system, or what was found could not be confirmed
	Missed  = "MISSED"  // 4: the objective does not hold at the lowest rate
)

// Verdict of an answer.
func (a Answer) Verdict(to float64) string {
	switch {
	case a.End == Violated:
		return Fail
	case a.End == NothingHeld:
		return Missed
	case a.End != Found || a.AtLeast && a.Capacity < to*(1-tolerance):
		return Invalid
	}
	return Pass
}

// ExitCode of a verdict.
func ExitCode(verdict string) int {
	return map[string]int{Pass: 0, Fail: 1, Missed: 4}[verdict] + map[bool]int{true: 3}[verdict == Invalid]
}

// because says in words why a search ended as it did; empty where its figures say it.
func (a Answer) because(to float64) string {
	switch {
	case a.End == NothingHeld:
		return "the objective does not hold at the lowest rate: --from must be lower, or the system is too slow"
	case a.End == BedFirst:
		return "the generator, the mock or the machine gave way at the lowest rate: nothing is known of the system"
	case a.End == Violated:
		return "an invariant is violated: the search ended at once, the payments are named in the last run's verify.json"
	case a.End == Unjudged:
		return "two runs in a row could not be judged"
	case a.End == OutOfSteps || a.End == OutOfTime:
		return "the search ran out of its bound (--most-steps, --most-time) before a rate was confirmed"
	case a.End == Stopped:
		return "stopped by hand"
	case a.AtLeast && a.Capacity < to*(1-tolerance):
		return "the generator, the mock or the machine was the limit: the system bears at least this much"
	case a.AtLeast:
		return "the highest rate that was to be tried holds: the system bears at least this much"
	}
	return ""
}
