package bench

import (
	"fmt"
	"time"
)

// tell writes a line after a measurement: what was measured, and how much is left. What is left comes from the plan, which
// knows what a load and a switch take; where the machine is slower than that, by as much as it has been.
func (b *bench) tell(s step, rest []turn) {
	c := find(b.report.Cells, s.Place)
	if c == nil {
		return
	}
	var last Repeat
	for _, r := range c.Repeats {
		if r.Number == s.repeat {
			last = r
		}
	}
	left := b.left(takes(rest, b.Options, b.running))
	backlog := ""
	if last.Backlog != nil {
		backlog = fmt.Sprintf(", backlog %+.1f/s", last.Backlog.Slope)
	}
	b.say("[%d/%d] %-9s %-30s %-12s #%d  %8.1f/s  p50 %.1f ms, p99 %.1f ms%s  %s · %s gone, %s left", b.done, b.measurements(), s.Section, c.load(), s.Contestant,
		s.repeat, last.Rate, last.P50, last.P99, backlog, last.Verdict, time.Since(b.began).Round(time.Second), left.Round(time.Second))
	for _, reason := range last.Reasons {
		b.say("        %s: %s", last.Verdict, reason)
	}
}

// left corrects what the plan says of the rest by how the plan has held so far.
func (b *bench) left(planned time.Duration) time.Duration {
	if before := takes(b.turns, b.Options, "") - planned; before > 0 {
		return time.Duration(float64(planned) * max(1, float64(time.Since(b.up))/float64(before)))
	}
	return planned
}

func (b *bench) measurements() (n int) {
	for _, t := range b.turns {
		n += len(t.steps)
	}
	return n
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.Progress, format+"\n", args...) }
