// Package httpapi is the merchants' door: it turns HTTP requests into calls of the domain and answers and errors back
// into HTTP. It decides nothing about payments. What it promises stands in openapi.yaml, which it serves itself.
//
//	trace, metrics ─► recover ─► bounded in flight ─► who is it (API key) ─► its rate ─► route ─► domain ─► answer or problem
//
// Fiber hands out views into pooled buffers: nothing that comes from its context outlives a handler here uncopied.
package httpapi

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"gazua.example/payment-api/payment"
)

// Options are the knobs of the door.
type Options struct {
	MaxInFlight   int           // requests worked on at one time; more get 503 at once
	MaxWaiting    int           // requests that wait for a payment to become final; more are answered at once
	MerchantRate  int           // requests a second of one merchant; more get 429
	MerchantBurst int           // how many of them may come at one moment
	BodyLimit     int           // bytes of a request's body
	HeaderLimit   int           // bytes of a request's header
	ReadTimeout   time.Duration // to read a whole request: the defence against clients that drip
	IdleTimeout   time.Duration // a kept-alive connection without a request
	WorkDeadline  time.Duration // backstop for one request's work
}

// Domain is what the door needs of it.
type Domain interface {
	Payments
	Cancellations
	Pages
}

// Payments is the part that pays. Its errors are *payment.Error, as those of the other parts.
type Payments interface {
	Create(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, r *payment.Request, how payment.How) (payment.Created, error)
	Get(ctx context.Context, merchant payment.MerchantID, id payment.ID) (*payment.Payment, error)
}

// Cancellations is the part that gives back.
type Cancellations interface {
	Cancel(ctx context.Context, merchant payment.MerchantID, id payment.ID, keyHash [32]byte, r *payment.CancelRequest) (payment.Canceled, error)
	Cancellation(ctx context.Context, merchant payment.MerchantID, id payment.ID, seq uint32) (*payment.Payment, *payment.Cancellation, error)
	Cancellations(ctx context.Context, merchant payment.MerchantID, id payment.ID) (*payment.Payment, []*payment.Cancellation, error)
}

// Pages is the part that is looked through.
type Pages interface {
	List(ctx context.Context, merchant payment.MerchantID, from, to time.Time, after payment.ID, limit int) ([]*payment.Payment, error)
	ByOrder(ctx context.Context, merchant payment.MerchantID, order string) ([]*payment.Payment, error)
	Events(ctx context.Context, merchant payment.MerchantID, id payment.ID) ([]payment.Event, error)
}

// API is the HTTP server.
type API struct {
	app     *fiber.App
	domain  Domain
	keys    *Keys
	rates   *rates
	options Options
	log     *slog.Logger
	places  chan struct{} // a token for each request that is worked on
	waiting chan struct{} // a token for each that waits for a payment to become final
	looks   chan struct{} // a token for each of those that looks at its payment just now

	listener    atomic.Pointer[net.Listener]
	connections *connections
	leaving     atomic.Bool   // each answer closes its connection
	served      chan struct{} // closed when nobody accepts any more
	closed      chan struct{} // closed by stopWaiting: nobody waits any more
	stopWaiting func()
}

// New makes the server; Serve serves.
func New(domain Domain, keys *Keys, o Options, log *slog.Logger) (*API, error) {
	a := &API{
		domain: domain, keys: keys, rates: newRates(o.MerchantRate, o.MerchantBurst), options: o, log: log,
		places: make(chan struct{}, o.MaxInFlight), waiting: make(chan struct{}, o.MaxWaiting), looks: make(chan struct{}, maxLooks),
		connections: newConnections(), served: make(chan struct{}), closed: make(chan struct{}),
	}
	a.stopWaiting = sync.OnceFunc(func() { close(a.closed) })
	a.app = fiber.New(fiber.Config{
		DisableStartupMessage: true,
		CaseSensitive:         true,
		StrictRouting:         true,
		BodyLimit:             o.BodyLimit,
		ReadBufferSize:        o.HeaderLimit,
		ReadTimeout:           o.ReadTimeout,
		IdleTimeout:           o.IdleTimeout,
		ErrorHandler:          a.problem,
	})
	observe, err := newObserver()
	if err != nil {
		return nil, err
	}
	a.app.Use(observe.request, recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: a.panicked}), a.bound)
	a.app.Get("/openapi.yaml", noQuery, openAPI)
	a.app.Use(a.authenticate, a.limit)
	a.app.Post("/v1/payments", noQuery, a.create)
	a.app.Get("/v1/payments", a.list)
	a.app.Get("/v1/payments/:id", noQuery, a.get)
	a.app.Get("/v1/payments/:id/events", noQuery, a.events)
	a.app.Post("/v1/payments/:id/cancellations", noQuery, a.cancel)
	a.app.Get("/v1/payments/:id/cancellations", noQuery, a.cancellations)
	a.app.Get("/v1/payments/:id/cancellations/:seq", noQuery, a.cancellation)
	a.app.Server().Handler = a.farewell(a.knownMethods(a.app.Handler()))
	a.app.Server().ConnState = a.connections.moved
	return a, nil
}
