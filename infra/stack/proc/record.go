// Package proc starts processes that outlive the program that started them, remembers them in files, and signals only
// those: a process is its pid AND its start time, so a pid that the kernel gave to somebody else is never touched.
package proc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Record is what the stack remembers of one process, in a file NAME.json that any shell can read.
type Record struct {
	Name        string    `json:"name"`
	PID         int       `json:"pid"`
	StartTicks  uint64    `json:"start_ticks"` // since boot, from /proc/PID/stat
	Boot        string    `json:"boot_id"`
	StartedAt   time.Time `json:"started_at"`
	Fingerprint string    `json:"fingerprint"`     // of the program and settings it was started with
	Admin       string    `json:"admin,omitempty"` // host:port of its admin pages, where it has some
	Stopped     bool      `json:"stopped"`         // it was ended on purpose
}

// State is how a process is.
type State string

// The states of a process. Dead: it should run and does not.
const (
	Running State = "running"
	Paused  State = "paused"
	Stopped State = "stopped"
	Dead    State = "dead"
)

// State looks the process up.
func (r Record) State() State {
	now, err := readStat(r.PID)
	switch alive := err == nil && r.same(now) && !now.ended(); {
	case alive && now.state == 'T':
		return Paused
	case alive:
		return Running
	case r.Stopped || r.PID == 0:
		return Stopped
	default:
		return Dead
	}
}

// Alive says whether the process exists, paused or not.
func (r Record) Alive() bool {
	state := r.State()
	return state == Running || state == Paused
}

// ResidentBytes is the memory it occupies.
func (r Record) ResidentBytes() int64 { return residentBytes(r.PID) }

func (r Record) same(now stat) bool { return r.Boot == bootID() && r.StartTicks == now.start }

// Load reads the record of name; a process that was never started has an empty one.
func Load(dir, name string) (Record, error) {
	text, err := os.ReadFile(recordFile(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return Record{Name: name}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("read the record of %s: %w", name, err)
	}
	r, err := decodeRecord(text)
	if err != nil {
		return Record{}, fmt.Errorf("read the record of %s: %w", name, err)
	}
	return r, nil
}

// decodeRecord refuses what no Save wrote: signals go to the pid that stands here, and those below 1 mean whole groups of
// processes (kill(2)).
func decodeRecord(text []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, err
	}
	if r.PID < 1 || r.Name == "" {
		return Record{}, fmt.Errorf("it names no process: pid %d, name %q", r.PID, r.Name)
	}
	return r, nil
}

// Save writes the record under dir; the rename keeps a reader in another shell from seeing half of it.
func (r Record) Save(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the record of %s: %w", r.Name, err)
	}
	path := recordFile(dir, r.Name)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the record of %s: %w", r.Name, err)
	}
	return os.Rename(path+".new", path)
}

func recordFile(dir, name string) string { return filepath.Join(dir, name+".json") }
