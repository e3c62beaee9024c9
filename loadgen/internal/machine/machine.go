// Package machine tells what a measurement ran on. What this machine does not tell is left out.
package machine

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is where something ran.
type Machine struct {
	Name, CPU, Kernel, Go string
	Cores                 int
	Memory                uint64 // bytes
}

// Here is this one.
func Here() Machine {
	name, _ := os.Hostname()
	m := Machine{Name: name, CPU: ValueOf("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Go: runtime.Version()}
	var kernel unix.Utsname
	if unix.Uname(&kernel) == nil {
		m.Kernel = unix.ByteSliceToString(kernel.Release[:])
	}
	if kib, err := strconv.ParseUint(strings.TrimSuffix(ValueOf("/proc/meminfo", "MemTotal"), " kB"), 10, 54); err == nil {
		m.Memory = kib << 10
	}
	return m
}

// ValueOf is the text behind "name :" in a file of /proc, "" where there is none.
func ValueOf(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
