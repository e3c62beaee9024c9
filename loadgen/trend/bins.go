package trend

import "math"

// bins keep a series of any length in bounded memory: means of ten seconds, and when there would be more than mostBins, of
// twice as long. So a day of seconds is 1,080 means of 80 s.
type bins struct {
	width float64
	bins  []bin
}

type bin struct{ n, sumT, sum float64 }

const (
	binSeconds = 10
	mostBins   = 2000
)

// add takes a value of a moment; one from before the clock started or after a thousand years is none.
func (b *bins) add(t, value float64) {
	if !(t >= 0 && t < 1e10) || math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	if b.width == 0 {
		b.width = binSeconds
	}
	for int(t/b.width) >= mostBins {
		b.halve()
	}
	at := int(t / b.width)
	for len(b.bins) <= at {
		b.bins = append(b.bins, bin{})
	}
	b.bins[at].take(bin{1, t, value})
}

func (b *bins) halve() {
	b.width *= 2
	for i := range b.bins {
		if i%2 == 0 {
			b.bins[i/2] = b.bins[i]
		} else {
			b.bins[i/2].take(b.bins[i])
		}
	}
	b.bins = b.bins[:(len(b.bins)+1)/2]
}

func (b *bin) take(o bin) { b.n, b.sumT, b.sum = b.n+o.n, b.sumT+o.sumT, b.sum+o.sum }

// mostBatches is how many means a slope is fitted to. More of them tell hardly more, and longer ones are less correlated
// (B. Schmeiser, Operations Research 30, 1982, finds no use in more than 30 batches); it also bounds the pairs of Theil and Sen
// to 1,770.
const mostBatches = 60

// batches are the means between two moments, at most mostBatches.
func (b *bins) batches(from, to float64) (points []Point) {
	first, last := int(math.Ceil(from/binSeconds)), int(to/binSeconds)
	if b.width > 0 {
		first, last = int(math.Ceil(from/b.width)), int(to/b.width) // whole bins only
	}
	last = min(last, len(b.bins))
	if first >= last {
		return nil
	}
	each := (last - first + mostBatches - 1) / mostBatches
	for i := first; i < last; i += each {
		whole := bin{}
		for _, one := range b.bins[i:min(i+each, last)] {
			whole.take(one)
		}
		if whole.n > 0 {
			points = append(points, Point{whole.sumT / whole.n, whole.sum / whole.n})
		}
	}
	return points
}
