package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/infra/lifecycle"
)

// How the door closes. Each step is one of the program's phases, in this order:
//
//	Farewell       every answer closes its connection; all is served as before, while the balancer notices
//	StopAccepting  nobody comes in any more; who only waits for a payment to become final is answered with what is there
//	Finish         the requests that are there are answered; connections without one are closed
//
// A client that keeps connections finds out by an answer that this one is over, and not by a request that nobody reads.
// Only on a connection that carried nothing during the whole farewell a request can meet our close half way. HTTP/1.1 cannot
// rule that out; the client may repeat it (RFC 9112, 9.3.1), and with its Idempotency-Key it does so safely.

// Serve answers what comes in by the listener, until StopAccepting. It is called once. An error is the listener's.
func (a *API) Serve(listener net.Listener) error {
	defer close(a.served)
	a.listener.Store(&listener)
	select {
	case <-a.closed: // before it was ours to close
		return listener.Close()
	default:
		return a.app.Listener(&lifecycle.Patient{Listener: listener, Log: a.log})
	}
}

// Farewell lets each answer from now on close its connection.
func (a *API) Farewell() { a.leaving.Store(true) }

// StopAccepting closes the listener of Serve, and ends all waiting for payments to become final. When it returns nil, every
// connection that was accepted is known to Finish.
func (a *API) StopAccepting(ctx context.Context) error {
	a.stopWaiting()
	listener := a.listener.Load()
	if listener == nil {
		return nil // it never served, and will not
	}
	if err := (*listener).Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the listener: %w", err)
	}
	select {
	case <-a.served:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the listener is closed, and somebody still accepts: %w", ctx.Err())
	}
}

// finishLook is how often Finish looks.
const finishLook = 10 * time.Millisecond

// Finish waits until every request is answered and every connection closed. It gives up with ctx.
func (a *API) Finish(ctx context.Context) error {
	tick := time.NewTicker(finishLook)
	defer tick.Stop()
	for a.connections.closeIdle(time.Now()) > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Requests is how many are in flight: being read, worked on, or answered.
func (a *API) Requests() int { return a.connections.requests() }

// farewell looks when the answer is there: also a request that was in flight when we began to leave closes its connection.
func (a *API) farewell(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(request *fasthttp.RequestCtx) {
		next(request)
		if a.leaving.Load() {
			request.SetConnectionClose()
		}
	}
}
