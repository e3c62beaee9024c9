package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// observer gives each request its span and its place in the metrics. It is our own because the ready-made middleware
// costs several times as much for a request that nobody samples.
type observer struct {
	tracer   trace.Tracer
	duration metric.Float64Histogram
}

func newObserver() (*observer, error) {
	duration, err := otel.Meter("gazua.example/payment-api/httpapi").Float64Histogram("http.server.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Requests by method, route and status."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	if err != nil {
		return nil, fmt.Errorf("make the door's metrics: %w", err)
	}
	return &observer{tracer: otel.Tracer("gazua.example/payment-api/httpapi"), duration: duration}, nil
}

func (o *observer) request(c *fiber.Ctx) error {
	started := time.Now()
	parent := otel.GetTextMapPropagator().Extract(c.UserContext(), headers{c})
	ctx, span := o.tracer.Start(parent, methodOf(c), trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	c.SetUserContext(ctx)
	if err := c.Next(); err != nil {
		if err := c.App().ErrorHandler(c, err); err != nil { // now, so that status and span are those of the problem
			return err
		}
	}
	status := c.Response().StatusCode()
	method, route := methodOf(c), c.Route().Path
	if span.IsRecording() {
		span.SetName(method + " " + route)
		span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
	o.duration.Record(ctx, time.Since(started).Seconds(), metric.WithAttributes(attribute.String("http.request.method", method),
		attribute.String("http.route", route), attribute.String("http.response.status_code", strconv.Itoa(status))))
	return nil
}

// methodOf bounds the metric's label: whatever a client invents as a method is one value.
func methodOf(c *fiber.Ctx) string {
	switch c.Method() {
	case fiber.MethodGet:
		return fiber.MethodGet
	case fiber.MethodPost:
		return fiber.MethodPost
	default:
		return "_OTHER"
	}
}

// headers reads trace headers out of a Fiber request; the strings are copied, since the span outlives the request.
type headers struct{ c *fiber.Ctx }

func (h headers) Get(key string) string { return string(h.c.Request().Header.Peek(key)) }
func (h headers) Set(string, string)    {}
func (h headers) Keys() []string        { return nil }

var _ propagation.TextMapCarrier = headers{}
