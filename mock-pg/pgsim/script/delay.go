package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxDelay caps every delay, so that a long tail never becomes a request that lives for ever.
const MaxDelay = 30 * time.Second

// Delay is the time that an answer shall take. The zero Delay is none.
//
//	fixed/50ms           always 50 ms
//	uniform/20ms/80ms    anything between, equally likely
//	lognormal/50ms/0.5   median 50 ms, sigma 0.5 of the logarithm: a long tail to the right, as real services have
//	exponential/50ms     mean 50 ms: as if it could end at any moment, whatever has passed already
//	pareto/20ms/1.5      at least 20 ms, shape 1.5: a tail so heavy that the mean says little
type Delay struct {
	shape  shape
	low    time.Duration // fixed: the delay; uniform, pareto: the least; lognormal: the median; exponential: the mean
	high   time.Duration // uniform: the most
	spread float64       // lognormal: sigma; pareto: its shape
}

type shape uint8

const (
	none shape = iota
	fixed
	uniform
	lognormal
	exponential
	pareto
)

// Draw returns the delay of the n-th request of op under a seed: the same three give the same delay, in every run and
// process, whatever else is going on. Others repeat the draw by docs/mock-pg.md: change both or none.
func (d Delay) Draw(seed uint64, op Op, n int) time.Duration {
	switch d.shape {
	case fixed:
		return d.low
	case uniform:
		return d.low + time.Duration(Chance(seed, op, n)*float64(d.high-d.low))
	case lognormal:
		z := math.Sqrt2 * math.Erfinv(2*Chance(seed, op, n)-1) // the normal value with this chance of being undercut
		return time.Duration(min(float64(d.low)*math.Exp(d.spread*z), float64(MaxDelay)))
	case exponential:
		return time.Duration(min(-float64(d.low)*math.Log(Chance(seed, op, n)), float64(MaxDelay)))
	case pareto:
		return time.Duration(min(float64(d.low)*math.Pow(Chance(seed, op, n), -1/d.spread), float64(MaxDelay)))
	}
	return 0
}

// Chance is a number in (0,1), mixed from its arguments with the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func Chance(seed uint64, op Op, n int) float64 {
	x := mix(mix(seed+0x9e3779b97f4a7c15) ^ uint64(op)<<32 ^ uint64(n))
	return (float64(x>>11) + 0.5) / (1 << 53)
}

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// parseDelay reads `<shape>/<duration>[/<second parameter>]`.
func parseDelay(text string) (d Delay, err error) {
	parts := strings.Split(text, "/")
	shape, known := shapes[parts[0]]
	if !known || len(parts) != shape.parts {
		return Delay{}, fmt.Errorf("%q is no delay; write fixed/50ms, uniform/20ms/80ms, lognormal/50ms/0.5, exponential/50ms or pareto/20ms/1.5", text)
	}
	d.shape = shape.is
	if d.low, err = parseDuration(parts[1]); err != nil {
		return Delay{}, err
	}
	switch d.shape {
	case uniform:
		if d.high, err = parseDuration(parts[2]); err == nil && d.high < d.low {
			err = fmt.Errorf("%q: the second duration must not be below the first", text)
		}
	case lognormal:
		d.spread, err = parseSpread(parts[2], "sigma", 0, 5)
	case pareto:
		d.spread, err = parseSpread(parts[2], "the shape", 0.1, 100)
	}
	if err != nil {
		return Delay{}, err
	}
	return d, nil
}

var shapes = map[string]struct {
	is    shape
	parts int
}{"fixed": {fixed, 2}, "uniform": {uniform, 3}, "lognormal": {lognormal, 3}, "exponential": {exponential, 2}, "pareto": {pareto, 3}}

func parseSpread(text, name string, least, most float64) (float64, error) {
	spread, err := strconv.ParseFloat(text, 64)
	if err != nil || !(spread >= least && spread <= most) {
		return 0, fmt.Errorf("%q: %s must be a number from %g to %g", text, name, least, most)
	}
	return spread, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > MaxDelay {
		return 0, fmt.Errorf("%q must be a duration from 0s to %s", text, MaxDelay)
	}
	return d, nil
}
