package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
)

// host measures the machine. Where there is no /proc it gives what gopsutil can have: CPU, memory, network and perhaps disk.
type host struct {
	root  string // "/", another one in tests
	disks []string
	counters
}

func newHost(root string) *host {
	return &host{root: root, disks: wholeDisks(root + "sys/block"), counters: counters{}}
}

func (h *host) read(ctx context.Context) (Values, error) {
	v := Values{}
	return v, errors.Join(h.cpu(ctx, v), h.memory(ctx, v), h.disk(ctx, v), h.network(ctx, v), h.tcp(ctx, v), h.pressure(v))
}

func (h *host) cpu(ctx context.Context, v Values) error {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil || len(all) == 0 {
		return fmt.Errorf("read the machine's CPU times: %w", err)
	}
	now, t := time.Now(), all[0]
	for name, seconds := range map[string]float64{
		"cpu_user_cores": t.User + t.Nice, "cpu_system_cores": t.System + t.Irq + t.Softirq,
		"cpu_iowait_cores": t.Iowait, "cpu_idle_cores": t.Idle, "cpu_steal_cores": t.Steal,
	} {
		h.put(v, name, seconds, now)
	}
	return nil
}

func (h *host) memory(ctx context.Context, v Values) error {
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return fmt.Errorf("read the machine's memory: %w", err)
	}
	v.put("host", "mem_available_bytes", float64(memory.Available))
	return nil
}

func (h *host) disk(ctx context.Context, v Values) error {
	if len(h.disks) == 0 {
		return nil
	}
	all, err := disk.IOCountersWithContext(ctx, h.disks...)
	if err != nil {
		return fmt.Errorf("read the disks' counters: %w", err)
	}
	now, busiest := time.Now(), -1.0
	var read, written uint64
	for name, d := range all {
		read, written = read+d.ReadBytes, written+d.WriteBytes
		if busy, ok := h.rate("busy "+name, float64(d.IoTime)/1000, now); ok {
			busiest = max(busiest, busy)
		}
	}
	h.put(v, "disk_read_bytes_per_s", float64(read), now)
	h.put(v, "disk_write_bytes_per_s", float64(written), now)
	if busiest >= 0 {
		v.put("host", "disk_util_pct", min(busiest*100, 100))
	}
	return nil
}

// network keeps the loopback apart: on one machine everything of the stack goes through it.
func (h *host) network(ctx context.Context, v Values) error {
	all, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return fmt.Errorf("read the network's counters: %w", err)
	}
	now := time.Now()
	var outside, loopback uint64
	for _, card := range all {
		if card.Name == "lo" || card.Name == "lo0" {
			loopback += card.BytesSent // what is sent is received by the same
			continue
		}
		outside += card.BytesSent + card.BytesRecv
	}
	h.put(v, "net_bytes_per_s", float64(outside), now)
	h.put(v, "net_loopback_bytes_per_s", float64(loopback), now)
	return nil
}

// tcp asks for totals that the kernel keeps; a list of all connections would cost more the more there are.
func (h *host) tcp(ctx context.Context, v Values) error {
	if _, err := os.Stat(h.root + "proc/net/snmp"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	protocols, err := net.ProtoCountersWithContext(ctx, []string{"tcp"})
	if err != nil || len(protocols) == 0 {
		return fmt.Errorf("read TCP's counters: %w", err)
	}
	v.put("host", "tcp_established", float64(protocols[0].Stats["CurrEstab"]))
	h.put(v, "tcp_retrans_per_s", float64(protocols[0].Stats["RetransSegs"]), time.Now())
	text, err := os.ReadFile(h.root + "proc/net/sockstat")
	if err != nil {
		return fmt.Errorf("read TCP's waiting connections: %w", err)
	}
	waiting, err := decodeTimeWait(string(text))
	if err != nil {
		return err
	}
	v.put("host", "tcp_time_wait", waiting)
	return nil
}

func (h *host) put(v Values, name string, counter float64, now time.Time) {
	if rate, ok := h.rate(name, counter, now); ok {
		v.put("host", name, rate)
	}
}

// wholeDisks are the disks that count bytes of their own: no partitions, and none that only pass on to others.
func wholeDisks(folder string) (names []string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		made := false
		for _, prefix := range []string{"loop", "ram", "zram", "dm-", "md", "sr", "fd"} {
			made = made || strings.HasPrefix(e.Name(), prefix)
		}
		if !made {
			names = append(names, e.Name())
		}
	}
	return names
}
