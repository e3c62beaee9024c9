package legacy

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
)

// The door answers the two addresses that the old system had, on the HTTP server that the renewed one stands on, so that a
// comparison is not one of HTTP servers. Idempotency-Key and Prefer are accepted and ignored.

// Bounds of the server, those of the renewed one.
const (
	bodyLimit   = 16 << 10
	headerLimit = 8 << 10
	readTimeout = 10 * time.Second
	idleTimeout = time.Minute
)

func (s *system) door(leaving <-chan struct{}) *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, CaseSensitive: true, StrictRouting: true,
		BodyLimit: bodyLimit, ReadBufferSize: headerLimit, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		ErrorHandler: s.problem,
	})
	app.Use(recover.New(), func(c *fiber.Ctx) error {
		defer func() {
			select {
			case <-leaving: // no client shall find a kept-alive connection gone while it sends
				c.Context().SetConnectionClose()
			default:
			}
		}()
		return c.Next()
	})
	app.Use(s.authenticate)
	app.Post("/v1/payments", s.create)
	app.Get("/v1/payments/:id", s.get)
	return app
}

type merchantKey struct{}

func (s *system) authenticate(c *fiber.Ctx) error {
	scheme, key, found := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return &fault{fiber.StatusUnauthorized, "unauthorized", "send your API key as Authorization: Bearer <key>"}
	}
	merchant, known, err := s.table.owner(c.UserContext(), key)
	if err != nil {
		return err
	}
	if !known {
		return &fault{fiber.StatusUnauthorized, "unauthorized", "this API key is not known"}
	}
	c.Locals(merchantKey{}, merchant)
	return c.Next()
}

func (s *system) create(c *fiber.Ctx) error {
	var r request
	if err := json.Unmarshal(c.BodyRaw(), &r); err != nil {
		return &fault{fiber.StatusBadRequest, "invalid-request", "the body is not the JSON of a payment"}
	}
	if wrong := r.wrong(); wrong != "" {
		return &fault{fiber.StatusBadRequest, "invalid-request", wrong}
	}
	merchant, _ := c.Locals(merchantKey{}).(uint32) // every route stands behind authenticate
	p := r.payment(merchant)
	if err := s.pay(context.WithoutCancel(c.UserContext()), p); err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, "/v1/payments/"+strconv.FormatUint(p.ID, 10))
	return c.Status(fiber.StatusCreated).JSON(viewOf(p))
}

func (s *system) get(c *fiber.Ctx) error {
	merchant, _ := c.Locals(merchantKey{}).(uint32)
	id, err := strconv.ParseUint(c.Params("id"), 10, 63)
	if err != nil {
		return &fault{fiber.StatusNotFound, "not-found", "no payment with this id"}
	}
	p, err := s.table.find(c.UserContext(), merchant, id)
	if err != nil {
		return err
	}
	if p == nil {
		return &fault{fiber.StatusNotFound, "not-found", "no payment with this id"}
	}
	return c.JSON(viewOf(p))
}

// fault is an error that a merchant is told.
type fault struct {
	status int
	slug   string
	detail string
}

func (f *fault) Error() string { return f.detail }

// typePrefix begins the types of all problems of this system. By the slug whoever drives it knows which system it talks to:
// the renewed one has types of its own.
const typePrefix = "https://gazua.example/problems/legacy-"

// problem is Fiber's error handler. What is no fault of the merchant's is logged and told as 500.
func (s *system) problem(c *fiber.Ctx, err error) error {
	var known *fault
	var routed *fiber.Error
	switch {
	case errors.As(err, &known):
	case errors.As(err, &routed) && routed.Code < fiber.StatusInternalServerError:
		known = &fault{routed.Code, "not-served", "this system does not serve such a request"}
	default:
		s.log.Error("request", "path", c.Path(), "error", err.Error())
		known = &fault{fiber.StatusInternalServerError, "internal-error", "something went wrong on our side; what became of the payment is not known"}
	}
	body, err := json.Marshal(map[string]any{"type": typePrefix + known.slug, "title": known.slug, "status": known.status, "detail": known.detail})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Status(known.status).Send(body)
}
