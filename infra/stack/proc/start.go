package proc

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"gazua.example/infra/stack/cpus"
)

// Spec says what to start.
type Spec struct {
	Name string
	Path string
	Args []string
	Env  []string // the whole environment: nothing of the shell's leaks in
	Log  string   // stdout and stderr are appended here
	Also []string // further files that it reads at its start, for the fingerprint
	Nice int      // how far it stands back when the CPU is short (nice(1)); 0 is like everybody
	CPUs cpus.Set // the processors that it may use; none: all

	Admin string // host:port of its admin pages, for the record; empty: it has none
}

// logBound: a log that has grown past it is set aside (one generation) when its process starts.
const logBound = 64 << 20

// Start starts the process in a session of its own, so that neither Ctrl-C nor the end of the shell reaches it. gone is
// closed when it ends while this program still runs. The record is not saved yet: a crash between Start and Save leaves
// a process that nobody knows, which the next start names as the holder of its port.
func Start(s Spec) (r Record, gone <-chan struct{}, err error) {
	fingerprint, err := s.Fingerprint()
	if err != nil {
		return Record{}, nil, err
	}
	if info, err := os.Stat(s.Log); err == nil && info.Size() > logBound {
		if err := os.Rename(s.Log, s.Log+".1"); err != nil {
			return Record{}, nil, fmt.Errorf("set aside the log of %s: %w", s.Name, err)
		}
	}
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return Record{}, nil, fmt.Errorf("open the log of %s: %w", s.Name, err)
	}
	defer log.Close()
	cmd := exec.Command(s.Path, s.Args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := startBound(cmd, s.Nice, s.CPUs); err != nil {
		return Record{}, nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	now, err := readStat(cmd.Process.Pid) // it is our child: until Wait the pid is its own, even if it has ended
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(ended)
	}()
	if err != nil {
		return Record{}, nil, fmt.Errorf("identify %s: %w", s.Name, err)
	}
	return Record{
		Name: s.Name, PID: cmd.Process.Pid, StartTicks: now.start, Boot: bootID(),
		StartedAt: time.Now().UTC().Truncate(time.Millisecond), Fingerprint: fingerprint, Admin: s.Admin,
	}, ended, nil
}

// startBound starts cmd with a lower priority, on some of the processors. A child inherits both from the thread that forks
// it, and without root a thread cannot take a priority back: so the thread is one that ends with its goroutine, which never
// unlocks it.
func startBound(cmd *exec.Cmd, nice int, on cpus.Set) error {
	if nice == 0 && len(on) == 0 {
		return cmd.Start()
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := on.BindThread()
		if err == nil {
			err = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
		}
		if err == nil {
			err = cmd.Start()
		}
		started <- err
	}()
	return <-started
}

// Fingerprint is equal for two specs that would start the same program in the same way.
func (s Spec) Fingerprint() (string, error) {
	sum := sha256.New()
	for _, path := range append([]string{s.Path}, s.Also...) {
		file, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("fingerprint of %s: %w", s.Name, err)
		}
		_, err = io.Copy(sum, file)
		file.Close()
		if err != nil {
			return "", fmt.Errorf("fingerprint of %s: %w", s.Name, err)
		}
	}
	fmt.Fprintf(sum, "%d\x00%s\x00%s\x00%s", s.Nice, s.CPUs, strings.Join(s.Args, "\x00"), strings.Join(s.Env, "\x00"))
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}
