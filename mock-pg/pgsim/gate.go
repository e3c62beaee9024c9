package pgsim

import (
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/infra/lifecycle"
	"gazua.example/mock-pg/fault"
)

// gate is the door for payments. It counts everybody inside, those whom a fault holds as well, and turns away who would be
// too many: a process that runs out of files cannot write its book.
//
//	accept ─► fewer than MaxConnections inside? ─► the HTTP server
//	                  └─ no: 503, closed
type gate struct {
	net.Listener
	most       int
	inside     atomic.Int64 // connections that were admitted and are not closed, whoever has them now
	refused    func(status int)
	idle, read time.Duration
	log        *slog.Logger
	told       atomic.Int64 // when the log was last told, ns since 1970
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		switch {
		case err == nil && g.inside.Load() < int64(g.most): // one goroutine accepts: nobody slips in between
			return g.admit(conn), nil
		case err == nil:
			g.turnAway(conn)
		default:
			return nil, err
		}
	}
}

func (g *gate) admit(conn net.Conn) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		g.inside.Add(1)
		return &guest{TCPConn: tcp, idle: g.idle, read: g.read, inside: &g.inside}
	}
	return conn
}

func (g *gate) turnAway(conn net.Conn) {
	g.tell("too many connections: new ones are answered 503", "most", g.most)
	g.refused(fasthttp.StatusServiceUnavailable)
	full := fault.Answer{Status: fasthttp.StatusServiceUnavailable, Body: refusal(fasthttp.StatusServiceUnavailable, "too many connections, not processed")}
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write(full.Wire()) // it fits the socket's buffer
	_ = conn.Close()
}

// tell warns at most once a minute: what is wrong here goes on for long.
func (g *gate) tell(message string, fields ...any) {
	now := time.Now().UnixNano()
	if last := g.told.Load(); now-last > int64(time.Minute) && g.told.CompareAndSwap(last, now) {
		g.log.Warn(message, fields...)
	}
}

// accept serves until the listener is closed. Anything else that ends it makes the server not ready.
func (s *Server) accept() {
	g := &gate{
		Listener: &lifecycle.Patient{Listener: s.listener, Log: s.log}, most: s.options.MaxConnections, refused: s.stats.countRefusal,
		idle: s.options.IdleTimeout, read: s.options.ReadTimeout, log: s.log,
	}
	if err := s.http.Serve(g); err != nil {
		err = fmt.Errorf("no payments are accepted any more, until a restart: %w", err)
		s.deaf.Store(&err)
		s.log.Error("not ready from now on", "error", err.Error())
	}
}
