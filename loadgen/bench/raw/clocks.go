package raw

import (
	"slices"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// percentile of the payments' times, in ms.
func percentile(waves []wave, share float64) float64 {
	sorted := slices.SortedFunc(slices.Values(waves), func(a, b wave) int { return int(a.took - b.took) })
	all := 0
	for _, w := range sorted {
		all += w.members
	}
	seen := 0
	for _, w := range sorted {
		if seen += w.members; float64(seen) >= share*float64(all) {
			return float64(w.took) / float64(time.Millisecond)
		}
	}
	return 0
}

// clocks are CPU seconds of this process and of the server.
type clocks struct{ own, mysql float64 }

func readClocks(mysql int) (c clocks) {
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		c.own = time.Duration(own.Utime.Nano() + own.Stime.Nano()).Seconds()
	}
	if mysql > 0 {
		if times, err := (&process.Process{Pid: int32(mysql)}).Times(); err == nil {
			c.mysql = times.User + times.System
		}
	}
	return c
}
