package bench

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-3*max(1, math.Abs(want)) }

func TestFigureOf_IsStudentsInterval(t *testing.T) {
	// Mean 2, deviation 1, t of 2 degrees 4.3027: 2 ± 4.3027/√3.
	f := figureOf([]float64{1, 2, 3})
	if f.N != 3 || !near(f.Mean, 2) || !near(*f.Low, -0.4842) || !near(*f.High, 4.4842) || !near(f.half(), 2.4842) {
		t.Errorf("%+v, low %g high %g", f, *f.Low, *f.High)
	}
	if one := figureOf([]float64{7}); one.Mean != 7 || one.N != 1 || one.Low != nil || one.High != nil || !math.IsNaN(one.half()) {
		t.Errorf("a single repeat has an interval: %+v", one)
	}
	if nothing := figureOf(nil); nothing.N != 0 || nothing.Mean != 0 {
		t.Errorf("%+v", nothing)
	}
}

// What drifts from repeat to repeat hits both of a pair: a machine that becomes three times as slow leaves the ratio as it is.
func TestPairedRatio_DriftFallsOut(t *testing.T) {
	f := pairedRatio([]float64{3000, 2000, 1000}, []float64{600, 400, 200})
	if !near(f.Mean, 5) || !near(*f.Low, 5) || !near(*f.High, 5) || f.N != 3 {
		t.Errorf("%+v [%g %g]", f, *f.Low, *f.High)
	}
}

func TestPairedRatio_KnownInterval(t *testing.T) {
	// Ratios 2 and 8: logarithms' mean is ln 4, deviation ln 4/√2, t of 1 degree 12.706: ln 4 (1 ± 12.706/2).
	f := pairedRatio([]float64{2, 8}, []float64{1, 1})
	if !near(f.Mean, 4) || !near(math.Log(*f.Low), math.Log(4)*(1-6.353)) || !near(math.Log(*f.High), math.Log(4)*(1+6.353)) {
		t.Errorf("%+v [%g %g]", f, *f.Low, *f.High)
	}
}

func TestPairedRatio_APairWithoutAFigureSaysNothing(t *testing.T) {
	if f := pairedRatio([]float64{4, 9}, []float64{2, 0}); f.N != 1 || !near(f.Mean, 2) || f.Low != nil {
		t.Errorf("%+v", f)
	}
	if f := pairedRatio([]float64{0}, []float64{0}); f.N != 0 || f.Mean != 0 {
		t.Errorf("%+v", f)
	}
	if f := pairedRatio([]float64{1, 2, 3}, []float64{1}); f.N != 1 {
		t.Errorf("%+v", f)
	}
}

// Of many benches with three repeats each, the interval holds the true ratio in 95 %.
func TestPairedRatio_CoversTheTruth(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	const trials, truth = 4000, 5.0
	held := 0
	for range trials {
		var a, b []float64
		for range 3 {
			machine := math.Exp(chance.NormFloat64()) // as noisy as can be
			a = append(a, truth*machine*math.Exp(0.1*chance.NormFloat64()))
			b = append(b, machine*math.Exp(0.1*chance.NormFloat64()))
		}
		if f := pairedRatio(a, b); *f.Low <= truth && truth <= *f.High {
			held++
		}
	}
	if share := float64(held) / trials; share < 0.935 || share > 0.965 {
		t.Errorf("the interval of 95 %% holds the ratio in %.1f %%", share*100)
	}
}
