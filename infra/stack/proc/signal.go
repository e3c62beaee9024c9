package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ErrGone means that the recorded process does not exist any more.
var ErrGone = errors.New("the process is gone")

// deathPoll is how often a process that was told to end is looked at: it is not our child, so nothing reports its end.
const deathPoll = 20 * time.Millisecond

// Signal sends sig to the recorded process and to no other. os.FindProcess holds the process by a pidfd, so when the
// start time read after it is the recorded one, the signal cannot reach a process that took over the pid meanwhile.
func (r Record) Signal(sig syscall.Signal) error {
	if r.PID <= 0 {
		return ErrGone
	}
	process, err := os.FindProcess(r.PID)
	if err != nil {
		return ErrGone
	}
	defer func() { _ = process.Release() }()
	if now, err := readStat(r.PID); err != nil || !r.same(now) {
		return ErrGone
	}
	err = process.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return ErrGone
	}
	if err != nil {
		return fmt.Errorf("signal %s (pid %d): %w", r.Name, r.PID, err)
	}
	return nil
}

// Stop asks the process to end with sig and waits at most bound, then kills it. Killed says that this was needed. A
// paused process is woken, or it could not follow the signal. When ctx ends first, the process is left as it is then.
func (r Record) Stop(ctx context.Context, sig syscall.Signal, bound time.Duration) (killed bool, err error) {
	for _, s := range []syscall.Signal{sig, syscall.SIGCONT} {
		if err := r.Signal(s); errors.Is(err, ErrGone) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	if r.waitDeath(ctx, bound) {
		return false, nil
	}
	if ctx.Err() != nil {
		return false, fmt.Errorf("stop %s: %w", r.Name, ctx.Err())
	}
	return true, r.Kill(ctx)
}

// killBound: only a process stuck in the kernel (a dead disk) takes longer to die.
const killBound = 10 * time.Second

// Kill ends the process at once (SIGKILL) and waits until it is gone.
func (r Record) Kill(ctx context.Context) error {
	if err := r.Signal(syscall.SIGKILL); errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return err
	}
	if !r.waitDeath(ctx, killBound) {
		return fmt.Errorf("%s (pid %d) does not die", r.Name, r.PID)
	}
	return nil
}

// Pause stops the process where it stands; it keeps its memory, sockets and locks.
func (r Record) Pause() error { return r.Signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (r Record) Resume() error { return r.Signal(syscall.SIGCONT) }

func (r Record) waitDeath(ctx context.Context, bound time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	for r.Alive() {
		select {
		case <-ctx.Done():
			return !r.Alive()
		case <-time.After(deathPoll):
		}
	}
	return true
}
