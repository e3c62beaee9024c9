package main

import (
	"fmt"
	"log/slog"
	"syscall"
)

// Every connection is a file, and a process may have so many: RLIMIT_NOFILE, a soft limit that it may raise up to a hard
// one, which only the privileged may raise.

// filesBesides is what the process needs besides connections for payments: the book, the admin port, the poller.
const filesBesides = 128

// raiseFileLimit makes room for so many connections, as far as it may, and says how many files there are now.
func raiseFileLimit(connections int) (limit int, err error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	wanted := uint64(connections + filesBesides)
	for _, try := range []syscall.Rlimit{{Cur: max(l.Cur, wanted), Max: max(l.Max, wanted)}, {Cur: l.Max, Max: l.Max}} {
		if l.Cur < wanted && syscall.Setrlimit(syscall.RLIMIT_NOFILE, &try) == nil {
			l = try
		}
	}
	return int(min(l.Cur, 1<<30)), nil
}

// connectionsWithin lowers the number of connections to what the limit allows, and warns when it does.
func connectionsWithin(limit, connections int, log *slog.Logger) (int, error) {
	room := limit - filesBesides
	switch {
	case room < 1:
		return 0, fmt.Errorf("%d open files are allowed, and %d are needed besides connections; raise the limit (ulimit -n)", limit, filesBesides)
	case room < connections:
		log.Warn("MAX_CONNECTIONS is more than the limit of open files allows, and is lowered; raise the limit (ulimit -n) for more",
			"max_connections", connections, "lowered_to", room, "file_limit", limit)
		return room, nil
	}
	return connections, nil
}

// fitFiles raises the limit and settles how many connections there may be.
func (s *settings) fitFiles(log *slog.Logger) (err error) {
	if s.pgsim.FileLimit, err = raiseFileLimit(s.pgsim.MaxConnections); err != nil {
		return err
	}
	s.pgsim.MaxConnections, err = connectionsWithin(s.pgsim.FileLimit, s.pgsim.MaxConnections, log)
	return err
}
