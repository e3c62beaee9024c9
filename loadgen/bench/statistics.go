package bench

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// confidence of all intervals.
const confidence = 0.95

// Figure is the mean of repeats. The interval holds what is measured with 95 % confidence; a single repeat has none, since
// nobody knows then how much of it is chance.
type Figure struct {
	Mean float64  `json:"mean"`
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	N    int      `json:"n"` // repeats
}

// figureOf is Student's t interval of the mean.
func figureOf(values []float64) Figure {
	if len(values) == 0 {
		return Figure{}
	}
	f := Figure{Mean: stat.Mean(values, nil), N: len(values)}
	if half, ok := halfWidth(values); ok {
		low, high := f.Mean-half, f.Mean+half
		f.Low, f.High = &low, &high
	}
	return f
}

// half is how far the interval reaches to each side, NaN where there is none.
func (f Figure) half() float64 {
	if f.High == nil {
		return math.NaN()
	}
	return *f.High - f.Mean
}

func halfWidth(values []float64) (float64, bool) {
	n := len(values)
	if n < 2 {
		return 0, false
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile((1 + confidence) / 2)
	return t * stat.StdDev(values, nil) / math.Sqrt(float64(n)), true
}

// pairedRatio is by how much a differs from b, both measured in turns: a ratio a repeat, and Student's t interval of their
// logarithms, taken back by exp. What changes from repeat to repeat on a shared machine hits both of a pair and falls out.
// Pairs in which one is not above 0 say nothing.
func pairedRatio(a, b []float64) Figure {
	var logs []float64
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 {
			logs = append(logs, math.Log(a[i]/b[i]))
		}
	}
	if len(logs) == 0 {
		return Figure{}
	}
	f := figureOf(logs)
	f.Mean = math.Exp(f.Mean)
	if f.Low != nil {
		low, high := math.Exp(*f.Low), math.Exp(*f.High)
		f.Low, f.High = &low, &high
	}
	return f
}
