package pgsim

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// guest is a connection for payments. fasthttp gives the first request of a connection the read time-out from the moment
// it was accepted, and answers 400 when that passes without a byte. But clients open connections ahead: net/http keeps one
// that it dialled and then did not need, and sends its next charge into it half a minute later. That charge must not meet a
// 400 that nobody asked for, so a new connection may be idle for as long as any other.
type guest struct {
	*net.TCPConn
	idle, read time.Duration
	greeted    bool // its first byte has come; one goroutine reads, and only it touches this
	inside     *atomic.Int64
	left       atomic.Bool
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.leave()
	return g.TCPConn.Close()
}

// leave makes room at the gate, once. Whoever takes a connection over closes it without the guest, and says so here.
func (g *guest) leave() {
	if g.left.CompareAndSwap(false, true) {
		g.inside.Add(-1)
	}
}

// SetReadDeadline implements net.Conn.
func (g *guest) SetReadDeadline(t time.Time) error {
	if !g.greeted {
		t = time.Now().Add(g.idle)
	}
	return g.TCPConn.SetReadDeadline(t)
}

// Read implements net.Conn. Who never said a word is hung up on without one.
func (g *guest) Read(p []byte) (int, error) {
	n, err := g.TCPConn.Read(p)
	if g.greeted {
		return n, err
	}
	if n > 0 {
		g.greeted = true
		_ = g.TCPConn.SetReadDeadline(time.Now().Add(g.read))
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}
