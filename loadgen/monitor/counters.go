package monitor

import "time"

// counters turn counters into rates. A counter that went down was started anew (its process was): that interval has no
// rate. Each source has its own, used by its one goroutine.
type counters map[string]reading

type reading struct {
	value float64
	at    time.Time
}

// rate is the increase per second since the counter was read last; false when there is none yet.
func (c counters) rate(name string, value float64, at time.Time) (float64, bool) {
	increase, elapsed, ok := c.increase(name, value, at)
	if !ok {
		return 0, false
	}
	return increase / elapsed, true
}

// increase is by how much the counter grew, and in how many seconds.
func (c counters) increase(name string, value float64, at time.Time) (increase, seconds float64, ok bool) {
	last, known := c[name]
	c[name] = reading{value, at}
	seconds = at.Sub(last.at).Seconds()
	if !known || value < last.value || seconds <= 0 {
		return 0, 0, false
	}
	return value - last.value, seconds, true
}

// mean is the mean of what a sum and a count gained since they were read last; false when nothing was added.
func (c counters) mean(name string, sum, count float64, at time.Time) (float64, bool) {
	gained, _, ok := c.increase(name+" sum", sum, at)
	number, _, ok2 := c.increase(name+" count", count, at)
	if !ok || !ok2 || number == 0 {
		return 0, false
	}
	return gained / number, true
}
