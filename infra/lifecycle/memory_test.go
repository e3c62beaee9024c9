package lifecycle_test

import (
	"math"
	"runtime/debug"
	"testing"

	"gazua.example/infra/lifecycle"
)

func TestCollectSeldom_TheEnvironmentWins(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	now := func() (percent int, limit int64) {
		percent = debug.SetGCPercent(100) // says what it was
		return percent, debug.SetMemoryLimit(math.MaxInt64)
	}
	for _, c := range []struct {
		gogc, limit string
		percent     int
		bytes       int64
	}{
		{"", "", 400, 512 << 20},
		{"50", "", 100, 512 << 20}, // it stays what it is: Go itself has read the variable when it started
		{"", "1GiB", 400, math.MaxInt64},
		{"off", "off", 100, math.MaxInt64},
	} {
		t.Setenv("GOGC", c.gogc)
		t.Setenv("GOMEMLIMIT", c.limit)
		lifecycle.CollectSeldom()
		if percent, bytes := now(); percent != c.percent || bytes != c.bytes {
			t.Errorf("GOGC=%q GOMEMLIMIT=%q: %d %% and %d bytes, want %d and %d", c.gogc, c.limit, percent, bytes, c.percent, c.bytes)
		}
	}
}
