package compare

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// confidence of the intervals.
const confidence = 0.95

// Ratio is by how much B differs from A.
type Ratio struct {
	Ratio float64 `json:"ratio"` // of the geometric means, B/A
	// The interval in which the true ratio lies with 95 % confidence; nil where one of both has a single run only, since
	// nobody knows then how much of the difference is chance.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

// ratioOf estimates it from one value a run, all above 0: Welch's t interval of the difference of the means of the logarithms,
// taken back by exp. On the scale of logarithms a ratio is a difference, latencies that are a product of chances are near
// normal, and Welch asks neither for equal variances nor for equally many runs. Nothing is drawn, so the same runs give the
// same interval. (Bootstrap was the other choice: of three repeats it can draw ten different samples, and its intervals are
// far too narrow.)
func ratioOf(a, b []float64) Ratio {
	logA, logB := logs(a), logs(b)
	meanA, varA := stat.MeanVariance(logA, nil)
	meanB, varB := stat.MeanVariance(logB, nil)
	r := Ratio{Ratio: math.Exp(meanB - meanA)}
	if len(a) < 2 || len(b) < 2 {
		return r
	}
	perA, perB := varA/float64(len(a)), varB/float64(len(b))
	half := 0.0
	if spread := perA + perB; spread > 0 {
		// Welch–Satterthwaite.
		freedom := spread * spread / (perA*perA/float64(len(a)-1) + perB*perB/float64(len(b)-1))
		half = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile((1+confidence)/2) * math.Sqrt(spread)
	}
	low, high := math.Exp(meanB-meanA-half), math.Exp(meanB-meanA+half)
	r.Low, r.High = &low, &high
	return r
}

func logs(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Log(v)
	}
	return out
}

// geometricMean is what the ratio is a ratio of.
func geometricMean(values []float64) float64 { return math.Exp(stat.Mean(logs(values), nil)) }

// excludesOne says whether the repeats show a difference at all.
func (r Ratio) excludesOne() bool { return r.Low != nil && (*r.Low > 1 || *r.High < 1) }
