package trend

import (
	"cmp"
	"math"
	"slices"
)

// inflation is by how much autocorrelation widens the variance of Kendall's S: 1 of independent points. It looks at the ranks
// of what is left when the slope is taken off. Lags are added up to the first whose correlation is not above 0, or to a
// quarter of the points: farther ones are chance (C. J. Geyer, Statistical Science 7, 1992, does the same to Markov chains).
func inflation(points []Point, slope float64) float64 {
	centred := ranks(rest(points, slope))
	n := float64(len(centred))
	variance := 0.0
	for i := range centred {
		centred[i] -= (n + 1) / 2
		variance += centred[i] * centred[i]
	}
	if variance == 0 {
		return 1
	}
	factor, scale := 1.0, 2/(n*(n-1)*(n-2))
	for lag := 1; lag <= len(centred)/4; lag++ {
		r := 0.0
		for i := lag; i < len(centred); i++ {
			r += centred[i] * centred[i-lag]
		}
		r /= variance
		// Measured on the points themselves, with their line taken off, a correlation comes out too small. F. H. C. Marriott and
		// J. A. Pope, Biometrika 41, 1954, have (1+4r)/n with a mean taken off; for a line this is an approximation.
		r = min(r+(2+4*r)/n, 1)
		if r <= 0 {
			break
		}
		k := n - float64(lag)
		factor += scale * k * (k - 1) * (k - 2) * r
	}
	return factor
}

// rest is what the slope leaves of the values, around its median. Values that differ by rounding only are made equal, or their
// ranks would be those of the rounding.
func rest(points []Point, slope float64) []float64 {
	out, largest := make([]float64, len(points)), 0.0
	for i, p := range points {
		out[i] = p.Value - slope*p.T
		largest = max(largest, math.Abs(p.Value), math.Abs(slope*p.T))
	}
	if largest == 0 {
		return out
	}
	sorted := slices.Clone(out)
	slices.Sort(sorted)
	grain, centre := largest*1e-10, middle(sorted)
	for i := range out {
		out[i] = math.Round((out[i] - centre) / grain)
	}
	return out
}

// ranks from 1; equal values share the mean of theirs.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, place := range order[from:to] {
			out[place] = float64(from+to+1) / 2
		}
		from = to
	}
	return out
}
