package callback

import (
	"math/rand/v2"
	"time"
)

// A callback that fails is tried again after a second, then after twice as long each time, up to a quarter of an hour; each
// wait is up to a fifth shorter or longer, so that what failed together does not come back together. After a day it is
// given up: the last attempt is at the end of that day.
const (
	firstWait = time.Second
	mostWait  = 15 * time.Minute
	giveUp    = 24 * time.Hour
)

func backoff(attempts int, age time.Duration) (wait time.Duration, over bool) {
	if age >= giveUp {
		return 0, true
	}
	wait = min(firstWait<<min(max(attempts-1, 0), 20), mostWait)
	wait = time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
	return min(wait, giveUp-age), false
}
