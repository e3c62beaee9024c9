package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Efficiency is what a payment costs, process by process, measured by the monitor during the load. What is worked off after
// the load is not in it: on a backlog the figure is too low, and the report says so by its backlog.
type Efficiency struct {
	Seconds  float64 `json:"seconds"`  // of the load that were measured
	Payments int64   `json:"payments"` // sent in them
	// The bed is what measures: loadgen, monitor and mock-pg. The system is the rest of the processes.
	BedShare    float64 `json:"bed_cpu_share"` // of the CPU of all processes
	BedCores    float64 `json:"bed_cpu_cores"`
	SystemCores float64 `json:"system_cpu_cores"`
	HostCores   float64 `json:"host_cpu_cores"`            // everything on the machine, what is not of the run included
	PerPayment  float64 `json:"system_cpu_us_per_payment"` // of the system
	Processes   []Use   `json:"processes"`
}

// Use is what one process used, the greatest user of CPU first.
type Use struct {
	Process         string  `json:"process"`
	Part            string  `json:"part"` // bed or system
	Cores           float64 `json:"cpu_cores"`
	CPUPerPayment   float64 `json:"cpu_us_per_payment"`
	ReadPerPayment  float64 `json:"disk_read_bytes_per_payment"`
	WrotePerPayment float64 `json:"disk_write_bytes_per_payment"`
	RSSMax          float64 `json:"rss_max_bytes"`
}

// Part says whether a process measures or is measured.
func Part(process string) string {
	if process == "loadgen" || process == "monitor" || strings.HasPrefix(process, "mock-pg") {
		return "bed"
	}
	return "system"
}

// notProcesses are what monitor.jsonl tells of beside processes.
var notProcesses = []string{"host", "kafka", "work"}

// MeasureEfficiency reads monitor.jsonl of a run's folder up to the end of the load. Without one there is nothing to tell.
func MeasureEfficiency(folder string, load float64, payments int64) (*Efficiency, error) {
	path := filepath.Join(folder, "monitor.jsonl")
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the monitor's figures: %w", err)
	}
	defer file.Close()
	use, err := readUse(file, load)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return use.perPayment(payments), nil
}

// used sums the monitor's seconds.
type used struct {
	seconds   int
	processes map[string]*Use
	host      float64
}

// maxMonitorLine bounds a line of monitor.jsonl: some 40 figures of some 20 processes.
const maxMonitorLine = 1 << 20

func readUse(from io.Reader, load float64) (*used, error) {
	u, lines := &used{processes: map[string]*Use{}}, bufio.NewReaderSize(from, maxMonitorLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return u, nil // a last line without its end was torn off
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		var second struct {
			T float64            `json:"t"`
			V map[string]float64 `json:"v"`
		}
		if err := json.Unmarshal(line, &second); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if second.V != nil && second.T > 0 && second.T <= load+0.5 {
			u.add(second.V)
		}
	}
}

func (u *used) add(second map[string]float64) {
	u.seconds++
	for key, value := range second {
		name, metric, _ := strings.Cut(key, "/")
		if name == "host" && (metric == "cpu_user_cores" || metric == "cpu_system_cores") {
			u.host += value
		}
		if slices.Contains(notProcesses, name) {
			continue
		}
		p := u.processes[name]
		if p == nil {
			p = &Use{Process: name, Part: Part(name)}
			u.processes[name] = p
		}
		switch metric {
		case "cpu_cores":
			p.Cores += value
		case "disk_read_bytes_per_s":
			p.ReadPerPayment += value
		case "disk_write_bytes_per_s":
			p.WrotePerPayment += value
		case "rss_bytes":
			p.RSSMax = max(p.RSSMax, value)
		}
	}
}

// perPayment turns the sums over the seconds into what a second and a payment cost.
func (u *used) perPayment(payments int64) *Efficiency {
	if u.seconds == 0 || payments == 0 {
		return nil
	}
	seconds, n := float64(u.seconds), float64(payments)
	e := &Efficiency{Seconds: seconds, Payments: payments, HostCores: u.host / seconds}
	for _, p := range u.processes {
		if p.Part == "bed" {
			e.BedCores += p.Cores / seconds
		} else {
			e.SystemCores += p.Cores / seconds
			e.PerPayment += p.Cores * 1e6 / n
		}
		e.Processes = append(e.Processes, Use{
			Process: p.Process, Part: p.Part, Cores: p.Cores / seconds, CPUPerPayment: p.Cores * 1e6 / n,
			ReadPerPayment: p.ReadPerPayment / n, WrotePerPayment: p.WrotePerPayment / n, RSSMax: p.RSSMax,
		})
	}
	if all := e.BedCores + e.SystemCores; all > 0 {
		e.BedShare = e.BedCores / all
	}
	slices.SortFunc(e.Processes, func(a, b Use) int {
		return cmp.Or(cmp.Compare(b.Cores, a.Cores), cmp.Compare(a.Process, b.Process))
	})
	return e
}
