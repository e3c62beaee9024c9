package capacity

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Text writes the saturation curve, every step by its rate, and why the search ended.
func (r *Report) Text(w io.Writer) {
	steps := slices.Clone(r.Steps)
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.Asked, b.Asked) })
	fmt.Fprintf(w, "\nsaturation curve: p99 ≤ %.0f ms, errors ≤ %.2g %%, no growing backlog\n\n", r.Objective.P99, r.Objective.Errors*100)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "asked/s\tsent/s\tp99 ms\terrors %\tbacklog/s\tCPU-µs a payment\tsystem cores\tphase\toutcome\t")
	for _, s := range steps {
		cpu, cores := "", ""
		if s.CPU > 0 {
			cpu, cores = fmt.Sprintf("%.0f", s.CPU), fmt.Sprintf("%.2f", s.SystemCores)
		}
		fmt.Fprintf(t, "%.1f\t%.1f\t%.0f\t%.2f\t%+.1f\t%s\t%s\t%s\t%s\t\n", s.Asked, s.Rate, s.P99, s.Errors*100, s.Backlog, cpu, cores, s.Phase, s.Outcome)
	}
	_ = t.Flush()
	if r.Because != "" {
		fmt.Fprintf(w, "\n%s: %s\n", r.Verdict, r.Because)
	}
}

// Line is the last line, for scripts. A bound from below has a name of its own: nobody shall read it as a capacity.
func (r *Report) Line(folder string) string {
	name := "capacity"
	if r.AtLeast {
		name = "capacity_at_least"
	}
	return fmt.Sprintf("%s=%.4g slo_p99_ms=%.4g confirmed=%d/%d verdict=%s runs=%d report=%s",
		name, r.Capacity, r.Objective.P99, r.Confirmed, r.Limits.Confirm, r.Verdict, len(r.Steps), Path(folder))
}
