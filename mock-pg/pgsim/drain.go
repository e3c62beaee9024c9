package pgsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// The way down, in this order. Stop walks it at once; a program that wants to log each phase calls them one by one.
//
//	Leave ─► Drain ─► CloseBook ─► CloseAdmin

// Leave turns readiness off and asks every client, with its next answer, to close its connection: a keep-alive connection
// that is cut while a request is on its way would look like a fault that nobody asked for.
func (s *Server) Leave() { s.draining.Store(true) }

// Drain stops accepting, lets what is in flight be answered, and closes the connections that a fault holds open: nobody
// will ever be answered on those.
func (s *Server) Drain(ctx context.Context) error {
	err := s.http.ShutdownWithContext(ctx)
	s.held.close()
	if err != nil {
		return fmt.Errorf("%d connections were still busy: %w", s.http.GetOpenConnectionsCount(), err)
	}
	return nil
}

// CloseBook ends the sweeper and writes out what is left.
func (s *Server) CloseBook(context.Context) error {
	close(s.stopping)
	s.pacer.stop()
	return s.book.Close()
}

// CloseAdmin closes the admin port, last, so that the way down can be watched.
func (s *Server) CloseAdmin(ctx context.Context) error {
	err := s.admin.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.admin.Close())
	}
	s.background.Wait()
	return err
}

// heldConnections are those that a fault has taken over.
type heldConnections struct {
	count   atomic.Int64
	running sync.WaitGroup

	mu     sync.Mutex
	conns  map[*net.TCPConn]struct{}
	closed bool
}

// run gives the connection to the fault, in a goroutine with nothing else on its stack: ten thousands of them may wait.
func (h *heldConnections) run(conn *net.TCPConn, takeOver func(*net.TCPConn)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		_ = conn.Close()
		return
	}
	if h.conns == nil {
		h.conns = map[*net.TCPConn]struct{}{}
	}
	h.conns[conn] = struct{}{}
	h.count.Add(1)
	h.running.Go(func() {
		takeOver(conn)
		h.mu.Lock()
		delete(h.conns, conn)
		h.mu.Unlock()
		h.count.Add(-1)
	})
}

// close closes all of them and waits until their faults have noticed.
func (h *heldConnections) close() {
	h.mu.Lock()
	h.closed = true
	for conn := range h.conns {
		_ = conn.Close()
	}
	h.mu.Unlock()
	h.running.Wait()
}
