package scenario

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// longestDelay is the mock's own bound of a delay.
const longestDelay = 30 * time.Second

// delay is one of the token's grammar: fixed/50ms, uniform/20ms/80ms, lognormal/50ms/0.5 (median, sigma), exponential/50ms
// (mean), pareto/20ms/1.5 (least, shape).
type delay struct {
	shape     string
	low, high time.Duration // uniform; the others have low only
	spread    float64       // lognormal: sigma; pareto: its shape
}

func parseDelay(text string) (d delay, err error) {
	parts := strings.Split(text, "/")
	wrong := fmt.Errorf("must be fixed/50ms, uniform/20ms/80ms, lognormal/50ms/0.5 (median, sigma), exponential/50ms or pareto/20ms/1.5, at most %s, not %q", longestDelay, text)
	read := func(text string) (at time.Duration) {
		if at, err = time.ParseDuration(text); err != nil || at < 0 || at > longestDelay {
			err = wrong
		}
		return at
	}
	spread := func(text string, least, most float64) float64 {
		value, bad := strconv.ParseFloat(text, 64)
		if bad != nil || !(value >= least && value <= most) {
			err = wrong
		}
		return value
	}
	d.shape = parts[0]
	switch {
	case (d.shape == "fixed" || d.shape == "exponential") && len(parts) == 2:
		d.low = read(parts[1])
	case d.shape == "uniform" && len(parts) == 3:
		if d.low = read(parts[1]); err == nil {
			d.high = read(parts[2])
		}
		if err == nil && d.high < d.low {
			err = wrong
		}
	case d.shape == "lognormal" && len(parts) == 3:
		if d.low = read(parts[1]); err == nil {
			d.spread = spread(parts[2], 0, 5)
		}
	case d.shape == "pareto" && len(parts) == 3:
		if d.low = read(parts[1]); err == nil {
			d.spread = spread(parts[2], 0.1, 100)
		}
	default:
		err = wrong
	}
	return d, err
}

// at is the delay for a chance between 0 and 1.
func (d delay) at(chance float64) time.Duration {
	switch d.shape {
	case "uniform":
		return d.low + time.Duration(chance*float64(d.high-d.low))
	case "lognormal":
		z := math.Sqrt2 * math.Erfinv(2*chance-1) // the normal value with this chance of being undercut
		return time.Duration(min(float64(d.low)*math.Exp(d.spread*z), float64(longestDelay)))
	case "exponential":
		return time.Duration(min(-float64(d.low)*math.Log(chance), float64(longestDelay)))
	case "pareto":
		return time.Duration(min(float64(d.low)*math.Pow(chance, -1/d.spread), float64(longestDelay)))
	}
	return d.low
}

// injected is what the mock draws for the n-th request (from 1) of an operation under a token's seed: the algorithm of
// docs/mock-pg.md, written down a second time, since the program must not share code with the mock.
func (d delay) injected(seed uint64, operation string, n int) time.Duration {
	x := mix(mix(seed+0x9e3779b97f4a7c15) ^ operationNumber(operation)<<32 ^ uint64(n))
	return d.at((float64(x>>11) + 0.5) / (1 << 53))
}

// Injected is how long the means will take, by this scenario's will, until the payment is PAID: its calls go out one after
// another, each once. What is left of the time to the answer is the system's own. False where something else than delays is
// asked for, so that the calls are not known.
func (s *Scenario) Injected(p *Payment) (sum time.Duration, ok bool) {
	for i := range p.Legs {
		leg := &p.Legs[i]
		if !leg.Plain {
			return 0, false
		}
		d, err := parseDelay(s.Means[leg.Means].Delay)
		if err != nil {
			return 0, false
		}
		for _, operation := range leg.Means.forward() {
			sum += d.injected(leg.Seed, operation, 1)
		}
	}
	return sum, true
}
