package pgsim

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// timerfd is timerfd_create(2): a file that becomes readable at the moment. Go's poller waits for it as for any
// connection, and the kernel's high-resolution timer ends that wait within some tens of microseconds.
type timerfd struct{ *os.File }

func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make the timer for delays: %w", err)
	}
	return timerfd{os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (t timerfd) set(after time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(after), 1))} // 0 would disarm it
	raw, err := t.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), 0, &spec, nil) })
	}
	_ = err // closed: the pacer is stopping, and lets everyone go
}

func (t timerfd) wait() error {
	var expirations [8]byte
	_, err := t.Read(expirations[:])
	return err
}
