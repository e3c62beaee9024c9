package bench

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"gazua.example/loadgen/fill"
	"gazua.example/loadgen/report"
)

// LargeSchema names the format of bench-large.json.
const LargeSchema = "gazua.bench-large/1"

// LargeReport is bench-large.json.
type LargeReport struct {
	Schema     string       `json:"schema"`
	Verdict    string       `json:"verdict"` // the worst of all runs, or INVALID where it is not complete
	Because    []string     `json:"because,omitempty"`
	Incomplete bool         `json:"incomplete"`
	Folder     string       `json:"folder"`
	Command    []string     `json:"command"`
	Start      time.Time    `json:"start"`
	Seconds    float64      `json:"seconds"`
	Machine    Machine      `json:"machine"`
	Server     Server       `json:"mysql"`
	Days       int          `json:"days"` // over which the payments are spread
	Repeats    int          `json:"repeats"`
	Duration   float64      `json:"duration_s"` // of a measurement
	Rate       int          `json:"open_rate_per_s"`
	Clients    int          `json:"clients"`
	Looks      int          `json:"looks_percent"`
	Cold       bool         `json:"cold"` // the keys' pages were left to the disk
	Sizes      []*Size      `json:"sizes"`
	Ratios     []LargeRatio `json:"ratios"`
	Aim        *Aim         `json:"aim,omitempty"`
}

// Size is what was measured with so many payments stored.
type Size struct {
	Payments int64        `json:"payments"`
	Fill     *fill.Report `json:"fill,omitempty"`
	Fsync    float64      `json:"fsync_p50_us"` // of the disk before the runs: whether it is still the same
	Cells    []*LargeCell `json:"cells"`
	Old      *Old         `json:"old,omitempty"`
}

// LargeCell is all repeats of one load at one size.
type LargeCell struct {
	Cell
	Reads Figure  `json:"buffer_pool_reads_per_payment"`
	Pages []Pages `json:"pages"` // by repeat
}

func (c *LargeCell) take(r Repeat, p Pages) {
	c.add(r)
	c.Pages = append(c.Pages, p)
	var reads []float64
	for _, p := range c.Pages {
		reads = append(reads, p.Reads)
	}
	c.Reads = figureOf(reads)
}

// LargeRatio is the largest size over the smallest.
type LargeRatio struct {
	Load    string `json:"load"` // open or closed
	Of      string `json:"of"`   // rate, p50, p99, mysql_cpu
	Verdict string `json:"verdict"`
	Ratio   Figure `json:"ratio"`
}

// largeAim is by what the p99 may grow.
const largeAim = 1.3

// conclude makes ratios, aim and verdict of what there is.
func (r *LargeReport) conclude() {
	r.Verdict, r.Ratios, r.Aim = none, nil, nil
	var all []string
	for _, s := range r.Sizes {
		for _, c := range s.Cells {
			all = append(all, c.Verdict)
		}
		if s.Old != nil && s.Old.Wrong > 0 {
			all = append(all, fail)
			r.because("of %d filled payments that were looked at %d are not as they were filled: %s", s.Old.Looks, s.Old.Wrong, s.Old.First)
		}
	}
	for i, v := range all {
		if i == 0 {
			r.Verdict = v
		}
		r.Verdict = worse(r.Verdict, v)
	}
	if r.Incomplete {
		r.Verdict = worse(r.Verdict, invalid)
	}
	if len(r.Sizes) < 2 || r.Incomplete && len(r.Sizes[len(r.Sizes)-1].Cells) < 2 {
		return
	}
	smallest, largest := r.Sizes[0], r.Sizes[len(r.Sizes)-1]
	for i, load := range []string{"open", "closed"} {
		for _, of := range []string{"p99", "p50", "rate", "mysql_cpu"} {
			a, b := largest.Cells[i], smallest.Cells[i]
			r.Ratios = append(r.Ratios, LargeRatio{load, of, worse(a.Verdict, b.Verdict), unpairedRatio(a.values(of), b.values(of))})
		}
	}
	r.Aim = r.aim(r.Ratios[0])
}

// aim holds the open model's p99 against its bound.
func (r *LargeReport) aim(of LargeRatio) *Aim {
	a := &Aim{Name: "p99 with the most payments over that with the fewest, open model", Want: fmt.Sprintf("≤ %g", largeAim), Ratio: of.Ratio, Outcome: notMeasured}
	if of.Verdict == pass && of.Ratio.N > 0 && !r.Incomplete {
		a.Outcome = map[bool]string{true: met, false: missed}[of.Ratio.Mean <= largeAim]
		a.Sure = of.Ratio.Low != nil && (*of.Ratio.Low <= largeAim) == (*of.Ratio.High <= largeAim)
	}
	return a
}

func (r *LargeReport) because(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, known := range r.Because {
		if known == text {
			return
		}
	}
	r.Because = append(r.Because, text)
}

func (c *LargeCell) values(of string) (values []float64) {
	for _, repeat := range c.Repeats {
		values = append(values, measures[of](repeat))
	}
	return values
}

// unpairedRatio is by how much a differs from b when they were not measured in turns: Welch's t interval of the difference of
// the means of the logarithms, taken back by exp. What drifted between both is in it.
func unpairedRatio(a, b []float64) Figure {
	logA, logB := positiveLogs(a), positiveLogs(b)
	if len(logA) == 0 || len(logB) == 0 {
		return Figure{}
	}
	difference := stat.Mean(logA, nil) - stat.Mean(logB, nil)
	f := Figure{Mean: math.Exp(difference), N: min(len(logA), len(logB))}
	if f.N < 2 {
		return f
	}
	perA, perB := stat.Variance(logA, nil)/float64(len(logA)), stat.Variance(logB, nil)/float64(len(logB))
	half := 0.0
	if spread := perA + perB; spread > 0 {
		freedom := spread * spread / (perA*perA/float64(len(logA)-1) + perB*perB/float64(len(logB)-1)) // Welch–Satterthwaite
		half = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile((1+confidence)/2) * math.Sqrt(spread)
	}
	low, high := math.Exp(difference-half), math.Exp(difference+half)
	f.Low, f.High = &low, &high
	return f
}

func positiveLogs(values []float64) (logs []float64) {
	for _, v := range values {
		if v > 0 {
			logs = append(logs, math.Log(v))
		}
	}
	return logs
}

func (r *LargeReport) path() string { return filepath.Join(r.Folder, "bench-large.json") }

func (r *LargeReport) save() error { return report.Save(r.path(), r) }

// ExitCode of the process: 1 where an invariant was violated, 3 where it says nothing, else 0.
func (r *LargeReport) ExitCode() int {
	switch r.Verdict {
	case fail:
		return 1
	case pass:
		return 0
	}
	return 3
}

// Line is the last line. The ratio is of the open model's p99.
func (r *LargeReport) Line() string {
	var sizes, p99 []string
	for _, s := range r.Sizes {
		sizes = append(sizes, fmt.Sprint(s.Payments))
		if len(s.Cells) > 0 {
			p99 = append(p99, fmt.Sprintf("%.1f", s.Cells[0].P99.Mean))
		} else {
			p99 = append(p99, "none")
		}
	}
	ratio, ci := "none", "none"
	if len(r.Ratios) > 0 {
		ratio, ci = number(r.Ratios[0].Ratio.Mean, r.Ratios[0].Ratio.N > 0), interval(r.Ratios[0].Ratio)
	}
	return fmt.Sprintf("bench=large payments=%s p99_ms=%s ratio=%s ci=%s verdict=%s report=%s", strings.Join(sizes, ","), strings.Join(p99, ","), ratio, ci, r.Verdict, r.path())
}
