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
type Delay struct {
	shape  shape
	low    time.Duration // fixed: the delay; uniform: the least; lognormal: the median
	high   time.Duration // uniform: the most
	spread float64       // lognormal: sigma
}

type shape uint8

const (
	none shape = iota
	fixed
	uniform
	lognormal
)

// Draw returns the delay of the n-th request of op under a seed: the same three give the same delay, in every run and
// process, whatever else is going on.
func (d Delay) Draw(seed uint64, op Op, n int) time.Duration {
	switch d.shape {
	case fixed:
		return d.low
	case uniform:
		return d.low + time.Duration(chance(seed, op, n)*float64(d.high-d.low))
	case lognormal:
		z := math.Sqrt2 * math.Erfinv(2*chance(seed, op, n)-1) // the normal value with this chance of being undercut
		return time.Duration(min(float64(d.low)*math.Exp(d.spread*z), float64(MaxDelay)))
	}
	return 0
}

// chance is a number in (0,1), mixed from its arguments with the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func chance(seed uint64, op Op, n int) float64 {
	x := mix(mix(seed+0x9e3779b97f4a7c15) ^ uint64(op)<<32 ^ uint64(n))
	return (float64(x>>11) + 0.5) / (1 << 53)
}

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func parseDelay(text string) (Delay, error) {
	parts := strings.Split(text, "/")
	switch {
	case parts[0] == "fixed" && len(parts) == 2:
		at, err := parseDuration(parts[1])
		return Delay{shape: fixed, low: at}, err
	case parts[0] == "uniform" && len(parts) == 3:
		low, err := parseDuration(parts[1])
		if err != nil {
			return Delay{}, err
		}
		high, err := parseDuration(parts[2])
		if err == nil && high < low {
			err = fmt.Errorf("%q: the second duration must not be below the first", text)
		}
		return Delay{shape: uniform, low: low, high: high}, err
	case parts[0] == "lognormal" && len(parts) == 3:
		median, err := parseDuration(parts[1])
		if err != nil {
			return Delay{}, err
		}
		sigma, err := strconv.ParseFloat(parts[2], 64)
		if err != nil || !(sigma >= 0 && sigma <= 5) {
			return Delay{}, fmt.Errorf("%q: sigma must be a number from 0 to 5", text)
		}
		return Delay{shape: lognormal, low: median, spread: sigma}, nil
	}
	return Delay{}, fmt.Errorf("%q is no delay; write fixed/50ms, uniform/20ms/80ms or lognormal/50ms/0.5", text)
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > MaxDelay {
		return 0, fmt.Errorf("%q must be a duration from 0s to %s", text, MaxDelay)
	}
	return d, nil
}
