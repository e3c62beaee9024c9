package monitor

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// one measures one process for as long as it is the same one: a process that was started again gets a new one, so that no
// counter goes on from its predecessor's.
type one struct {
	name    string
	process *process.Process
	counters
}

// measure puts what can be had. A process that ends meanwhile, or whose files are another user's, leaves keys out.
func (o *one) measure(ctx context.Context, v Values) {
	if times, err := o.process.TimesWithContext(ctx); err == nil {
		o.put(v, "cpu_cores", times.User+times.System)
	}
	if memory, err := o.process.MemoryInfoWithContext(ctx); err == nil {
		v.put(o.name, "rss_bytes", float64(memory.RSS))
	}
	if fds, err := o.process.NumFDsWithContext(ctx); err == nil {
		v.put(o.name, "fds", float64(fds))
	}
	if threads, err := o.process.NumThreadsWithContext(ctx); err == nil {
		v.put(o.name, "threads", float64(threads))
	}
	if io, err := o.process.IOCountersWithContext(ctx); err == nil {
		o.put(v, "disk_read_bytes_per_s", float64(io.DiskReadBytes))
		o.put(v, "disk_write_bytes_per_s", float64(io.DiskWriteBytes))
	}
}

func (o *one) put(v Values, name string, counter float64) {
	if rate, ok := o.rate(name, counter, time.Now()); ok {
		v.put(o.name, name, rate)
	}
}

// processes measures all processes that live at the moment of the tick.
type processes struct {
	living *atomic.Pointer[[]alive] // what the collector saw at this tick; it is set before the source is asked
	known  map[alive]*one
}

// alive is a process that runs: the same name with another identity is another process.
type alive struct {
	name  string
	pid   int
	start uint64 // of the process, in ticks since boot: a pid alone may be given out again
}

func (p *processes) read(ctx context.Context) (Values, error) {
	v, still := Values{}, map[alive]*one{}
	for _, now := range *p.living.Load() {
		if still[now] = p.known[now]; still[now] == nil {
			still[now] = &one{name: now.name, process: &process.Process{Pid: int32(now.pid)}, counters: counters{}}
		}
		still[now].measure(ctx, v)
	}
	p.known = still
	return v, nil
}
