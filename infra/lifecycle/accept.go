package lifecycle

import (
	"errors"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// Patient is a listener whose Accept waits while the process, or the machine, is out of files: clients stay in the kernel's
// queue meanwhile. An HTTP server whose Accept fails stops listening for good.
type Patient struct {
	net.Listener
	Log  *slog.Logger
	told time.Time // when the log was last told
}

const (
	acceptPause = 20 * time.Millisecond // for a file to come free
	toldEvery   = time.Minute           // what is wrong here goes on for long
)

// Accept implements net.Listener. One goroutine calls it.
func (p *Patient) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
			return conn, err
		}
		if time.Since(p.told) > toldEvery {
			p.told = time.Now()
			p.Log.Warn("out of files: new connections wait", "listen", p.Addr().String(), "error", err.Error())
		}
		time.Sleep(acceptPause)
	}
}
