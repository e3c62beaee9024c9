package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// SpawnOptions are those of a monitor that a run starts beside itself.
type SpawnOptions struct {
	Folder    string    // the run's
	StackFile string    // its stack.env
	Start     time.Time // the run's
	Program   string    // whose command monitor is run; empty: this program
}

// Child is a monitor that runs in a process of its own.
type Child struct {
	cmd   *exec.Cmd
	said  *bytes.Buffer // read only after done
	begun time.Time
	done  chan struct{}
}

// stopBound is how long a monitor may take to end: it writes nothing but its line.
const stopBound = 3 * time.Second

// Spawn starts it. It has a process group of its own: Ctrl-C reaches the run, and the monitor watches on until it is stopped.
// When ctx ends it is killed.
func Spawn(ctx context.Context, o SpawnOptions) (*Child, error) {
	if o.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("start the monitor: %w", err)
		}
		o.Program = self
	}
	said := &bytes.Buffer{}
	cmd := exec.CommandContext(ctx, o.Program, "monitor", "--stack", o.StackFile, "--out", o.Folder,
		"--start", o.Start.UTC().Format(time.RFC3339Nano), "--generator", strconv.Itoa(os.Getpid()))
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = said, said, stopBound
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the monitor: %w", err)
	}
	c := &Child{cmd: cmd, said: said, begun: time.Now(), done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is read in Stop
		close(c.done)
	}()
	return c, nil
}

// Stop ends it and says what it cost, by the kernel's account. An error is one that it ended with by itself, or that it had to
// be killed; what it wrote until then stays.
func (c *Child) Stop() (Cost, error) {
	err := c.cmd.Process.Signal(syscall.SIGTERM)
	gone := errors.Is(err, os.ErrProcessDone)
	killed := false
	select {
	case <-c.done:
	case <-time.After(stopBound):
		killed = true
		_ = c.cmd.Process.Kill() // it may have ended just now
		<-c.done
	}
	cost := Cost{Wall: time.Since(c.begun)}
	state := c.cmd.ProcessState
	if state == nil {
		return cost, errors.New("the monitor's end is not known")
	}
	cost.CPU = state.UserTime() + state.SystemTime()
	if u, ok := state.SysUsage().(*syscall.Rusage); ok {
		cost.MaxBytes = maxBytes(*u)
	}
	switch {
	case killed:
		return cost, fmt.Errorf("the monitor did not end within %s and was killed", stopBound)
	case gone || !state.Success():
		return cost, fmt.Errorf("the monitor ended before the run (%s): %s", state, strings.TrimSpace(c.said.String()))
	}
	return cost, nil
}
