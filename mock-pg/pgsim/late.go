package pgsim

import (
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// A late request has been read, and is still on its way for as long as its token says: it is in a queue somewhere inside
// the PG. What comes meanwhile overtakes it.
//
//	client ── POST charge ──► (read)  · · · · · · · · · · · · · ►│ decided, booked ─► answer, to whoever still waits
//	client ── POST net-cancel ──────────────► decided, booked    │
//
// It arrives whether or not the client waits. Meanwhile it costs what a silent one costs: one goroutine with a small stack,
// and a connection for as long as the client keeps it. A server that stops forgets what has not arrived: nothing of it is
// booked, and nobody is answered.

// answerBound is how long a client may take to accept its answer.
const answerBound = 5 * time.Second

// await takes the connection over until the request is due. Its arguments are copies, so that requests that are not late
// do not pay for those that are.
func (s *Server) await(ctx *fasthttp.RequestCtx, to route, r request, done taken, due time.Time) {
	s.stats.countFault(script.LateName)
	s.takeOver(ctx, func(conn *net.TCPConn) {
		defer func() { _ = conn.Close() }()
		waits := s.held.watch(conn, due)
		if !s.held.pause(due) {
			return
		}
		answer := s.arrive(to, &r, &done)
		if waits && s.held.pause(due.Add(done.delay)) {
			_ = conn.SetWriteDeadline(time.Now().Add(answerBound))
			_, _ = conn.Write(answer.Wire()) // the client has left after all: there is nobody to tell
		}
	})
}

// arrive decides and books the request, and is what its client is told.
func (s *Server) arrive(to route, r *request, done *taken) fault.Answer {
	err := s.engines[to.means].arrive(r, done)
	if err == nil {
		err = done.ticket.Wait()
	}
	if err != nil {
		const status = fasthttp.StatusInternalServerError
		s.stats.countRefusal(status)
		return fault.Answer{Status: status, Body: refusal(status, err.Error())}
	}
	s.stats.count(to, done.answer.result, done.answer.repeated)
	return fault.Answer{Status: fasthttp.StatusOK, Body: done.answer.appendJSON(nil, r.Reference)}
}
