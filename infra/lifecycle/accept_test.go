package lifecycle_test

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"gazua.example/infra/lifecycle"
)

// scripted is a listener that gives what it was told to.
type scripted struct {
	net.Listener
	gives []any
}

func (s *scripted) Addr() net.Addr { return &net.TCPAddr{Port: 1} }

func (s *scripted) Accept() (net.Conn, error) {
	next := s.gives[0]
	s.gives = s.gives[1:]
	if err, failed := next.(error); failed {
		return nil, &net.OpError{Op: "accept", Err: err}
	}
	return next.(net.Conn), nil
}

func TestPatient_OutOfFilesIsWaitedOut_AnythingElseIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer func() { _, _ = ours.Close(), theirs.Close() }()
		var log strings.Builder
		p := &lifecycle.Patient{
			Listener: &scripted{gives: []any{syscall.EMFILE, syscall.ENFILE, syscall.EMFILE, ours, net.ErrClosed}},
			Log:      slog.New(slog.NewTextHandler(&log, nil)),
		}
		if conn, err := p.Accept(); err != nil || conn != ours {
			t.Errorf("accepted %v, %v", conn, err)
		}
		if n := strings.Count(log.String(), "out of files"); n != 1 {
			t.Errorf("the log tells it %d times: %s", n, log.String())
		}
		if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a closed listener: %v", err)
		}
	})
}
