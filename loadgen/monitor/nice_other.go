//go:build !linux

package monitor

import (
	"fmt"
	"syscall"
)

// niceness is how far the monitor stands back when the CPU is short.
const niceness = 10

// StandBack lowers the priority of this process.
func StandBack() error {
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness); err != nil {
		return fmt.Errorf("lower the monitor's priority: %w", err)
	}
	return nil
}
