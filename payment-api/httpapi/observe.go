package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// observer gives each request its span and its place in the metrics. It is our own because the ready-made middleware
// costs several times as much for a request that nobody samples.
type observer struct {
	tracer   trace.Tracer
	duration *telemetry.Durations[answered]
}

// answered is what tells one request's measurement from another's. The route is one of ours, never an address.
type answered struct {
	method, route string
	status        int
}

const scope = "gazua.example/payment-api/httpapi"

func newObserver() (*observer, error) {
	duration, err := telemetry.NewDurations(otel.Meter(scope), "http.server.request.duration", "Requests by method, route and status.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, answered.attributes)
	return &observer{tracer: otel.Tracer(scope), duration: duration}, err
}

func (a answered) attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(a.method), semconv.HTTPRoute(a.route), semconv.HTTPResponseStatusCode(a.status), semconv.URLScheme("http"),
	}
	if a.status >= http.StatusInternalServerError {
		attributes = append(attributes, semconv.ErrorTypeKey.String(strconv.Itoa(a.status)))
	}
	return attributes
}

func (o *observer) request(c *fiber.Ctx) error {
	started := time.Now()
	parent := otel.GetTextMapPropagator().Extract(c.UserContext(), headers{c})
	ctx, span := telemetry.Child(parent, o.tracer, methodOf(c), telemetry.AsServer...)
	defer span.End()
	c.SetUserContext(ctx)
	if err := c.Next(); err != nil {
		if err := c.App().ErrorHandler(c, err); err != nil { // now, so that status and span are those of the problem
			return err
		}
	}
	done := answered{methodOf(c), c.Route().Path, c.Response().StatusCode()}
	if span.IsRecording() {
		span.SetName(done.method + " " + done.route)
		span.SetAttributes(done.attributes()...)
		if !strings.Contains(done.route, ":") { // an address with a parameter may hold anything, a key sent to the wrong place too
			span.SetAttributes(semconv.URLPath(done.route))
		}
		if done.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
	o.duration.Record(ctx, done, time.Since(started))
	return nil
}

// named notes which payment a request is about, so that its trace is found by it.
func named(ctx context.Context, id payment.ID) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String("gazua.payment_id", id.String()))
	}
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
