package compare

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Text writes the comparison for people; its last line is for scripts.
func (c *Comparison) Text(w io.Writer) {
	fmt.Fprintf(w, "A: %s\nB: %s\n\n", told(c.A), told(c.B))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "  metric\tunit\tA\tB\tB/A\t95 % interval\t\t")
	for _, r := range c.Rows {
		switch {
		case r.Missing != "":
			fmt.Fprintf(t, "  %s\t%s\tn/a\tn/a\tn/a\tn/a\t\t\n", r.Metric, r.Unit)
		case r.Low == nil:
			fmt.Fprintf(t, "  %s\t%s\t%.4g\t%.4g\t%.3f\tn/a\t\t\n", r.Metric, r.Unit, r.A, r.B, r.Ratio.Ratio)
		default:
			fmt.Fprintf(t, "  %s\t%s\t%.4g\t%.4g\t%.3f\t%.3f … %.3f\t%s\t\n", r.Metric, r.Unit, r.A, r.B, r.Ratio.Ratio, *r.Low, *r.High, r.change())
		}
	}
	_ = t.Flush()
	for _, r := range c.Rows {
		if r.Missing != "" {
			fmt.Fprintf(w, "\n%s: %s", r.Metric, r.Missing)
		}
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "\nwarning: %s", warning)
	}
	if c.Verdict == Unknown {
		fmt.Fprint(w, "\none run a side tells nothing about chance: repeats are needed (loadgen run --repeat 5 --tag NAME)")
	}
	fmt.Fprintf(w, "\n\n%s\n", c.Line())
}

// Line is the last line.
func (c *Comparison) Line() string {
	var worse, better []string
	for _, r := range c.Rows {
		switch r.Change {
		case "worse":
			worse = append(worse, r.Metric)
		case "better":
			better = append(better, r.Metric)
		}
	}
	return fmt.Sprintf("verdict=%s a=%d b=%d metrics=%d threshold=%g worse=%s better=%s",
		c.Verdict, len(c.A), len(c.B), len(c.Rows), c.Threshold, strings.Join(worse, ","), strings.Join(better, ","))
}

func (r Row) change() string {
	if r.Regress {
		return "REGRESSION"
	}
	return r.Change
}

func told(folders []string) string {
	if len(folders) == 1 {
		return folders[0]
	}
	return fmt.Sprintf("%d runs: %s", len(folders), strings.Join(folders, " "))
}

// maxUnread of the runs that cannot be read are named.
const maxUnread = 3

// Table writes a list of runs.
func Table(w io.Writer, runs []Run, unread []Unread) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "when (UTC)\tverdict\tscenario\trate/s\tp99 ms\tviolations\tcommit\thost\ttag\tfolder")
	for _, r := range runs {
		commit := r.Result.Host.Commit
		if r.Result.Host.Modified {
			commit += "+"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.1f\t%.1f\t%d\t%s\t%s\t%s\t%s\n", r.Result.Start.UTC().Format(time.DateTime), r.Result.Verdict, r.Result.Scenario.Name,
			r.Result.Rate, r.Result.Latency.SyncResponse.P99, r.Result.Violations(), commit, r.Result.Host.Name, r.Result.Tag, r.Folder)
	}
	_ = t.Flush()
	for _, u := range unread[:min(len(unread), maxUnread)] {
		fmt.Fprintf(w, "not listed: %s\n", u.Why)
	}
	if more := len(unread) - maxUnread; more > 0 {
		fmt.Fprintf(w, "not listed: %d more (--json names them)\n", more)
	}
}

// fingerprint tells two texts apart in a few letters.
func fingerprint(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}
