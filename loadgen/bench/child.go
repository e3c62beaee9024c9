package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/bench/raw"
)

// runBound is for settling and verifying after the load.
const runBound = 10 * time.Minute

// run is one `loadgen run` in a process of its own, since its CPU is measured too. It returns the run's folder.
func (b *bench) run(ctx context.Context, p Place, load time.Duration, flags ...string) (string, error) {
	file := filepath.Join(b.Folder, "scenarios", p.name()+".yaml")
	if err := os.WriteFile(file, []byte(scenarioText(p, load)), 0o644); err != nil {
		return "", err
	}
	args := append([]string{"run", file, "--stack", b.stack.File(), "--out", filepath.Join(b.Folder, "runs"), "--tag", p.name(), "--progress", "1m"}, flags...)
	if p.Contestant == Legacy {
		args = append(args, "--legacy")
	}
	out, err := b.child(ctx, load+runBound, b.stack.Env, args...)
	if folder, ok := folderOf(out); ok {
		return folder, nil // FAIL and INVALID are errors of the process and results of the run
	}
	return "", fmt.Errorf("the run has no result: %w", errors.Join(err, ctx.Err()))
}

// child runs a verb of our own program and returns what it prints. When ctx ends it is told to, and ends as a person's
// Ctrl-C would end it.
func (b *bench) child(ctx context.Context, bound time.Duration, env []string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, self, args...)
	command.Env = env
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for us: we pass it on, once
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 2 * time.Minute
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("loadgen %s: %w\n%s", args[0], err, tail(said.Bytes()))
	}
	return out.Bytes(), nil
}

// raw measures the ceiling, in a process of its own as well.
func (b *bench) raw(ctx context.Context, p Place, load time.Duration) (Repeat, error) {
	dsn, err := b.stack.AdminDSN()
	if err != nil {
		return Repeat{}, err
	}
	server, err := proc.Load(filepath.Join(b.stack.Folder, "run"), "mysql")
	if err != nil {
		return Repeat{}, err
	}
	env := append(os.Environ(), "MYSQL_DSN="+dsn)
	if os.Getenv("GOMAXPROCS") == "" {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(max(1, runtime.NumCPU()/2))) // as the stack's programs have it
	}
	args := []string{"bench-raw", "--clients", strconv.Itoa(p.Clients), "--legs", strconv.Itoa(p.Legs), "--duration", load.String(), "--mysql", strconv.Itoa(server.PID)}
	if p.Mode == Async {
		args = append(args, "--async")
	}
	out, err := b.child(ctx, load+runBound, env, args...)
	if err != nil {
		return Repeat{}, err
	}
	var f raw.Figures
	if err := json.Unmarshal(out, &f); err != nil {
		return Repeat{}, fmt.Errorf("read what raw has measured: %w\n%s", err, tail(out))
	}
	return Repeat{
		Verdict: f.Verdict, Reasons: f.Reasons, Payments: f.Payments, Rate: f.Rate, P50: f.P50, P99: f.P99,
		CPU: map[string]float64{"mysql": f.MySQLCPU, "client": f.CPU}, System: f.MySQLCPU + f.CPU,
	}, nil
}

// tail is the end of what a process said.
func tail(out []byte) []byte {
	out = bytes.TrimSpace(out)
	return out[max(0, len(out)-1000):]
}
