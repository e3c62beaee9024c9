package page

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"gazua.example/loadgen/record"
)

// document is what charts.js draws.
type document struct {
	Markers []record.Marker `json:"markers"`
	Groups  []group         `json:"groups"`
}

// group is charts under one heading.
type group struct {
	Name   string  `json:"name"`
	Charts []chart `json:"charts"`
}

// chart is one picture. X are seconds since the run's start, unless it is a curve over percentiles.
type chart struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Unit   string `json:"unit"`
	Note   string `json:"note,omitempty"`
	Log    bool   `json:"log,omitempty"`
	Curve  bool   `json:"curve,omitempty"` // over percentiles
	X      nums   `json:"x"`
	Series []line `json:"series"`
}

// line is one line of a chart.
type line struct {
	Name   string `json:"name"`
	Values nums   `json:"values"`
	Colour *int   `json:"colour,omitempty"` // of the palette; nil: by its place
	Dash   bool   `json:"dash,omitempty"`
	Fill   bool   `json:"fill,omitempty"`
}

// nums is a list of numbers in which NaN stands for none, and is written as null; four digits are enough for a picture.
type nums []float64

// mostPoints of a chart: what a wide screen has pixels for. Of a longer run several seconds become one point.
const mostPoints = 1200

// seconds of a run, thinned to what a picture can show.
type timeline struct {
	x    nums
	each int // how many seconds a point stands for
}

func chartGroups(points []record.Point, w *watched, curves []line) []group {
	groups := []group{{"Load and latency", slices.Concat(loadCharts(points), curveChart(curves))}, {"Asynchronous payments", asyncCharts(points, w)}}
	if w != nil {
		groups = append(groups, w.groups()...)
	}
	return slices.DeleteFunc(groups, func(g group) bool { return len(g.Charts) == 0 })
}

func loadCharts(points []record.Point) []chart {
	if len(points) == 0 {
		return nil
	}
	t := timelineOf(points)
	per := func(of func(*record.Point) float64) nums { return t.rates(points, of) }
	most := func(of func(*record.Point) float64) nums { return t.most(points, of) }
	return []chart{
		{ID: "rate", Title: "Payments a second", Unit: "/s", X: t.x, Series: []line{
			{Name: "planned", Values: per(func(p *record.Point) float64 { return float64(p.Planned) }), Dash: true},
			{Name: "sent", Values: per(func(p *record.Point) float64 { return float64(p.Sent) })},
			{Name: "PAID", Values: per(func(p *record.Point) float64 { return float64(p.Paid) })},
			{Name: "FAILED", Values: per(func(p *record.Point) float64 { return float64(p.Failed) })},
			{Name: "faults seen", Values: per(func(p *record.Point) float64 { return float64(p.Faults) })},
		}},
		{ID: "latency", Title: "Synchronous payments: planned → response", Unit: "ms", Log: true, X: t.x, Series: []line{
			{Name: "max", Values: most(func(p *record.Point) float64 { return some(p.Sync.N, p.Sync.Max) })},
			{Name: "p99", Values: most(func(p *record.Point) float64 { return some(p.Sync.N, p.Sync.P99) })},
			{Name: "p90", Values: most(func(p *record.Point) float64 { return some(p.Sync.N, p.Sync.P90) })},
			{Name: "p50", Values: most(func(p *record.Point) float64 { return some(p.Sync.N, p.Sync.P50) })},
			{Name: "own overhead p99", Values: most(func(p *record.Point) float64 { return some(p.Own.N, p.Own.P99) }), Dash: true},
		}},
		{ID: "flight", Title: "Requests on their way, and how late they went out", Unit: "requests, ms", X: t.x, Series: []line{
			{Name: "in flight", Values: most(func(p *record.Point) float64 { return float64(p.InFlight) })},
			{Name: "lateness p99, ms", Values: most(func(p *record.Point) float64 { return some(p.Lateness.N, p.Lateness.P99) })},
		}},
	}
}

// some is nothing where nothing was measured, and at least what a logarithmic axis can show.
func some(n int64, value float64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return max(value, 0.01)
}

func asyncCharts(points []record.Point, w *watched) []chart {
	if len(points) == 0 {
		return nil
	}
	t := timelineOf(points)
	of := func(get func(*record.Point) float64) nums { return t.rates(points, get) }
	most := func(get func(*record.Point) float64) nums { return t.most(points, get) }
	charts := []chart{
		{ID: "completion", Title: "Requested and completed a second", Unit: "/s", X: t.x, Series: []line{
			{Name: "requested (202)", Values: of(func(p *record.Point) float64 { return float64(p.AsyncRequested) })},
			{Name: "completed", Values: of(func(p *record.Point) float64 { return float64(p.AsyncCompleted) })},
			{Name: "callbacks", Values: of(func(p *record.Point) float64 { return float64(p.Callbacks) })},
		}},
		{ID: "backlog", Title: "Backlog: accepted and not final, as the client knows it", Unit: "payments", X: t.x, Series: []line{
			{Name: "backlog", Values: most(func(p *record.Point) float64 { return float64(p.Backlog) }), Fill: true},
			{Name: "open (all)", Values: most(func(p *record.Point) float64 { return float64(p.Open) })},
		}},
		{ID: "pending", Title: "Age of the oldest payment that is pending", Unit: "s", X: t.x, Series: []line{
			{Name: "as the client knows it", Values: most(func(p *record.Point) float64 { return p.OldestPending }), Fill: true},
		}},
		{ID: "age", Title: "Time to completion: planned → final", Unit: "ms", Log: true, X: t.x, Series: []line{
			{Name: "max", Values: most(func(p *record.Point) float64 { return some(p.Completion.N, p.Completion.Max) })},
			{Name: "p99", Values: most(func(p *record.Point) float64 { return some(p.Completion.N, p.Completion.P99) })},
			{Name: "p50", Values: most(func(p *record.Point) float64 { return some(p.Completion.N, p.Completion.P50) })},
		}},
	}
	if w != nil {
		charts = append(charts, w.async()...)
	}
	return charts
}

func curveChart(curves []line) []chart {
	if len(curves) == 0 {
		return nil
	}
	return []chart{{ID: "percentiles", Title: "Latency by percentile, the whole run", Unit: "ms", Log: true, Curve: true, X: percentiles, Series: curves}}
}

// percentiles are those of the curve, closer together where the tail is: 1 of 2, of 4, of 8 … payments is slower.
var percentiles = func() (list nums) {
	for k := 0.0; k <= 17; k += 0.25 {
		list = append(list, 100-100/math.Exp2(k))
	}
	return list
}()

func timelineOf(points []record.Point) timeline {
	t := timeline{each: (len(points) + mostPoints - 1) / mostPoints}
	for i := t.each - 1; i < len(points); i += t.each {
		t.x = append(t.x, points[i].T)
	}
	return t
}

// rates are counts of an interval as counts a second.
func (t timeline) rates(points []record.Point, of func(*record.Point) float64) nums {
	var values nums
	before := 0.0
	for i := 0; i+t.each <= len(points); i += t.each {
		sum := 0.0
		for k := range t.each {
			sum += of(&points[i+k])
		}
		end := points[i+t.each-1].T
		values = append(values, sum/max(end-before, 0.001))
		before = end
	}
	return values
}

// most is the highest value of an interval, so that no peak is lost.
func (t timeline) most(points []record.Point, of func(*record.Point) float64) nums {
	var values nums
	for i := 0; i+t.each <= len(points); i += t.each {
		highest := math.NaN()
		for k := range t.each {
			if v := of(&points[i+k]); !(v <= highest) && !math.IsNaN(v) {
				highest = v
			}
		}
		values = append(values, highest)
	}
	return values
}

// byName sorts processes so that those of one program stand together.
func byName[T any](of map[string]T) []string {
	return slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
}

// MarshalJSON writes null for what is not there.
func (n nums) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for i, v := range n {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendNumber(text, v)
	}
	return append(text, ']'), nil
}
