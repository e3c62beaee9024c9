//go:build !linux

package pgsim

import (
	"os"
	"time"
)

// goTimer is the alarm where there is no timerfd: right, and up to a millisecond late.
type goTimer struct {
	timer  *time.Timer
	closed chan struct{}
}

func newAlarm() (alarm, error) {
	t := goTimer{timer: time.NewTimer(time.Hour), closed: make(chan struct{})}
	t.timer.Stop()
	return t, nil
}

func (t goTimer) set(after time.Duration) { t.timer.Reset(after) }

func (t goTimer) wait() error {
	select {
	case <-t.timer.C:
		return nil
	case <-t.closed:
		return os.ErrClosed
	}
}

func (t goTimer) Close() error { close(t.closed); return nil }
