package trend

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Point is a value at a moment.
type Point struct{ T, Value float64 }

// Slope is how fast values change, in their unit a unit of time, and the interval in which the true slope lies with the
// stated confidence. Low is -Inf and High +Inf where the points cannot bound it.
type Slope struct{ Value, Low, High float64 }

// leastPoints is what a slope with an interval needs: of fewer the normal approximation of Kendall's S is poor.
const leastPoints = 10

// Fit estimates the slope by Theil and Sen: the median of the slopes of all pairs of points, which some wild points
// do not move (its breakdown point is 29 %). Its interval is Sen's (P. K. Sen, Journal of the American Statistical Association 63, 1968), with the variance of
// Kendall's S corrected for ties and for autocorrelation (K. H. Hamed and A. R. Rao, Journal of Hydrology 204, 1998): one second
// resembles the next, so n of them know less than n independent ones. Nothing is drawn, so the same points give the same
// interval. The cost is of the square of the points.
func Fit(points []Point, confidence float64) Slope {
	n := len(points)
	if n < 2 {
		return Slope{0, math.Inf(-1), math.Inf(1)}
	}
	slopes := make([]float64, 0, n*(n-1)/2)
	for i, a := range points {
		for _, b := range points[i+1:] {
			if b.T > a.T {
				slopes = append(slopes, (b.Value-a.Value)/(b.T-a.T))
			}
		}
	}
	if len(slopes) == 0 {
		return Slope{0, math.Inf(-1), math.Inf(1)}
	}
	slices.Sort(slopes)
	s := Slope{Value: middle(slopes), Low: math.Inf(-1), High: math.Inf(1)}
	if n < leastPoints {
		return s
	}
	z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
	spread := z * math.Sqrt(kendallVariance(points)*inflation(points, s.Value))
	// The ranks of the slopes that bound it, counted from 0 and rounded outwards.
	below := int(math.Floor((float64(len(slopes))-spread)/2)) - 1
	if spread == 0 { // all values are equal
		below = 0
	}
	if below >= 0 {
		s.Low, s.High = slopes[below], slopes[len(slopes)-1-below]
	}
	return s
}

// kendallVariance is the variance of Kendall's S of independent values, equal ones counted.
func kendallVariance(points []Point) float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = p.Value
	}
	slices.Sort(values)
	term := func(n float64) float64 { return n * (n - 1) * (2*n + 5) }
	sum, tied := term(float64(len(values))), 1.0
	for i := 1; i <= len(values); i++ {
		if i < len(values) && values[i] == values[i-1] {
			tied++
			continue
		}
		sum -= term(tied) // of a value that stands alone it is 0
		tied = 1
	}
	return sum / 18
}

// middle is the median of sorted values.
func middle(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
