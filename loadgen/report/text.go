package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"gazua.example/loadgen/record"
)

// Text writes the run for people, in the order of their questions: what was sent and what became of it, how long it took,
// what the promises did, what went wrong, what a payment costs, and whether the figures mean anything. The verifier's
// table stands above it and the verdict below.
func Text(w io.Writer, r *Result) {
	c := r.Counts
	target := r.Target
	if r.System == Legacy {
		target += ", the system before the renewal"
	}
	fmt.Fprintf(w, "\nrun %s against %s, %s model: %.1f s of load, settled in %.1f s\n", r.Run, target, r.Model, r.Load, r.Settle)
	fmt.Fprintf(w, "  planned %d = sent %d + unsent %d;  sent = paid %d + failed %d + rejected %d + given up %d + pending %d\n",
		c.Planned, c.Sent, c.Unsent, c.Paid, c.Failed, c.Rejected, c.GaveUp, c.Pending)
	fmt.Fprintf(w, "  %.1f payments/s, %d attempts, %d looks\n", r.Rate, c.Attempts, c.Looks)
	besides(w, c)
	latencies(w, r)
	promises(w, r.Async)
	faults(w, r)
	efficiency(w, r.Efficiency)
	validity(w, r)
}

// besides writes what the merchants did beside paying, where the scenario has any of it.
func besides(w io.Writer, c record.Counts) {
	if n := c.Cancels; n.Asked > 0 {
		fmt.Fprintf(w, "  cancellations %d = succeeded %d + failed %d + rejected %d + given up %d + pending %d;  %d attempts, %d looks\n",
			n.Asked, n.Succeeded, n.Failed, n.Rejected, n.GaveUp, n.Pending, n.Attempts, n.Looks)
	}
	if n := c.Probes; n.Sent > 0 {
		fmt.Fprintf(w, "  probes %d = answered %d + paid %d + failed %d + given up %d + pending %d;  %d attempts, %d looks\n",
			n.Sent, n.Answered, n.Paid, n.Failed, n.GaveUp, n.Pending, n.Attempts, n.Looks)
	}
	if n := c.Callbacks; n.Received > 0 {
		fmt.Fprintf(w, "  callbacks %d, of which %d were refused on purpose and %d could not be taken\n", n.Received, n.Refused, n.Untaken)
	}
	if n := c.Expectations; n.Checked > 0 {
		fmt.Fprintf(w, "  expectations %d, of which %d were not met\n", n.Checked, n.Unmet)
	}
}

func latencies(w io.Writer, r *Result) {
	fmt.Fprintf(w, "\n  %-33s%10s%10s%10s%10s%10s%10s%10s\n", "latency, ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max")
	for _, row := range []struct {
		name string
		f    record.Figures
	}{
		{"planned → response, synchronous", r.Latency.SyncResponse},
		{"sent → response, every request", r.Latency.Response},
		{"planned → final, as seen", r.Latency.Completion},
		{"own overhead, wanted delays off", r.Latency.Own},
		{"planned → sent (generator)", r.Generator.Lateness},
	} {
		if f := row.f; f.Count > 0 {
			fmt.Fprintf(w, "  %-33s%10d%10.1f%10.1f%10.1f%10.1f%10.1f%10.1f\n", row.name, f.Count, f.Mean, f.P50, f.P90, f.P99, f.P999, f.Max)
		}
	}
}

// promises writes the async monitor's figures.
func promises(w io.Writer, a Async) {
	if a.Requested == 0 {
		return
	}
	drained := "never seen empty"
	if a.Drain > 0 {
		drained = fmt.Sprintf("all ends seen %.1f s after the last arrival", a.Drain)
	}
	fmt.Fprintf(w, "\n  promised %d, completed %d; backlog at most %d (at %.0f s), oldest pending at most %.1f s, %s\n",
		a.Requested, a.Completed, a.BacklogMax, a.BacklogMaxAt, a.OldestPendingMax, drained)
}

// maxFaults groups are printed; result.json has them all.
const maxFaults = 12

func faults(w io.Writer, r *Result) {
	if len(r.Faults) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  faults (wanted declines are none)")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, g := range r.Faults[:min(len(r.Faults), maxFaults)] {
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\t%s … %s\t%s\n", g.Count, g.Try, g.Phase, g.Class, g.Code, clock(g.First), clock(g.Last), sample(g.Sample))
	}
	_ = t.Flush()
	if more := len(r.Faults) - maxFaults; more > 0 {
		fmt.Fprintf(w, "  … and %d kinds more in result.json\n", more)
	}
}

func sample(s *record.Sample) string {
	switch {
	case s == nil:
		return ""
	case s.Recorded:
		return fmt.Sprintf("such as payment %d, trace %s", s.Payment, s.Trace)
	}
	return fmt.Sprintf("such as payment %d, trace %s (not recorded)", s.Payment, s.Trace)
}

// maxUsers processes are printed; result.json has them all.
const maxUsers = 12

func efficiency(w io.Writer, e *Efficiency) {
	if e == nil {
		return
	}
	fmt.Fprintf(w, "\n  the system takes %.2f cores and %.0f CPU-µs a payment; the bed (loadgen, monitor, mock-pg) %.2f cores, %.0f %% of both; the machine %.2f\n",
		e.SystemCores, e.PerPayment, e.BedCores, percent(e.BedShare), e.HostCores)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "  a payment costs\tpart\tcores\tCPU-µs\tbytes read\tbytes written\tMiB at most\t")
	for _, u := range e.Processes[:min(len(e.Processes), maxUsers)] {
		fmt.Fprintf(t, "  %s\t%s\t%.2f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", u.Process, u.Part, u.Cores, u.CPUPerPayment, u.ReadPerPayment, u.WrotePerPayment, u.RSSMax/(1<<20))
	}
	_ = t.Flush()
}

// validity writes the generator's own health and each bound of the gate with what was measured.
func validity(w io.Writer, r *Result) {
	g := r.Generator
	fmt.Fprintf(w, "\n  generator: %.2f cores, %.0f CPU-µs a request, longest GC pause %.2f ms, %.0f MiB; PG adds %.2f ms at p99\n",
		g.CPUShare, g.CPUPerCall, g.GCPauseMax, g.RSSMaxMiB, r.PGAddedP99)
	var bounds []string
	for _, b := range r.Gate {
		switch {
		case !b.Measured:
			bounds = append(bounds, b.Name+" not known here")
		case b.Holds:
			bounds = append(bounds, fmt.Sprintf("%s %s of %s %s", b.Name, figure(b.Value), figure(b.Bound), b.Unit))
		default:
			bounds = append(bounds, fmt.Sprintf("%s %s of %s %s (!)", b.Name, figure(b.Value), figure(b.Bound), b.Unit))
		}
	}
	if len(bounds) > 0 {
		fmt.Fprintf(w, "  gate: %s\n", strings.Join(bounds, ", "))
	}
}

// Reasons writes why the verdict is what it is.
func Reasons(w io.Writer, r *Result) {
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "\n%s: %s\n", r.Verdict, reason)
	}
}

func clock(t time.Time) string { return t.Format("15:04:05") }
