package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// titles of the sections, and what each asks.
var titles = map[string][2]string{
	Grid:      {"Rates", "How many payments a second, how fast each, at which price?"},
	sustained: {"Sustained", "Asynchronous at 90 % of that rate, for longer, in the open model: does the backlog stay?"},
	lone:      {"A lone client", "Does a payment that shares its transaction with nobody pay for grouping?"},
	maximum:   {"At plain's maximum", "Both at 90 % of the highest rate of plain, in the open model: whose tail is better?"},
	telemetry: {"Telemetry", "Metrics every 10 s and 1 % of the traces to a collector, against an endpoint that is not set. Metrics are recorded in both: they cannot be turned off."},
}

// Text writes the report for people. The line for scripts comes after it.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "\nbench of %s, %s: %s\n", r.Start.Format(time.DateTime), time.Duration(r.Seconds*float64(time.Second)).Round(time.Second), r.Machine)
	fmt.Fprintf(w, "repeats: %d, of %g s each, in turns on one stack\n", r.Repeats, r.Duration)
	for _, who := range r.known() {
		fmt.Fprintf(w, "  %s\n", who)
	}
	for _, section := range Sections {
		cells := r.section(section)
		if len(cells) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s. %s\n", titles[section][0], titles[section][1])
		for _, t := range r.tables(cells) {
			writeTable(w, t)
		}
		if t := r.ratioTable(section); len(t.Rows) > 0 {
			writeTable(w, t)
		}
		for _, line := range backlogs(cells) {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	if len(r.Aims) > 0 {
		writeTable(w, r.aimTable())
	}
	for name, why := range r.Skipped {
		fmt.Fprintf(w, "\nnot measured: %s: %s\n", name, why)
	}
	for _, note := range append(r.Notes, r.Because...) {
		fmt.Fprintf(w, "\nnote: %s\n", note)
	}
	if r.Incomplete {
		fmt.Fprint(w, "\nINCOMPLETE: not everything that was planned was measured.\n")
	}
}

// known says who is who.
func (r *Report) known() (all []string) {
	for _, name := range []string{Raw, System, Plain, Legacy, TelemetryOn} {
		if text, ok := r.Contestants[name]; ok {
			all = append(all, name+": "+text)
		}
	}
	return all
}

// ratioTable has all ratios of a section.
func (r *Report) ratioTable(section string) table {
	t := table{Title: "ratios", Note: "of pairs measured in turns, geometric mean and 95 % interval", Head: []string{"", "of", "load", "ratio", "verdict"}}
	for _, x := range r.Ratios {
		if x.Section == section {
			place := Place{Mode: x.Mode, Legs: x.Legs, Clients: x.Clients}
			load := place.load()
			if x.Clients == 0 {
				load, _, _ = strings.Cut(load, ", 0/s")
			}
			t.Rows = append(t.Rows, []string{x.Name, strings.ReplaceAll(x.Of, "_", " "), load, toldRatio(x.Ratio), x.Verdict})
		}
	}
	return t
}

func (r *Report) aimTable() table {
	t := table{Title: "aims", Note: "of card payments; unsure: the interval reaches to the other side", Head: []string{"", "wanted", "measured", ""}}
	for _, a := range r.Aims {
		outcome := a.Outcome
		if a.Outcome != notMeasured && !a.Sure {
			outcome += " (unsure)"
		}
		t.Rows = append(t.Rows, []string{a.Name, a.Want, toldRatio(a.Ratio), outcome})
	}
	return t
}

// backlogs says of each open model whether its backlog stayed.
func backlogs(cells []*Cell) (lines []string) {
	for _, c := range cells {
		for _, r := range c.Repeats {
			if r.Backlog == nil || c.Mode != Async {
				continue
			}
			did := "does not grow"
			switch {
			case r.Backlog.Grows:
				did = "GROWS"
			case r.Backlog.Low == nil:
				did = "was not watched for long enough to tell"
			}
			lines = append(lines, fmt.Sprintf("%s at %.0f/s: the backlog %s (%+.1f/s; at most %d), all ends seen %.1f s after the load; %s",
				c.Contestant, c.Place.Rate, did, r.Backlog.Slope, r.Backlog.Most, r.Backlog.Drain, r.Verdict))
		}
	}
	return lines
}

func writeTable(w io.Writer, t table) {
	fmt.Fprintf(w, "\n  %s (%s)\n", t.Title, t.Note)
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		fmt.Fprintf(tab, "    %s\n", strings.Join(row, "\t"))
	}
	_ = tab.Flush()
}
