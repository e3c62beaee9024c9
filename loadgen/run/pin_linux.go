package run

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// PinTo binds every thread of this process, and so everything it starts, to a list of CPUs as in 0-1,3. Threads that
// begin later inherit it from their parent, so the list of threads is gone through until no new one is found.
func PinTo(list string) error {
	set, err := parseCPUs(list)
	if err != nil {
		return fmt.Errorf("BED_CPUS %q: %w", list, err)
	}
	pinned := map[int]bool{}
	for grown := true; grown; {
		grown = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("bind the generator to the CPUs %s: %w", list, err)
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil || pinned[id] {
				continue
			}
			if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, unix.ESRCH) { // it has ended
				return fmt.Errorf("bind the generator to the CPUs %s (BED_CPUS): %w", list, err)
			}
			pinned[id], grown = true, true
		}
	}
	return nil
}

// maxCPU is what a set of the kernel's size can name.
const maxCPU = 1023

func parseCPUs(list string) (set unix.CPUSet, err error) {
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		first, err := strconv.Atoi(low)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(high)
		}
		if err != nil || first < 0 || last < first || last > maxCPU {
			return set, fmt.Errorf("%q is no CPU and no range of them; 0-1,3 names three", part)
		}
		for cpu := first; cpu <= last; cpu++ {
			set.Set(cpu)
		}
	}
	return set, nil
}

// cores is how many CPUs this process may use.
func cores() int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 1
	}
	return max(set.Count(), 1)
}
