package page

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/trend"
	"gazua.example/loadgen/verify"
)

// view is all that the page shows.
type view struct {
	Result    *report.Result
	Verified  *verify.Verdict // nil: the run could not be verified
	Tiles     []tile
	Latencies []latencyRow
	Questions []question
	Markers   []record.Marker
	Missing   []string // what the run's folder does not have
	Charts    document

	Data    template.JS
	Styles  struct{ Library, Page template.CSS }
	Scripts struct{ Library, Charts template.JS }
}

// tile is one of the figures at the top.
type tile struct{ Name, Value, Note string }

// latencyRow is one distribution of the table.
type latencyRow struct {
	Name, Note string
	F          record.Figures
}

// gather reads the run's folder.
func gather(folder string, r *report.Result) (*view, error) {
	v := &view{Result: r}
	var err error
	if v.Verified, err = readVerdict(folder); err != nil {
		return nil, err
	}
	if v.Verified == nil {
		v.miss("there is no verify.json: nothing was verified")
	}
	if v.Markers, err = record.ReadMarkers(folder); err != nil {
		return nil, err
	}
	seconds, err := readSeconds(folder)
	if err != nil {
		return nil, err
	}
	if len(seconds) == 0 {
		v.miss("there is no series.jsonl: no charts over time")
	}
	watched, err := readWatched(folder)
	if err != nil {
		return nil, err
	}
	if watched == nil {
		v.miss("there is no monitor.jsonl (the run had --no-monitor, or is of an older loadgen): no resources")
	} else {
		v.Markers = append(v.Markers, watched.events...)
	}
	curves, err := readCurves(folder)
	if err != nil {
		return nil, err
	}
	v.Charts = document{Markers: slices.Clone(v.Markers), Groups: chartGroups(seconds, watched, curves)}
	if watched != nil {
		v.Markers = append(v.Markers, watched.gaps...)
	}
	slices.SortStableFunc(v.Markers, func(a, b record.Marker) int { return cmp.Compare(a.T, b.T) })
	v.Tiles = tiles(r)
	v.Latencies = latencies(r)
	lines, err := trends(folder, r, watched)
	if err != nil {
		return nil, err
	}
	v.Questions = questions(r, watched, lines)
	return v, nil
}

func trends(folder string, r *report.Result, w *watched) ([]trend.Line, error) {
	if w == nil {
		return nil, nil
	}
	return trend.Of(folder, r.Load)
}

func (v *view) miss(what string) { v.Missing = append(v.Missing, what) }

func readVerdict(folder string) (*verify.Verdict, error) {
	text, err := os.ReadFile(filepath.Join(folder, "verify.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var v verify.Verdict
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("read verify.json: %w", err)
	}
	return &v, nil
}

func readSeconds(folder string) (points []record.Point, err error) {
	_, err = record.ReadSeries(folder, func(p record.Point) error {
		points = append(points, p)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return points, err
}

func tiles(r *report.Result) []tile {
	c := r.Counts
	list := []tile{
		{"payments sent", count(c.Sent), fmt.Sprintf("%s PAID, %s FAILED, %s pending", count(c.Paid), count(c.Failed), count(c.Pending))},
		{"payments a second", fixed(r.Rate), fmt.Sprintf("%s of load, settled in %s", span(r.Load), span(r.Settle))},
		{"p99 synchronous", fixed(r.Latency.SyncResponse.P99) + " ms", "from the planned time; p50 " + fixed(r.Latency.SyncResponse.P50) + " ms"},
		{"p99 to the end", fixed(r.Latency.Completion.P99) + " ms", "planned → final, every payment"},
		{"violations", count(r.Violations()), fmt.Sprintf("lost %s, duplicated %s, unsettled %s", r.Figure(7), r.Figure(1), r.Figure(6))},
	}
	if e := r.Efficiency; e != nil {
		list = append(list, tile{"CPU a payment", count(int64(e.PerPayment)) + " µs", fmt.Sprintf("of the system; the bed used %.0f %% of all CPU", e.BedShare*100)})
	}
	return list
}

func latencies(r *report.Result) []latencyRow {
	l := r.Latency
	rows := []latencyRow{
		{"planned → response", "synchronous payments; what a slow target makes wait is in it", l.SyncResponse},
		{"sent → response", "every request", l.Response},
		{"planned → final", "every payment, to within a look's interval", l.Completion},
		{"own overhead", "planned → response less the delays that the means were asked for", l.Own},
		{"planned → sent", "the generator's own lateness", r.Generator.Lateness},
	}
	if r.Model == "closed" {
		rows[0].Note, rows[4].Note = "synchronous payments; a closed model has no planned times, so waits before sending are not in it", "none in a closed model"
	}
	kept := rows[:0]
	for _, row := range rows {
		if row.F.Count > 0 {
			kept = append(kept, row)
		}
	}
	return kept
}
