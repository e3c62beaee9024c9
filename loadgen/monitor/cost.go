package monitor

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Cost is what the monitor itself took.
type Cost struct {
	CPU      time.Duration
	Wall     time.Duration
	MaxBytes int64 // resident, at most
}

// Cores is the CPU it took on the average.
func (c Cost) Cores() float64 {
	if c.Wall <= 0 {
		return 0
	}
	return c.CPU.Seconds() / c.Wall.Seconds()
}

func (c Cost) String() string {
	return fmt.Sprintf("monitor: %.3f cores, %d MB", c.Cores(), c.MaxBytes/1e6)
}

var begun = time.Now()

func costOfThis() Cost {
	u := usage()
	return Cost{CPU: cpuOf(u), Wall: time.Since(begun), MaxBytes: maxBytes(u)}
}

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for the process itself
	return u
}

func cpuOf(u syscall.Rusage) time.Duration { return time.Duration(u.Utime.Nano() + u.Stime.Nano()) }

// maxBytes: Linux counts in KiB, Darwin in bytes (getrusage(2)).
func maxBytes(u syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}

// self is the monitor as a source: what it costs stands in the file it writes. The kernel's clock ticks of 10 ms would be too
// coarse for it.
type self struct{ counters }

func (s self) read(ctx context.Context) (Values, error) {
	v := Values{}
	if cores, ok := s.rate("cpu", cpuOf(usage()).Seconds(), time.Now()); ok {
		v.put("monitor", "cpu_cores", cores)
	}
	me := process.Process{Pid: int32(os.Getpid())}
	memory, err := me.MemoryInfoWithContext(ctx)
	if err != nil {
		return v, fmt.Errorf("read the monitor's own memory: %w", err)
	}
	v.put("monitor", "rss_bytes", float64(memory.RSS))
	v.put("monitor", "goroutines", float64(runtime.NumGoroutine()))
	return v, nil
}
