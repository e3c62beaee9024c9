package pgsim

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// heldConnections are those that were taken from the HTTP server: by a fault, or because the request is late. Each has a
// goroutine of its own with nothing else on its stack: ten thousands of them may wait.
type heldConnections struct {
	most    int // more are hung up on
	over    chan struct{}
	count   atomic.Int64
	running sync.WaitGroup

	mu     sync.Mutex
	conns  map[*net.TCPConn]struct{}
	closed bool
}

func newHeldConnections(most int) *heldConnections {
	return &heldConnections{most: most, over: make(chan struct{}), conns: map[*net.TCPConn]struct{}{}}
}

// run gives the connection to whoever takes it over.
func (h *heldConnections) run(from *guest, takeOver func(*net.TCPConn)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	conn := from.TCPConn
	if h.closed || len(h.conns) >= h.most {
		_ = from.Close()
		return
	}
	h.conns[conn] = struct{}{}
	h.count.Add(1)
	h.running.Go(func() {
		takeOver(conn)
		from.leave()
		h.mu.Lock()
		delete(h.conns, conn)
		h.mu.Unlock()
		h.count.Add(-1)
	})
}

// watch returns true at the moment, or false when the client has left before it; its connection is closed then.
func (h *heldConnections) watch(conn *net.TCPConn, until time.Time) bool {
	_ = conn.SetReadDeadline(until)
	var rest [1]byte
	for {
		if _, err := conn.Read(rest[:]); err == nil {
			continue // what it still sends is thrown away
		}
		if time.Until(until) <= 0 {
			return true
		}
		_ = conn.Close()
		return false
	}
}

// pause returns true at the moment, or false when the server stops before it.
func (h *heldConnections) pause(until time.Time) bool {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-h.over:
		return false
	case <-timer.C:
		return true
	}
}

// close closes all of them and waits until whoever holds them has noticed.
func (h *heldConnections) close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.over)
	}
	for conn := range h.conns {
		_ = conn.Close()
	}
	h.mu.Unlock()
	h.running.Wait()
}
