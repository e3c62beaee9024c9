package pgsim

import (
	"context"
	"errors"
	"fmt"
)

// The way down, in this order. Stop walks it at once; a program that wants to log each phase calls them one by one.
//
//	Leave ─► Drain ─► CloseBook ─► CloseAdmin

// Leave turns readiness off and asks every client, with its next answer, to close its connection: a keep-alive connection
// that is cut while a request is on its way would look like a fault that nobody asked for.
func (s *Server) Leave() { s.draining.Store(true) }

// Drain stops accepting, lets what is in flight be answered, closes the connections that a fault holds open, since nobody
// will ever be answered on those, and forgets the requests that are late and have not arrived.
func (s *Server) Drain(ctx context.Context) error {
	err := s.http.ShutdownWithContext(ctx)
	_ = s.listener.Close() // fasthttp does it, but not when it has not begun to accept
	s.held.close()
	if err != nil {
		return fmt.Errorf("%d connections were still busy: %w", s.http.GetOpenConnectionsCount(), err)
	}
	return nil
}

// CloseBook ends the sweeper and writes out what is left.
func (s *Server) CloseBook(context.Context) error {
	close(s.stopping)
	s.timed.stop()
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
