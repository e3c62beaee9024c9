// Package ports tells whether a TCP port of 127.0.0.1 is free and, when it is not, who holds it.
package ports

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Free is nil when the port can be listened on, else one sentence with the holder.
func Free(port int) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		return listener.Close()
	}
	return fmt.Errorf("port %d is taken by %s", port, Holder(port))
}

// Holder names the process that listens on port: its pid and its command.
func Holder(port int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // no IPv6: no table
		if inode := listening(string(text), port); inode != "" {
			return owner(inode)
		}
	}
	return "a connection that is not closed yet, or a process in another network namespace"
}

// listening finds the socket in the table of proc_net_tcp(5): local address in column 1, state in 3 (0A: LISTEN), inode in 9.
func listening(table string, port int) (inode string) {
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		field := strings.Fields(line)
		if len(field) > 9 && strings.HasSuffix(field[1], suffix) && field[3] == "0A" {
			return field[9]
		}
	}
	return ""
}

// owner looks through the open files of all processes that we may look into.
func owner(inode string) string {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != "socket:["+inode+"]" {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if err != nil {
			continue
		}
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		words := strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))
		return fmt.Sprintf("pid %d: %.200s", pid, words)
	}
	return "a process of another user (which one is visible to root only)"
}
