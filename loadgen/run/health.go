package run

import (
	"math"
	"runtime"
	"runtime/metrics"
	"syscall"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
)

// health measures the generator itself: a load test that does not is a test of its own generator.
type health struct {
	since  time.Time
	cpu    time.Duration
	cycles uint32
	pauses []uint64
}

func startHealth() health {
	pauses := gcPauses()
	h := health{since: time.Now(), cpu: cpuTime(), cycles: gcCycles(), pauses: make([]uint64, len(pauses.Counts))}
	copy(h.pauses, pauses.Counts)
	return h
}

func (h *health) figures(lateness record.Figures, requests int64) report.Generator {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	used := cpuTime() - h.cpu
	return report.Generator{
		Lateness: lateness, CPU: used.Seconds(), CPUPerCall: float64(used.Microseconds()) / float64(max(requests, 1)),
		CPUShare: used.Seconds() / time.Since(h.since).Seconds(), Cores: cores(), GCPauseMax: h.longestPause() * 1000,
		GCs: gcCycles() - h.cycles, HeapMiB: float64(memory.HeapAlloc) / (1 << 20), RSSMaxMiB: float64(usage().Maxrss) / 1024,
	}
}

// longestPause is the upper edge of the highest bucket that gained a pause since the start, in seconds.
func (h *health) longestPause() float64 {
	now := gcPauses()
	for i := len(now.Counts) - 1; i >= 0; i-- {
		if now.Counts[i] > h.pauses[i] {
			if upper := now.Buckets[i+1]; !math.IsInf(upper, 1) {
				return upper
			}
			return now.Buckets[i]
		}
	}
	return 0
}

func gcPauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

func gcCycles() uint32 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.NumGC
}

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for the process itself
	return u
}

func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
