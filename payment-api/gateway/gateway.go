// Package gateway is the client to the payment means. For each instance of a means it keeps two ways: the forward way for
// reserve, charge and confirm, with a bulkhead and a breaker; and a small way of its own for inquiry, release, void,
// net-cancel and refund, outside the breaker, since recovery must work exactly when the means is in trouble.
//
//	call ─► its instance ─► bulkhead (bounded wait) ─► breaker ─► pooled connection ─► send-by check ─► bytes go out ─► what the answer means
//
// It never returns an error. What is not a documented, matching answer is payment.Unclear, unless not a byte of the
// request was taken: that is payment.NotProcessed. Statements are read apart from all that: see statement.go.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/payment-api/payment"
)

// Options are the knobs of the client.
type Options struct {
	URLs           map[payment.Means][]string // base URLs of each means, one for each of its instances
	Timeout        time.Duration              // one call, all of it
	ReservationTTL time.Duration              // asked for with each reserve
	Bulkhead       int                        // forward calls in flight a means, shared out to its instances; also their pools of connections
	ControlCalls   int                        // the same for refunds and the calls of recovery
	BulkheadWait   time.Duration              // how long a forward call waits for its place
	Breaker        BreakerOptions
}

// Gateway implements payment.Gateway.
type Gateway struct {
	options   Options
	instances map[payment.Means][]*instance // at least one each
	reader    *http.Client                  // of statements
	tracer    trace.Tracer
	metrics   *metrics
	shown     metric.Registration // of the gauges
}

var _ payment.Gateway = (*Gateway)(nil)

// New makes a client; it connects when the first call comes.
func New(o Options) (*Gateway, error) {
	m, err := newMetrics(otel.Meter(scope))
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		options: o, tracer: otel.Tracer(scope), metrics: m,
		reader: newReader(), instances: map[payment.Means][]*instance{},
	}
	for means, urls := range o.URLs {
		if len(urls) == 0 {
			return nil, fmt.Errorf("make the gateway: %s has no URL", means)
		}
		if g.instances[means], err = newInstances(means, urls, o); err != nil {
			return nil, err
		}
	}
	if g.shown, err = g.gauges(otel.Meter(scope)); err != nil {
		return nil, err
	}
	return g, nil
}

// Do implements payment.Gateway.
func (g *Gateway) Do(ctx context.Context, c payment.Call) payment.Reply {
	ctx, span := g.begin(ctx, c)
	defer span.End()
	started := time.Now()
	reply := g.do(ctx, c)
	g.metrics.observe(ctx, c, reply, time.Since(started))
	end(span, reply)
	return reply
}

func (g *Gateway) do(ctx context.Context, c payment.Call) payment.Reply {
	caller := ctx
	ctx, cancel := context.WithTimeout(caller, g.options.Timeout)
	defer cancel()
	to := g.instanceOf(c.Leg)
	way, guarded := to.control, false
	if c.Op == payment.Charge || c.Op == payment.Reserve || c.Op == payment.Confirm {
		way, guarded = to.forward, true
	}
	asked := time.Now()
	entered := way.enter(ctx)
	g.metrics.waited(ctx, c, placeBulkhead, time.Since(asked))
	if !entered {
		return payment.Reply{Result: payment.NotProcessed, Code: "bulkhead-full"}
	}
	defer way.leave()
	if !guarded {
		return g.call(ctx, to, way, c)
	}
	return to.breaker.do(caller, func() payment.Reply { return g.call(ctx, to, way, c) })
}

// call sends one request and reads its answer.
func (g *Gateway) call(ctx context.Context, to *instance, w *way, c payment.Call) payment.Reply {
	asked := time.Now()
	conn, err := w.pool.take(ctx)
	if err != nil {
		return payment.Reply{Result: payment.NotProcessed, Code: "not-connected"}
	}
	defer w.pool.giveBack(conn)
	conn.build(ctx, to.heads[c.Op], routeKey(c.Leg.Token), encode(c, g.options.ReservationTTL))
	addressed(ctx, to, c)
	status, body, sent, err := conn.exchange(ctx, c.SendBy)
	if !sent.IsZero() {
		g.metrics.waited(ctx, c, placeConnection, sent.Sub(asked))
	}
	if err != nil {
		return unanswered(err)
	}
	answered(ctx, status)
	return decode(c, status, body)
}

// unanswered says what a call without an answer means. Its connection knows best: a request of which no byte went out cannot
// have been processed.
func unanswered(err error) payment.Reply {
	switch {
	case errors.Is(err, errNotSent):
		return payment.Reply{Result: payment.NotProcessed, Code: "not-connected"}
	case errors.Is(err, errTooLate):
		return payment.Reply{Result: payment.TooLate, Code: "send-by"}
	default:
		return payment.Reply{Result: payment.Unclear, Code: causeOf(err)}
	}
}
