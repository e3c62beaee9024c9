package chapter

import (
	"fmt"
	"math"
	"strings"
	"time"

	"gazua.example/loadgen/drill"
)

// timeline is one shutdown: what the process did, and what clients saw meanwhile. Times are seconds since the signal.
type timeline struct {
	Title, Process string
	From, To       float64
	Rows           []phaseRow
	Marks          []mark
	Ended          float64 // when the process said its last word; NaN: it never did
	Code           int
	Due            float64 // a payment's end is late after so many seconds
	Bins           []bin
}

// phaseRow is one line of the upper half.
type phaseRow struct {
	Phase    string
	From, To float64 // NaN: it did not happen
	Outcome  string  // done, failed, overrun, cut; "": it did not happen
	Left     string
	Missing  bool // it was left out on purpose
}

// mark is a moment.
type mark struct {
	At   float64
	Text string
}

// bin is a tenth of a second of what clients saw.
type bin struct {
	At      float64 // its beginning
	Good    int     // requests of all kinds that got a good answer
	Bad     int     // that got none
	Slowest float64 // of the payments planned in it: the longest until its end, in seconds; NaN: none was planned
}

const binWidth = 0.1

// Span of a picture: enough for the slowest consequence of what is left out.
var span = map[string][2]float64{"api": {-1, 6}, "worker": {-1, 11}}

// timelineOf finds the shutdown that clients suffered from most among those of the case's program.
func timelineOf(c Case, out *drill.Outcome, s *sights) (*timeline, error) {
	worst, breakOf := -1, 0
	for i, impact := range out.Impacts {
		if suffered := impact.Errors + impact.Late; suffered > worst && strings.Contains(out.Breaks[i].What, c.program()) {
			worst, breakOf = suffered, i
		}
	}
	if worst < 0 {
		return nil, fmt.Errorf("%s: no %s was ended in it", c.run(), c.program())
	}
	b := out.Breaks[breakOf]
	t := &timeline{Title: c.Title, From: span[c.Of][0], To: span[c.Of][1], Ended: math.NaN(), Code: -1, Due: out.Final.Seconds()}
	signal := b.At
	var d drill.Shutdown
	for _, one := range out.Shutdowns {
		if one.Signal >= b.At-time.Second && one.Signal < out.Breaks[breakOf+1].At && strings.Contains(b.What, one.Process) {
			d, signal = one, one.Signal
		}
	}
	since := func(at time.Duration) float64 { return (at - signal).Seconds() }
	t.Process, t.Rows = d.Process, rowsOf(c, d, since)
	if d.Ended > 0 {
		t.Ended, t.Code = since(d.Ended), d.Code
	}
	t.Marks = []mark{{0, "SIGTERM"}}
	if c.Of == "api" && b.Detected > 0 {
		t.Marks = append(t.Marks, mark{since(b.Detected), "balancer: DOWN"})
	}
	if b.Healed > 0 {
		t.Marks = append(t.Marks, mark{since(b.Healed), "started again"})
	}
	t.Bins = binsOf(t, s, signal)
	return t, nil
}

func rowsOf(c Case, d drill.Shutdown, since func(time.Duration) float64) (rows []phaseRow) {
	for _, name := range phases[c.Of] {
		row := phaseRow{Phase: name, From: math.NaN(), To: math.NaN(), Missing: name == c.Missing}
		for _, p := range d.Phases {
			if p.Phase == name {
				row.From, row.To, row.Outcome, row.Left = since(p.Ended-p.Lasted), since(p.Ended), p.Outcome, p.Left
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func binsOf(t *timeline, s *sights, signal time.Duration) []bin {
	bins := make([]bin, int(math.Round((t.To-t.From)/binWidth)))
	for i := range bins {
		bins[i] = bin{At: t.From + float64(i)*binWidth, Slowest: math.NaN()}
	}
	of := func(at time.Duration) *bin {
		i := int(math.Floor(((at - signal).Seconds() - t.From) / binWidth))
		if i < 0 || i >= len(bins) {
			return nil
		}
		return &bins[i]
	}
	for _, a := range s.answers {
		switch b := of(a.done); {
		case b == nil:
		case a.bad:
			b.Bad++
		default:
			b.Good++
		}
	}
	for _, p := range s.payments {
		b := of(p.planned)
		if b == nil || p.final == 0 {
			continue
		}
		if took := (p.final - p.planned).Seconds(); !(took <= b.Slowest) {
			b.Slowest = took
		}
	}
	return bins
}
