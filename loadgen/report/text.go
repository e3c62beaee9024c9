package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify"
)

// Text writes the run for people: what was sent, how long it took, what went wrong, how the generator fared.
func Text(w io.Writer, r *Result) {
	c := r.Counts
	fmt.Fprintf(w, "\nrun %s against %s: %.1f s of load, settled in %.1f s\n", r.Run, r.Target, r.Load, r.Settle)
	fmt.Fprintf(w, "  planned %d = sent %d + unsent %d;  sent = paid %d + failed %d + rejected %d + given up %d + pending %d\n",
		c.Planned, c.Sent, c.Unsent, c.Paid, c.Failed, c.Rejected, c.GaveUp, c.Pending)
	fmt.Fprintf(w, "  %.1f payments/s, %d attempts, %d looks\n", r.Rate, c.Attempts, c.Looks)
	besides(w, c)
	fmt.Fprintln(w)

	fmt.Fprintf(w, "  %-33s%10s%10s%10s%10s%10s%10s%10s\n", "latency, ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max")
	for _, row := range []struct {
		name string
		f    record.Figures
	}{
		{"planned → response, synchronous", r.Latency.SyncResponse},
		{"sent → response, every request", r.Latency.Response},
		{"planned → final, as seen", r.Latency.Completion},
		{"planned → sent (generator)", r.Generator.Lateness},
	} {
		f := row.f
		fmt.Fprintf(w, "  %-33s%10d%10.1f%10.1f%10.1f%10.1f%10.1f%10.1f\n", row.name, f.Count, f.Mean, f.P50, f.P90, f.P99, f.P999, f.Max)
	}

	if len(r.Faults) > 0 {
		fmt.Fprintln(w, "\n  faults (wanted declines are none)")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, g := range r.Faults[:min(len(r.Faults), 12)] {
			fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\t%s … %s\n", g.Count, g.Try, g.Phase, g.Class, g.Code, clock(g.First), clock(g.Last))
		}
		_ = t.Flush()
		if more := len(r.Faults) - 12; more > 0 {
			fmt.Fprintf(w, "  … and %d kinds more in result.json\n", more)
		}
	}
	g := r.Generator
	fmt.Fprintf(w, "\n  generator: %.2f cores, %.0f CPU-µs a request, longest GC pause %.2f ms, %.0f MiB; PG adds %.2f ms at p99\n",
		g.CPUShare, g.CPUPerCall, g.GCPauseMax, g.RSSMaxMiB, r.PGAddedP99)
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
}

// Table writes the invariants and their offenders.
func Table(w io.Writer, v *verify.Verdict) {
	fmt.Fprintf(w, "\nverified %d payments and %d cancellations of the database, %d and %d of the journal, %d movements of the book,\n"+
		"%d lines of the means' statements, %d probes and %d callbacks in %.1f s",
		v.Payments, v.Cancellations, v.Sent, v.CancellationsSent, v.Booked, v.Reconciled.Statement.Captures+v.Reconciled.Statement.Refunds,
		v.Probes, v.Callbacks, v.Took)
	if v.Foreign > 0 {
		fmt.Fprintf(w, "; %d payments are of others", v.Foreign)
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  invariant\tchecked\tviolated\t")
	for _, i := range v.Invariants {
		fmt.Fprintf(t, "  %d %s\t%d %s\t%d\t\n", i.Number, i.Name, i.Checked, i.Unit, i.Violated)
	}
	_ = t.Flush()
	for _, i := range v.Invariants {
		for n, o := range i.Offenders {
			fmt.Fprintf(w, "\n  violates %d %s (%d of %d): payment %s, order %s\n    %s\n", i.Number, i.Name, n+1, i.Violated, orNone(o.PaymentID), orNone(o.Order), o.What)
			history(w, "journal", o.Journal)
			history(w, "database", o.Database)
			history(w, "book", o.Book)
			if len(o.Statement) > 0 {
				history(w, "statement", o.Statement)
			}
		}
	}
}

// maxHistory lines of each source are printed; verify.json has them all.
const maxHistory = 12

func history(w io.Writer, source string, lines []string) {
	if len(lines) == 0 {
		fmt.Fprintf(w, "    %-9s  nothing\n", source)
	}
	for i, line := range lines {
		if i == maxHistory {
			fmt.Fprintf(w, "    %-9s  … %d lines more in verify.json\n", source, len(lines)-i)
			return
		}
		if len(line) > 300 {
			line = line[:300] + "…"
		}
		fmt.Fprintf(w, "    %-9s  %s\n", source, strings.TrimSpace(line))
	}
}

// Reasons writes why the verdict is what it is.
func Reasons(w io.Writer, r *Result) {
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "\n%s: %s\n", r.Verdict, reason)
	}
}

func clock(t time.Time) string { return t.Format("15:04:05") }

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
