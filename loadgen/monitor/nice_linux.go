package monitor

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// niceness is how far the monitor stands back when the CPU is short: behind what is measured (5) and the generator (0).
const niceness = 10

// StandBack lowers the priority of this process. Linux keeps it a thread, so it is set for each; threads that come later have
// it from those that make them. Twice, because one may be made while the first round runs.
func StandBack() error {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("lower the monitor's priority: %w", err)
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness); err != nil && err != syscall.ESRCH {
				return fmt.Errorf("lower the monitor's priority: %w", err)
			}
		}
	}
	return nil
}
