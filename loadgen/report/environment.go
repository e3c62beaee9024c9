package report

import "time"

// Host is where the generator ran, and of which commit the work tree was.
type Host struct {
	Name     string            `json:"name"`
	OS       string            `json:"os"`
	Kernel   string            `json:"kernel,omitempty"`
	CPU      string            `json:"cpu,omitempty"` // its model
	Cores    int               `json:"cores"`
	BedCPUs  string            `json:"bed_cpus,omitempty"` // to which the generator was bound, as in 0-1,3
	Memory   uint64            `json:"memory_bytes,omitempty"`
	Commit   string            `json:"commit,omitempty"`
	Modified bool              `json:"modified,omitempty"` // the work tree differs from the commit
	Versions map[string]string `json:"versions"`           // go, loadgen (its file), mysql
}

// Process is one process of the stack as it was when the run began. Two runs of different programs or settings are no
// repeats of each other.
type Process struct {
	Name     string            `json:"name"`
	PID      int               `json:"pid"`
	Started  time.Time         `json:"started_at"`
	SHA256   string            `json:"sha256,omitempty"` // of its program's file
	CPUs     string            `json:"cpus,omitempty"`   // that it may use
	Settings map[string]string `json:"settings,omitempty"`
}
