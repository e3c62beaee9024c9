// Package httpapi is the merchants' door: it turns HTTP requests into calls of the domain and answers and errors back
// into HTTP. It decides nothing about payments.
//
//	trace, metrics ─► recover ─► bounded in flight ─► who is it (API key) ─► route ─► domain ─► answer or problem
//
// Fiber hands out views into pooled buffers: nothing that comes from its context outlives a handler here uncopied.
package httpapi

import (
	"context"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"gazua.example/payment-api/payment"
)

// Options are the knobs of the door.
type Options struct {
	MaxInFlight  int           // requests worked on at one time; more get 503 at once
	BodyLimit    int           // bytes of a request's body
	HeaderLimit  int           // bytes of a request's header
	ReadTimeout  time.Duration // to read a whole request: the defence against clients that drip
	IdleTimeout  time.Duration // a kept-alive connection without a request
	WorkDeadline time.Duration // backstop for one request's work
}

// Payments is what the door needs of the domain.
type Payments interface {
	Create(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, r *payment.Request, mode payment.Mode, trace string) (payment.Created, error)
	Get(ctx context.Context, merchant payment.MerchantID, id payment.ID) (*payment.Payment, error)
}

// API is the HTTP server.
type API struct {
	app      *fiber.App
	payments Payments
	keys     *Keys
	options  Options
	log      *slog.Logger
	places   chan struct{}
	leaving  chan struct{}
}

// New makes the server; Listen serves.
func New(payments Payments, keys *Keys, o Options, log *slog.Logger) (*API, error) {
	a := &API{payments: payments, keys: keys, options: o, log: log, places: make(chan struct{}, o.MaxInFlight), leaving: make(chan struct{})}
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
	a.app.Use(observe.request, recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: a.panicked}), a.farewell, a.bound, a.authenticate)
	a.app.Post("/v1/payments", a.create)
	a.app.Get("/v1/payments/:id", a.get)
	a.app.Server().Handler = a.knownMethods(a.app.Handler())
	return a, nil
}

// Listen serves on addr until Shutdown.
func (a *API) Listen(addr string) error { return a.app.Listen(addr) }

// Farewell begins a shutdown: each answer from now on closes its connection, so that no client finds a kept-alive one
// gone while it sends.
func (a *API) Farewell() { close(a.leaving) }

// Shutdown stops accepting and waits for the requests in flight.
func (a *API) Shutdown(ctx context.Context) error { return a.app.ShutdownWithContext(ctx) }

func (a *API) farewell(c *fiber.Ctx) error {
	select {
	case <-a.leaving:
		c.Context().SetConnectionClose()
	default:
	}
	return c.Next()
}

// bound refuses early and cheaply what could only queue.
func (a *API) bound(c *fiber.Ctx) error {
	select {
	case a.places <- struct{}{}:
		defer func() { <-a.places }()
		return c.Next()
	default:
		return &payment.Error{Kind: payment.KindUnavailable, Detail: "too many requests are being worked on; try again", RetryAfter: time.Second}
	}
}
