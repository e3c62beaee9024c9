package trend

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"gazua.example/loadgen/monitor"
)

// LifeLine is one figure of a process that was started again and again: what it came to in each of its lives, and whether that
// grows from one life to the next. A process that is replaced forgets its own leaks; what grows here is left behind in what
// all its lives share: tables, connections that nobody closed, groups that keep their dead.
//
//	monitor.jsonl ─► lives (between two starts) ─► the median of each, its first seconds left out ─► slope a restart with its interval
type LifeLine struct {
	Process    string   `json:"process"`
	Metric     string   `json:"metric"`
	Lives      int      `json:"lives"`
	Level      float64  `json:"level"` // median of all lives
	PerRestart float64  `json:"slope_per_restart"`
	Low        *float64 `json:"low_per_restart,omitempty"`
	High       *float64 `json:"high_per_restart,omitempty"`
	Bound      float64  `json:"bound_per_restart"`
	Verdict    Verdict  `json:"verdict"`
}

const (
	youth      = 3.0   // seconds of a life that are left out
	lifeLeast  = 3     // values that a life must have after them
	lifeShare  = 0.005 // of its level may a figure gain a restart: a tenth in twenty
	lifeMargin = 0.05  // and of what it may gain an hour at least, whatever its level: 1 MiB, 1 goroutine, 1 descriptor in twenty
)

// Lives looks at the processes of a run's folder that were started again often enough for a slope; the others have no line.
func Lives(folder string, load float64) ([]LifeLine, error) {
	recording, err := monitor.Read(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no monitor.jsonl: what its processes used is not known", folder)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = recording.Close() }() // it was only read
	born, values, lives := map[string]float64{}, map[string][]float64{}, map[string][]Point{}
	end := func(process string) { // of a life: what it had becomes one point
		for _, metric := range watched {
			key := process + "/" + metric
			if n := len(values[key]); n >= lifeLeast {
				slices.Sort(values[key])
				lives[key] = append(lives[key], Point{float64(len(lives[key]) + 1), middle(values[key])})
			}
			values[key] = nil
		}
	}
	for l, err := range recording.Lines() {
		switch {
		case err != nil:
			return nil, err
		case l.T > load:
			continue
		case l.Event != "":
			if process, ok := started(l.Event); ok && l.T > 1 {
				end(process)
				born[process] = l.T
			}
			continue
		}
		for key, value := range l.Values {
			process, metric, _ := strings.Cut(key, "/")
			if slices.Contains(watched, metric) && !slices.Contains(notProcesses, process) && l.T >= born[process]+youth {
				values[key] = append(values[key], value)
			}
		}
	}
	for process := range born {
		end(process)
	}
	return lifeLines(lives), nil
}

func lifeLines(lives map[string][]Point) (lines []LifeLine) {
	for key, points := range lives {
		if len(points) < leastPoints {
			continue
		}
		process, metric, _ := strings.Cut(key, "/")
		slope := Fit(points, confidence)
		l := LifeLine{Process: process, Metric: metric, Lives: len(points), Level: level(points), PerRestart: slope.Value, Low: known(slope.Low), High: known(slope.High), Verdict: Unclear}
		l.Bound = max(lifeShare*math.Abs(l.Level), lifeMargin*least[metric])
		switch {
		case l.Low != nil && *l.Low > l.Bound:
			l.Verdict = Rises
		case l.High != nil && *l.High <= l.Bound:
			l.Verdict = Flat
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b LifeLine) int {
		return cmp.Or(strings.Compare(a.Process, b.Process), strings.Compare(a.Metric, b.Metric))
	})
	return lines
}

// LivesText writes the lines as a table.
func LivesText(w io.Writer, lines []LifeLine) {
	fmt.Fprintf(w, "each process that was started again: the median of each life, its first %.0f s left out; intervals of %.0f %% confidence, each figure a restart\n\n", youth, confidence*100)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "process\tmetric\tlives\tlevel\tslope/restart\tlow\thigh\tbound\tverdict")
	for _, l := range lines {
		show := func(v float64) string { return figure(l.Metric, v) }
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Process, l.Metric, l.Lives, show(l.Level), show(l.PerRestart), end(l.Low, show), end(l.High, show), show(l.Bound), l.Verdict)
	}
	_ = t.Flush()
}

// ConcludeLives is the verdict of all of them, as Conclude's.
func ConcludeLives(lines []LifeLine) string {
	has := func(v Verdict) bool {
		return slices.ContainsFunc(lines, func(l LifeLine) bool { return l.Verdict == v })
	}
	switch {
	case len(lines) == 0:
		return RunTooShort
	case has(Rises):
		return RunRises
	case has(Unclear):
		return RunUnclear
	}
	return RunFlat
}
