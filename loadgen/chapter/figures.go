package chapter

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gazua.example/loadgen/drill"
	"gazua.example/loadgen/report"
)

// row is one line of figures.md.
type row struct {
	Case
	Patch    string // the control's file
	Command  string
	Requests int
	Failed   int
	First    int // payments whose first request was one of them
	Payments int
	Late     int
	Slowest  float64 // the longest from planned to final, seconds
	Restarts int
	Codes    []int // exit codes
	Red      []string
	Lost     string
	Doubled  string
	Repeated string // messages and callbacks: allowed, and counted where nothing should be
	Verdict  string
	Rate     float64 // payments a second
	Drains   []drill.Drain
}

func rowOf(c Case, out *drill.Outcome, s *sights, controls []*drill.Control) row {
	r := row{
		Case: c, Command: "bin/loadgen drill " + c.Drill, Payments: len(s.payments), Restarts: len(out.Shutdowns), Lost: out.Lost, Doubled: out.Duplicated,
		Verdict: out.Verdict, Drains: out.Drains, Rate: out.Rate,
	}
	if known, err := c.control(controls); c.Control != "" && err == nil {
		r.Command = "bin/loadgen drill --control " + c.Control
		r.Patch = known.File
	}
	for _, a := range s.answers {
		r.Requests++
		if a.bad {
			r.Failed++
			if a.first {
				r.First++
			}
		}
	}
	for _, i := range out.Impacts {
		r.Late += i.Late
	}
	for _, p := range s.payments {
		r.Slowest = max(r.Slowest, (p.final - p.planned).Seconds())
	}
	for _, d := range out.Shutdowns {
		r.Codes = append(r.Codes, d.Exit)
	}
	if out.Repeats != nil {
		r.Repeated = strconv.FormatInt(out.Repeats.Messages+out.Repeats.Callbacks, 10)
	}
	for _, f := range out.Failures {
		if !slices.Contains(r.Red, f.Check) {
			r.Red = append(r.Red, f.Check)
		}
	}
	return r
}

// figures writes the page.
func figures(w io.Writer, m report.Host, at time.Time, rows []row) {
	fmt.Fprintf(w, "# Graceful shutdown, measured\n\nWritten by `make chapter` ([how](README.md)); not edited by hand.\n\n")
	fmt.Fprintf(w, "Machine: %s, %d cores, %.0f GiB, Linux %s, %s. %s, commit %s%s.\n\n", m.CPU, m.Cores, float64(m.Memory)/(1<<30), upstream(m.Kernel), m.Versions["go"],
		at.UTC().Format("2 January 2006"), short(m.Commit), map[bool]string{true: " with changes"}[m.Modified])
	fmt.Fprintf(w, "| what is left out | requests | without a good answer | of them first ones | payments | a second | late | slowest | restarts | exit codes | checks that went red | lost | charged twice | twice, allowed | picture | patch |\n")
	fmt.Fprintf(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|---:|---:|---:|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %.0f | %d | %.1f s | %d | %s | %s | %s | %s | %s | [%s](%s.svg) | %s |\n", r.Title, r.Requests, r.Failed, r.First, r.Payments, r.Rate, r.Late, r.Slowest,
			r.Restarts, codes(r.Codes), listed(r.Red), r.Lost, r.Doubled, r.Repeated, r.Of, r.Name, r.patch())
	}
	drained(w, rows)
	fmt.Fprintf(w, "\nEach row is one run on a stack of its own. A request counts that got no answer, 5xx or 429, whatever the client did next; *first ones* are those by which a client first asked for a payment. *Twice, allowed*: messages that were sent twice and callbacks that were heard twice.\n")
	fmt.Fprintf(w, "\n## Commands\n\n| what is left out | command |\n|---|---|\n")
	for _, r := range rows {
		if r.Command != "" {
			fmt.Fprintf(w, "| %s | `%s` |\n", r.Title, r.Command)
		}
	}
}

// drained is how long the shutdowns of the product as it is took.
func drained(w io.Writer, rows []row) {
	at := slices.IndexFunc(rows, func(r row) bool { return r.Control == "" })
	if at < 0 {
		return
	}
	fmt.Fprintf(w, "\n## How long a shutdown takes\n\nThe product as it is, `%s`:\n\n| program | phase | n | p50 | p99 | max |\n|---|---|---:|---:|---:|---:|\n", rows[at].Command)
	for _, d := range rows[at].Drains {
		phase := d.Phase
		if phase == "" {
			phase = "all"
		}
		fmt.Fprintf(w, "| %s | %s | %d | %.0f ms | %.0f ms | %.0f ms |\n", d.Of, phase, d.N, d.P50, d.P99, d.Max)
	}
}

func (r row) patch() string {
	if r.Patch == "" {
		return ""
	}
	return fmt.Sprintf("[%s](../../%s)", strings.TrimSuffix(r.Patch[strings.LastIndex(r.Patch, "/")+1:], ".yaml"), r.Patch)
}

// codes counts equal exit codes.
func codes(all []int) string {
	var text []string
	for _, code := range slices.Compact(slices.Sorted(slices.Values(all))) {
		n := 0
		for _, c := range all {
			if c == code {
				n++
			}
		}
		name := strconv.Itoa(code)
		if code < 0 {
			name = "none"
		}
		text = append(text, fmt.Sprintf("%s ×%d", name, n))
	}
	return strings.Join(text, ", ")
}

func listed(red []string) string {
	if len(red) == 0 {
		return "none"
	}
	return strings.Join(red, ", ")
}

// upstream is a kernel's version without what its builder calls it.
func upstream(kernel string) string { version, _, _ := strings.Cut(kernel, "-"); return version }

func short(commit string) string { return commit[:min(len(commit), 10)] }
