package page

import (
	"fmt"
	"strings"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/trend"
)

// question is one of the six that the test bed exists for, with what this run can say to it.
type question struct {
	Name    string
	Asks    string
	Verdict string // yes, no, partly, not asked: what this run says
	Says    string
	Chart   string // the id of its picture
	Command string // that reproduces or completes it
}

func questions(r *report.Result, w *watched, lines []trend.Line) []question {
	run := "bin/" + strings.Join(r.Command, " ")
	return []question{
		{"Capacity", "How much load can it bear?", partly(r.Verdict == report.Pass), capacity(r), "rate", "make capacity"},
		bottleneck(r, w, run),
		{"Efficiency", "Does it use its resources well?", measured(r.Efficiency != nil), efficiency(r), "cpu", run},
		leaks(r, lines),
		{"Worst cases", "What does it do when things go wrong?", partly(len(r.Faults) > 0), worst(r), "latency", run},
		{"Failover and recovery", "Does it recover, and how long does that take?", partly(r.Quiet && r.Async.Drain > 0), recovery(r), "pending", run},
	}
}

func partly(yes bool) string {
	if yes {
		return "partly"
	}
	return "not by this run"
}

func measured(yes bool) string {
	if yes {
		return "measured"
	}
	return "not by this run"
}

func capacity(r *report.Result) string {
	if r.Verdict != report.Pass {
		return "This run is no proof that it bears its load."
	}
	return fmt.Sprintf("It bore %.0f payments/s for %s with a p99 of %s ms. That is a load that it can bear, not the highest.", r.Rate, span(r.Load), fixed(r.Latency.SyncResponse.P99))
}

// busy is where a process is taken for the one that the others wait for: this share of the cores, or of one core.
const busy = 0.8

func bottleneck(r *report.Result, w *watched, run string) question {
	q := question{Name: "Bottleneck", Asks: "What gives way first, a system or a resource?", Verdict: "not by this run", Chart: "cpu", Command: run}
	if r.Efficiency == nil || len(r.Efficiency.Processes) == 0 {
		q.Says = "The monitor did not run."
		return q
	}
	first, cores := r.Efficiency.Processes[0], float64(r.Host.Cores)
	q.Verdict = "measured"
	q.Says = fmt.Sprintf("%s used most: %.2f cores of %.0f. The machine was busy to %.0f %%", first.Process, first.Cores, cores, r.Efficiency.HostCores/cores*100)
	if r.Pressure != nil {
		q.Says += fmt.Sprintf("; something waited for a CPU in %.0f %% of the time, for the disk in %.0f %%", r.Pressure.CPU*100, r.Pressure.IO*100)
	}
	switch {
	case r.Efficiency.HostCores/cores > busy:
		q.Says += ". The CPU is what is short."
	case w != nil && w.highest("disk_util_pct") > busy*100:
		q.Says += ". The disk is what is short."
	default:
		q.Says += ". Nothing was short at this load."
	}
	return q
}

func efficiency(r *report.Result) string {
	e := r.Efficiency
	if e == nil {
		return "The monitor did not run."
	}
	var parts []string
	for _, p := range e.Processes[:min(3, len(e.Processes))] {
		parts = append(parts, fmt.Sprintf("%s %.0f µs", p.Process, p.CPUPerPayment))
	}
	return fmt.Sprintf("%.0f CPU-µs of the system a payment (%s).", e.PerPayment, strings.Join(parts, ", "))
}

// leaks tells what the trends say: what rose, or that nothing did, or that the run was too short to know.
func leaks(r *report.Result, lines []trend.Line) question {
	q := question{
		Name: "Leaks", Asks: "Does memory, do goroutines or descriptors grow?", Verdict: "not by this run", Chart: "memory",
		Command: "bin/loadgen trends " + r.Folder,
	}
	counts := trend.Count(lines)
	switch {
	case len(lines) == 0:
		q.Says = "The monitor did not run."
	case counts[trend.Rises] > 0:
		q.Verdict = "yes"
		var rising []string
		for _, l := range lines {
			if l.Verdict == trend.Rises {
				rising = append(rising, l.Process+" "+l.Metric)
			}
		}
		q.Says = "These rise: " + strings.Join(rising, ", ") + "."
	case counts[trend.TooShort] == len(lines):
		q.Says = fmt.Sprintf("%s of load show levels only; from %s on the trends are told.", span(r.Load), span(trend.LeastSeconds))
	default:
		q.Verdict = strings.ToLower(trend.Conclude(lines))
		q.Says = fmt.Sprintf("Of %d figures of memory, goroutines, descriptors, latency and backlog none rises; %d are flat, of %d a longer run can tell.",
			len(lines), counts[trend.Flat], counts[trend.Unclear])
	}
	return q
}

func worst(r *report.Result) string {
	if len(r.Faults) == 0 {
		return "Nothing went wrong in this run."
	}
	var n int64
	for _, g := range r.Faults {
		n += g.Count
	}
	return fmt.Sprintf("%s faults of %d kinds were met; the slowest synchronous answer took %s ms, the slowest payment %s ms to its end.",
		count(n), len(r.Faults), fixed(r.Latency.SyncResponse.Max), fixed(r.Latency.Completion.Max))
}

func recovery(r *report.Result) string {
	if !r.Quiet {
		return "It had not settled when the wait for it ended."
	}
	return fmt.Sprintf("It settled %s after the last arrival; the oldest payment that was pending at one time was %s old. What was done to the system stands on the time axis.",
		span(r.Settle), span(r.Async.OldestPendingMax))
}
