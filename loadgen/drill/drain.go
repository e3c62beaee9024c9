package drill

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Drain is how long the shutdowns of a drill took.
type Drain struct {
	Of      string   `json:"of"` // payment-api, payment-worker
	Phase   string   `json:"phase,omitempty"`
	N       int      `json:"n"`
	P50     float64  `json:"p50_ms"`
	P99     float64  `json:"p99_ms"`
	Max     float64  `json:"max_ms"`
	Buckets []Bucket `json:"histogram"`
}

// Bucket counts the shutdowns that took at most this long, and longer than the bucket before it says.
type Bucket struct {
	UpTo float64 `json:"up_to_ms,omitempty"` // of the last one: there is no bound
	N    int     `json:"n"`
}

// The phases in which a process waits for its work.
const (
	finishRequests = "finish requests"
	stopConsuming  = "stop consuming"
)

// drains says how long whole shutdowns took, and the phase of each program that waits for work.
func drains(shutdowns []Shutdown) (found []Drain) {
	for _, of := range []struct{ program, phase string }{
		{"payment-api", ""}, {"payment-api", finishRequests}, {"payment-worker", ""}, {"payment-worker", stopConsuming},
	} {
		var took []time.Duration
		for _, s := range shutdowns {
			if !strings.HasPrefix(s.Process, of.program) || s.Code == unsaid {
				continue
			}
			if of.phase == "" {
				took = append(took, s.Lasted)
			}
			for _, p := range s.Phases {
				if p.Phase == of.phase {
					took = append(took, p.Lasted)
				}
			}
		}
		if len(took) > 0 {
			found = append(found, drain(of.program, of.phase, took))
		}
	}
	return found
}

// borders of the histogram, in milliseconds.
var borders = []float64{10, 30, 100, 300, 500, 1000, 1500, 2000, 2500, 3000, 5000, 10_000, 20_000}

func drain(of, phase string, took []time.Duration) Drain {
	slices.Sort(took)
	d := Drain{Of: of, Phase: phase, N: len(took), P50: rank(took, 50), P99: rank(took, 99), Max: rank(took, 100)}
	for i, upTo := range append(slices.Clone(borders), 0) {
		low := 0.0
		if i > 0 {
			low = borders[i-1]
		}
		b := Bucket{UpTo: upTo}
		for _, t := range took {
			if ms := inMS(t); (ms > low || i == 0) && (ms <= upTo || upTo == 0) {
				b.N++
			}
		}
		d.Buckets = append(d.Buckets, b)
	}
	return d
}

// rank is the value that this percentage of a sorted list does not exceed: one that was measured, however few there are.
func rank(sorted []time.Duration, percent float64) float64 {
	return inMS(sorted[max(int(math.Ceil(percent/100*float64(len(sorted)))), 1)-1])
}

func inMS(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// drained is what the last line of a drill says of its shutdowns.
func (out *Outcome) drained() string {
	text := ""
	for _, d := range out.Drains {
		name := strings.TrimPrefix(d.Of, "payment-")
		if d.Phase == "" {
			name += "_drain"
		} else {
			name += "_" + strings.ReplaceAll(d.Phase, " ", "_")
		}
		text += fmt.Sprintf(" %[1]s_p50_ms=%.0[2]f %[1]s_p99_ms=%.0[3]f %[1]s_max_ms=%.0[4]f", name, d.P50, d.P99, d.Max)
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" restarts=%d%s", len(out.Shutdowns), text)
}

// Histogram is the distribution of the shutdowns as text, a line a bucket; none where there were no shutdowns.
func (out *Outcome) Histogram() (lines []string) {
	for _, d := range out.Drains {
		what := "the whole shutdown"
		if d.Phase != "" {
			what = d.Phase
		}
		lines = append(lines, fmt.Sprintf("%s, %s: n=%d p50=%.0f ms p99=%.0f ms max=%.0f ms", d.Of, what, d.N, d.P50, d.P99, d.Max))
		first, last := d.filled()
		for i := first; i <= last; i++ {
			upTo := "  longer   "
			if d.Buckets[i].UpTo > 0 {
				upTo = fmt.Sprintf("≤ %5.0f ms ", d.Buckets[i].UpTo)
			}
			lines = append(lines, fmt.Sprintf("  %s %4d %s", upTo, d.Buckets[i].N, strings.Repeat("█", bar(d.Buckets[i].N, d.N))))
		}
	}
	return lines
}

// longestBar of a histogram, in characters: all of them.
const longestBar = 50

func bar(n, of int) int { return (n*longestBar + of - 1) / of }

func (d *Drain) filled() (first, last int) {
	first = slices.IndexFunc(d.Buckets, func(b Bucket) bool { return b.N > 0 })
	for i, b := range d.Buckets {
		if b.N > 0 {
			last = i
		}
	}
	return max(first, 0), last
}
