package trend

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text writes the lines as a table, what rises first told apart.
func Text(w io.Writer, lines []Line, load float64) {
	fmt.Fprintf(w, "load %.0f s, of which the first %.0f s (warm-up) are left out; intervals of %.0f %% confidence, each figure an hour\n\n", load, WarmUp(load), confidence*100)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "process\tmetric\tlevel\tslope/h\tlow\thigh\tbound\tverdict")
	for _, l := range lines {
		if l.Verdict == TooShort {
			fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\t%s\n", l.Process, l.Metric, l.Verdict)
			continue
		}
		show := func(v float64) string { return figure(l.Metric, v) }
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Process, l.Metric, show(l.Level), show(l.PerHour), end(l.Low, show), end(l.High, show), show(l.Bound), l.Verdict)
	}
	_ = t.Flush()
	switch verdict := Conclude(lines); {
	case len(lines) == 0:
		fmt.Fprintln(w, "\nthe run's folder has neither series.jsonl nor monitor.jsonl: there is nothing to look at")
	case verdict == RunTooShort:
		fmt.Fprintf(w, "\na verdict needs %d s of load: the run is too short to tell\n", LeastSeconds)
	case verdict == RunUneven:
		fmt.Fprintln(w, "\nthe load itself rose, and everything with it: only a steady load shows what leaks")
	}
}

// Summary is the last line, for scripts.
func Summary(lines []Line) string {
	count := Count(lines)
	return fmt.Sprintf("verdict=%s rises=%d unclear=%d flat=%d too_short=%d", Conclude(lines), count[Rises], count[Unclear], count[Flat], count[TooShort])
}

func end(v *float64, show func(float64) string) string {
	if v == nil {
		return "not known"
	}
	return show(*v)
}

// figure shows bytes as MiB.
func figure(metric string, v float64) string {
	unit := ""
	if strings.HasSuffix(metric, "_bytes") {
		v, unit = v/(1<<20), " MiB"
	}
	precision := 1
	if v > -10 && v < 10 {
		precision = 2
	}
	return strconv.FormatFloat(v, 'f', precision, 64) + unit
}
