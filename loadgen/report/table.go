package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"gazua.example/loadgen/verify"
)

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
	if len(v.NotJudged) > 0 {
		fmt.Fprintf(w, "\n  not judged, since the system does not promise it: %s\n", strings.Join(v.NotJudged, ", "))
	}
	if v.Retention != nil && v.Retention.NotChecked != "" {
		fmt.Fprintf(w, "\n  not checked: %s\n", v.Retention.NotChecked)
	}
	if v.Unread > 0 {
		fmt.Fprintf(w, "\n  not judged: %d payments that were archived during the run, whose exports are not on this machine\n", v.Unread)
	}
	for _, i := range v.Invariants {
		for n, o := range i.Offenders {
			fmt.Fprintf(w, "\n  violates %d %s (%d of %d): payment %s, order %s\n    %s\n", i.Number, i.Name, n+1, i.Violated, orNone(o.PaymentID), orNone(o.Order), o.What)
			history(w, "journal", o.Journal)
			history(w, "database", o.Database)
			if len(o.Kafka) > 0 {
				history(w, "kafka", o.Kafka)
			}
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

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
