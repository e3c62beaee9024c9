package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Text writes the report for people.
func (r *LargeReport) Text(w io.Writer) {
	fmt.Fprintf(w, "\n%s\nMySQL %s, buffer pool %d MiB, redo log %d MiB; every commit on disk\n", r.Machine, r.Server.Version, r.Server.BufferPool>>20, r.Server.RedoLog>>20)
	if r.Cold {
		fmt.Fprintln(w, "cold: before each load all rows were counted, which drove the keys' pages out of memory")
	}
	fmt.Fprintf(w, "synchronous card payments, PG delay 0, %d %% of them looked at; %d repeats of %.0f s, those of a size one after another\n\n", r.Looks, r.Repeats, r.Duration)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "payments\tMiB\tload\tpayments/s\tp50 ms\tp99 ms\tpages read a payment\tMySQL CPU-µs\tfsync µs\tverdict\t")
	for _, s := range r.Sizes {
		for _, c := range s.Cells {
			fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%s\t\n", s.Payments, s.mebibytes(), c.model(), spread(c.Rate, 0), spread(c.P50, 1), spread(c.P99, 1),
				spread(c.Reads, 2), spread(c.CPU["mysql"], 0), s.Fsync, c.Verdict)
		}
	}
	_ = t.Flush()
	r.oldText(w)
	fmt.Fprintf(w, "\nwith the most payments over with the fewest, and the interval of 95 %%:\n")
	for _, x := range r.Ratios {
		fmt.Fprintf(w, "  %-6s  %-9s  %s\n", x.Load, x.Of, Ratio{Verdict: x.Verdict, Ratio: x.Ratio}.told())
	}
	if r.Aim != nil {
		fmt.Fprintf(w, "\n%s %s: %s%s\n", r.Aim.Name, r.Aim.Want, r.Aim.Outcome, map[bool]string{false: " (the interval reaches to both sides)"}[r.Aim.Sure || r.Aim.Outcome == notMeasured])
	}
	fmt.Fprintln(w, "The sizes were measured one after another: what drifted on the machine meanwhile is in the ratios. The fsync column says whether the disk did.")
	for _, why := range r.Because {
		fmt.Fprintf(w, "because: %s\n", why)
	}
}

func (r *LargeReport) oldText(w io.Writer) {
	if !slices.ContainsFunc(r.Sizes, func(s *Size) bool { return s.Old != nil }) {
		return
	}
	fmt.Fprintf(w, "\nlooks at filled payments, drawn from all, one after another:\n")
	for _, s := range r.Sizes {
		if s.Old != nil {
			fmt.Fprintf(w, "  of %10d  p50 %.2f ms, p99 %.2f ms, %d looks, %d wrong\n", s.Payments, s.Old.P50, s.Old.P99, s.Old.Looks, s.Old.Wrong)
		}
	}
}

// mebibytes of all tables after the fill.
func (s *Size) mebibytes() int64 {
	if s.Fill == nil {
		return 0
	}
	sum := int64(0)
	for _, bytes := range s.Fill.Bytes {
		sum += bytes
	}
	return sum >> 20
}

// model says for people how it was loaded.
func (c *LargeCell) model() string {
	if c.Clients == 0 {
		return fmt.Sprintf("open %.0f/s", c.Place.Rate)
	}
	return fmt.Sprintf("%d clients", c.Clients)
}

// spread is a figure with half of its interval.
func spread(f Figure, digits int) string {
	text := fmt.Sprintf("%.*f", digits, f.Mean)
	if f.High != nil {
		text += fmt.Sprintf(" ±%.*f", digits, f.half())
	}
	return text
}
