package trend

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"gazua.example/loadgen/monitor"
	"gazua.example/loadgen/record"
)

// What is looked at: of every process these of the monitor's metrics, and what the client saw.
var watched = []string{"rss_bytes", "heap_bytes", "goroutines", "fds"}

const (
	client     = "payments"
	loadMetric = "sent_per_s"
)

// notProcesses are the parts of monitor.jsonl that are none.
var notProcesses = []string{"host", "kafka", "work"}

// mostSeries bounds what is kept of a run: 16 MB for 250 series of 2,000 means.
const mostSeries = 250

// gathered are the series of a run by "<process>/<metric>".
type gathered map[string]*series

func (g gathered) add(process, metric string, t, value float64) {
	key := process + "/" + metric
	s := g[key]
	if s == nil {
		if len(g) == mostSeries {
			return
		}
		s = &series{process: process, metric: metric}
		g[key] = s
	}
	s.bins.add(t, value)
}

// restarted notes that a process was started again: a new one begins low.
func (g gathered) restarted(process string, t float64) {
	for _, metric := range watched {
		key := process + "/" + metric
		if g[key] == nil {
			g[key] = &series{process: process, metric: metric}
		}
		g[key].since = t
	}
}

// read gathers the load's time of both files, in the order of processes and metrics, the client's first. A run without one
// of them has the other's series only.
func read(folder string, load float64) ([]*series, error) {
	g := gathered{}
	_, err := record.ReadSeries(folder, func(p record.Point) error {
		if p.Phase == "load" {
			g.client(&p)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := g.monitor(folder, load); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []*series
	for _, s := range g {
		if len(s.bins.bins) > 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *series) int {
		return cmp.Or(order(a.process == client)-order(b.process == client), strings.Compare(a.process, b.process), strings.Compare(a.metric, b.metric))
	})
	return all, nil
}

func order(first bool) int {
	if first {
		return 0
	}
	return 1
}

// client takes a second of what the client saw.
func (g gathered) client(p *record.Point) {
	g.add(client, loadMetric, p.T, float64(p.Sent))
	g.add(client, "backlog", p.T, float64(p.Backlog))
	if p.Sync.N > 0 {
		g.add(client, "sync_p99_ms", p.T, p.Sync.P99)
	}
	if p.Own.N > 0 {
		g.add(client, "own_p99_ms", p.T, p.Own.P99)
	}
}

func (g gathered) monitor(folder string, load float64) error {
	recording, err := monitor.Read(folder)
	if err != nil {
		return err
	}
	defer func() { _ = recording.Close() }() // it was only read
	for l, err := range recording.Lines() {
		switch {
		case err != nil:
			return err
		case l.T > load:
			continue
		case l.Event != "":
			if process, ok := started(l.Event); ok && l.T > 1 { // at the beginning every process is new to the monitor
				g.restarted(process, l.T)
			}
			continue
		}
		for key, value := range l.Values {
			process, metric, _ := strings.Cut(key, "/")
			if slices.Contains(watched, metric) && !slices.Contains(notProcesses, process) {
				g.add(process, metric, l.T, value)
			}
		}
	}
	return nil
}

// level is the median of the values.
func level(points []Point) float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = p.Value
	}
	slices.Sort(values)
	return middle(values)
}
