package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

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
