package pace

import (
	"math"
	"sort"
	"time"
)

// curve is a rate over time, from the curve's own start. area is what has come by then; reached is its inverse: when the
// area has grown to count, at most within.
type curve interface {
	rate(at time.Duration) float64
	area(at time.Duration) float64
	reached(count float64, within time.Duration) time.Duration
}

// line goes straight from one rate to another within so many seconds.
type line struct{ from, to, seconds float64 }

func (l line) slope() float64 {
	if l.seconds == 0 {
		return 0
	}
	return (l.to - l.from) / l.seconds
}

func (l line) rate(at time.Duration) float64 { return l.from + l.slope()*at.Seconds() }

func (l line) area(at time.Duration) float64 {
	t := at.Seconds()
	return l.from*t + l.slope()*t*t/2
}

func (l line) reached(count float64, within time.Duration) time.Duration {
	if count <= 0 {
		return 0
	}
	// slope/2·t² + from·t = count. This form of the root does not cancel out when the slope is small, and is count/from
	// when it is zero.
	seconds := 2 * count / (l.from + math.Sqrt(math.Max(0, l.from*l.from+2*l.slope()*count)))
	if !(seconds < within.Seconds()) {
		return within
	}
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// sine swings around a mean, beginning there upwards.
type sine struct{ mean, amplitude, period float64 }

func (s sine) angle(at time.Duration) float64 { return 2 * math.Pi * at.Seconds() / s.period }

func (s sine) rate(at time.Duration) float64 { return s.mean + s.amplitude*math.Sin(s.angle(at)) }

func (s sine) area(at time.Duration) float64 {
	return s.mean*at.Seconds() + s.amplitude*s.period/(2*math.Pi)*(1-math.Cos(s.angle(at)))
}

// reached has no closed form, so it is searched for among the nanoseconds. The search is monotone in count, as Newton's
// method would not be in its last digits, and costs less than 1 µs.
func (s sine) reached(count float64, within time.Duration) time.Duration {
	if count <= 0 {
		return 0
	}
	return time.Duration(sort.Search(int(within), func(at int) bool { return s.area(time.Duration(at)) >= count }))
}
