package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// stat is what /proc/PID/stat tells (proc_pid_stat(5)).
type stat struct {
	state   byte   // R S D T Z …
	threads int    // of a zombie: those that are not done with ending still hold its ports and files
	start   uint64 // clock ticks from boot to the process's start
}

// ended says that nothing is left of the process but its entry, which its parent has not read yet; where nobody does (a
// container's init), it stays for ever.
func (s stat) ended() bool { return s.state == 'X' || s.state == 'Z' && s.threads <= 1 }

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(text))
}

// parseStat skips to the last parenthesis: the program's name stands in parentheses and may contain anything.
func parseStat(text string) (stat, error) {
	_, rest, found := cutLast(text, ") ")
	field := strings.Fields(rest)
	if !found || len(field) < 20 {
		return stat{}, fmt.Errorf("unreadable /proc/PID/stat: %q", text)
	}
	start, err := strconv.ParseUint(field[19], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("unreadable start time in /proc/PID/stat: %w", err)
	}
	threads, err := strconv.Atoi(field[17])
	if err != nil {
		return stat{}, fmt.Errorf("unreadable number of threads in /proc/PID/stat: %w", err)
	}
	return stat{state: field[0][0], threads: threads, start: start}, nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	at := strings.LastIndex(text, sep)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(sep):], true
}

// bootID tells this boot of the machine from every other: start times count from boot.
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}

// residentBytes is the memory a process occupies; 0 when it is gone.
func residentBytes(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	field := strings.Fields(string(text))
	if len(field) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(field[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
