package report

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"gazua.example/loadgen/monitor"
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

// MeasureEfficiency reads what the monitor wrote up to the end of the load. Without it there is nothing to tell.
func MeasureEfficiency(folder string, load float64, payments int64) (*Efficiency, error) {
	recording, err := monitor.Read(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = recording.Close() }() // it was only read
	u := &used{processes: map[string]*Use{}}
	for l, err := range recording.Lines() {
		if err != nil {
			return nil, err
		}
		if l.Values != nil && l.T > 0 && l.T <= load+0.5 {
			u.add(l.Values)
		}
	}
	return u.perPayment(payments), nil
}

// used sums the monitor's seconds.
type used struct {
	seconds   int
	processes map[string]*Use
	host      float64
}

func (u *used) add(second monitor.Values) {
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
