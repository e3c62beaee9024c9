// Package gateway is the client to the payment means. For each means it keeps two ways: the forward way for reserve,
// charge and confirm, with a bulkhead and a breaker; and a small way of its own for inquiry, release, void, net-cancel
// and refund, outside the breaker, since recovery must work exactly when the means is in trouble.
//
//	call ─► bulkhead (bounded wait) ─► breaker ─► pooled connection ─► send-by check ─► bytes go out ─► what the answer means
//
// It never returns an error. What is not a documented, matching answer is payment.Unclear, unless not a byte of the
// request was taken: that is payment.NotProcessed. Statements are read apart from all that: see statement.go.
package gateway

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/payment-api/payment"
)

// Options are the knobs of the client.
type Options struct {
	URLs           map[payment.Means]string // base URL of each means
	Timeout        time.Duration            // one call, all of it
	ReservationTTL time.Duration            // asked for with each reserve
	Bulkhead       int                      // forward calls in flight a means; also its pool of connections
	ControlCalls   int                      // the same for refunds and the calls of recovery
	BulkheadWait   time.Duration            // how long a forward call waits for its place
	Breaker        BreakerOptions
}

// Gateway implements payment.Gateway.
type Gateway struct {
	options  Options
	forward  map[payment.Means]*way
	control  map[payment.Means]*way
	breakers map[payment.Means]*breaker
	reader   *http.Client // of statements
	tracer   trace.Tracer
	metrics  *metrics
}

var _ payment.Gateway = (*Gateway)(nil)

// New makes a client; it connects when the first call comes.
func New(o Options) (*Gateway, error) {
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		options: o, tracer: otel.Tracer("gazua.example/payment-api/gateway"), metrics: m,
		reader:  newReader(),
		forward: map[payment.Means]*way{}, control: map[payment.Means]*way{}, breakers: map[payment.Means]*breaker{},
	}
	for means, url := range o.URLs {
		g.forward[means] = newWay(url, o.Bulkhead, o.BulkheadWait)
		g.control[means] = newWay(url, o.ControlCalls, o.Timeout)
		g.breakers[means] = newBreaker(string(means), o.Breaker)
	}
	return g, nil
}

// Available implements payment.Gateway.
func (g *Gateway) Available(means ...payment.Means) bool {
	for _, m := range means {
		if g.breakers[m].open() {
			return false
		}
	}
	return true
}

// Do implements payment.Gateway.
func (g *Gateway) Do(ctx context.Context, c payment.Call) payment.Reply {
	ctx, span := g.tracer.Start(ctx, "means "+string(c.Op), trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	started := time.Now()
	reply := g.do(ctx, c)
	g.metrics.observe(ctx, c, reply, time.Since(started))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("gazua.means", string(c.Leg.Means)), attribute.String("gazua.reference", c.Reference()),
			attribute.String("gazua.result", resultNames[reply.Result]), attribute.String("gazua.code", reply.Code))
		if reply.Result == payment.Unclear {
			span.SetStatus(codes.Error, reply.Code)
		}
	}
	return reply
}

func (g *Gateway) do(ctx context.Context, c payment.Call) payment.Reply {
	caller := ctx
	ctx, cancel := context.WithTimeout(caller, g.options.Timeout)
	defer cancel()
	way, guarded := g.control[c.Leg.Means], false
	if c.Op == payment.Charge || c.Op == payment.Reserve || c.Op == payment.Confirm {
		way, guarded = g.forward[c.Leg.Means], true
	}
	if !way.enter(ctx) {
		return payment.Reply{Result: payment.NotProcessed, Code: "bulkhead-full"}
	}
	defer way.leave()
	if !guarded {
		return g.call(ctx, way, c)
	}
	return g.breakers[c.Leg.Means].do(caller, func() payment.Reply { return g.call(ctx, way, c) })
}

// call sends one request and reads its answer.
func (g *Gateway) call(ctx context.Context, w *way, c payment.Call) payment.Reply {
	body := newOnceBody(encode(c, g.options.ReservationTTL), c.SendBy)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+path(c), body)
	if err != nil {
		return payment.Reply{Result: payment.NotProcessed, Code: "bad-url"}
	}
	request.ContentLength = body.length()
	request.Header.Set("Content-Type", "application/json")
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(request.Header))
	response, err := w.client.Do(request)
	if err != nil {
		return unanswered(body, err)
	}
	defer func() { _ = response.Body.Close() }()
	return decode(c, response)
}

// unanswered says what a call without an answer means. The body knows best: a request of which the transport never took
// a byte cannot have been processed.
func unanswered(body *onceBody, err error) payment.Reply {
	switch body.giveUp() {
	case neverTaken:
		return payment.Reply{Result: payment.NotProcessed, Code: "not-connected"}
	case tooLate:
		return payment.Reply{Result: payment.TooLate, Code: "send-by"}
	default:
		return payment.Reply{Result: payment.Unclear, Code: causeOf(err)}
	}
}
