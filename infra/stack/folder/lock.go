package folder

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// lockPoll is how often a taken lock is tried again: flock itself cannot be interrupted by Ctrl-C in Go.
const lockPoll = 100 * time.Millisecond

// Lock takes the file lock at path and holds it until unlock is called or the process ends, however it ends: the kernel
// releases it with the file. While another holds it, waiting is called once with who that is. The children that are
// started meanwhile do not inherit it (Go opens files close-on-exec).
func Lock(ctx context.Context, path, who string, waiting func(holder string)) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for told := false; ; told = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !told && waiting != nil {
			holder, _ := os.ReadFile(path)
			waiting(strings.TrimSpace(string(holder)))
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("wait for lock %s: %w", path, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
	// Who holds it is only a hint for the one who waits; the lock does not depend on it.
	_ = file.Truncate(0)
	_, _ = file.WriteAt([]byte(fmt.Sprintf("%s (pid %d)\n", who, os.Getpid())), 0)
	return func() { file.Close() }, nil
}
