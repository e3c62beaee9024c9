// Package cpus names sets of processors: those that the system under test gets, and those of the bed that measures it. On
// one machine they would otherwise take the processor from each other, and the figures would be of the machine's scheduler.
package cpus

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Set is a sorted list of processors; the empty one stands for all, which is for no binding.
type Set []int

// most is one above the highest number that a set of the kernel's can hold.
const most = 1024

// Parse reads a list as taskset(1) and cpuset(7) write it: 0-3,5. "all" is the empty set.
func Parse(list string) (Set, error) {
	if list == "all" {
		return nil, nil
	}
	var set Set
	for part := range strings.SplitSeq(list, ",") {
		from, until, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			until = from
		}
		first, err := number(from)
		last, err2 := number(until)
		if err = errors.Join(err, err2); err != nil || last < first {
			return nil, fmt.Errorf("%q is no list of processors such as 0-3,5", list)
		}
		for n := first; n <= last; n++ {
			set = append(set, n)
		}
	}
	slices.Sort(set)
	return slices.Compact(set), nil
}

// number admits digits only: Atoi would take a sign, too.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && n >= most {
		err = strconv.ErrRange
	}
	return int(n), err
}

// String is the list in its shortest form; empty for the empty set.
func (s Set) String() string {
	var parts []string
	for i := 0; i < len(s); {
		end := i
		for end+1 < len(s) && s[end+1] == s[end]+1 {
			end++
		}
		if end > i {
			parts = append(parts, fmt.Sprintf("%d-%d", s[i], s[end]))
		} else {
			parts = append(parts, strconv.Itoa(s[i]))
		}
		i = end + 1
	}
	return strings.Join(parts, ",")
}

// Among refuses a processor that is not one of these.
func (s Set) Among(these Set) error {
	for _, n := range s {
		if !slices.Contains(these, n) {
			return fmt.Errorf("processor %d is not one that this process may use (%s)", n, these)
		}
	}
	return nil
}

// splitFrom is how many processors are worth sharing out: with fewer, one of the sides would starve.
const splitFrom = 4

// Split shares them out: a quarter for the bed, the rest for the system; none to either below four.
func Split(all Set) (system, bed Set) {
	if len(all) < splitFrom {
		return nil, nil
	}
	at := len(all) - (len(all)+3)/4
	return slices.Clone(all[:at]), slices.Clone(all[at:])
}

// Of is what the process (0: this one) may run on.
func Of(pid int) (Set, error) {
	var kernel unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &kernel); err != nil {
		return nil, fmt.Errorf("ask for the processors of process %d: %w", pid, err)
	}
	var set Set
	for n := range most {
		if kernel.IsSet(n) {
			set = append(set, n)
		}
	}
	return set, nil
}

// BindThread binds the calling thread, and whatever it starts from now on (sched_setaffinity(2)). The empty set binds
// nothing.
func (s Set) BindThread() error {
	if len(s) == 0 {
		return nil
	}
	var kernel unix.CPUSet
	for _, n := range s {
		kernel.Set(n)
	}
	if err := unix.SchedSetaffinity(0, &kernel); err != nil {
		return fmt.Errorf("bind to processors %s: %w", s, err)
	}
	return nil
}
