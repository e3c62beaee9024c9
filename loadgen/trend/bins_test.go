package trend

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// However long a series is, memory is bounded, no value is lost, and a line stays a line.
func TestBins_LongSeries_IsBoundedAndWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length, step := rapid.IntRange(1, 5000).Draw(t, "values"), rapid.Float64Range(0.5, 200).Draw(t, "step")
		b, sum := bins{}, 0.0
		for i := range length {
			b.add(float64(i)*step, 3*float64(i)*step)
			sum += 3 * float64(i) * step
		}
		kept, count := 0.0, 0.0
		for _, one := range b.bins {
			kept, count = kept+one.sum, count+one.n
		}
		if len(b.bins) > mostBins || count != float64(length) || math.Abs(kept-sum) > 1e-9*(1+sum) {
			t.Fatalf("%d bins of %g s, %g of %d values, sum %g of %g", len(b.bins), b.width, count, length, kept, sum)
		}
		points := b.batches(0, float64(length)*step+b.width)
		if len(points) > mostBatches || len(points) == 0 {
			t.Fatalf("%d batches", len(points))
		}
		for _, p := range points {
			if math.Abs(p.Value-3*p.T) > 1e-6*(1+p.T) {
				t.Fatalf("%+v is not on the line", p)
			}
		}
	})
}

func TestBins_WhatIsNoNumber_IsLeftOut(t *testing.T) {
	b := bins{}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		b.add(1, v)
		b.add(v, 1)
	}
	b.add(-1, 1)
	if len(b.bins) != 0 {
		t.Fatalf("%+v", b)
	}
}

func TestBins_Batches_LeaveWhatIsOutside(t *testing.T) {
	b := bins{}
	for i := range 100 {
		b.add(float64(i), float64(i))
	}
	points := b.batches(15, 85)
	if len(points) != 6 || points[0].T != 24.5 || points[5].T != 74.5 {
		t.Fatalf("%+v", points)
	}
}
