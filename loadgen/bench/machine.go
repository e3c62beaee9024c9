package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gazua.example/loadgen/internal/machine"
)

// Machine is where it ran. A figure without it is none.
type Machine struct {
	Name   string `json:"name"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory uint64 `json:"memory_bytes"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	// Fsync is the median of 200 times writing 4 KiB to the disk on which the database lies.
	Fsync float64 `json:"fsync_p50_us"`
}

func readMachine(folder string) (Machine, error) {
	here := machine.Here()
	m := Machine{Name: here.Name, CPU: here.CPU, Cores: here.Cores, Memory: here.Memory, Kernel: here.Kernel, Go: here.Go}
	fsync, err := fsyncMedian(folder)
	m.Fsync = float64(fsync) / float64(time.Microsecond)
	return m, err
}

// fsyncs of 4 KiB each are enough for a median.
const fsyncs = 200

func fsyncMedian(folder string) (time.Duration, error) {
	file, err := os.Create(filepath.Join(folder, "fsync.tmp"))
	if err != nil {
		return 0, fmt.Errorf("measure the disk: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // in the bench's own folder
	defer file.Close()
	var times []time.Duration
	for range fsyncs {
		began := time.Now()
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		if err := file.Sync(); err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// String is one line.
func (m Machine) String() string {
	return fmt.Sprintf("%s: %s, %d cores, %.1f GiB, Linux %s, %s; an fsync of 4 KiB takes %.0f µs (median of %d)",
		m.Name, m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.Kernel, m.Go, m.Fsync, fsyncs)
}
