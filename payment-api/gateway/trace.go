package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// The span of a call covers all of it, the waits for bulkhead and connection too. Token and amount are no attributes; the
// reference is: it is what the means' own people look the call up by.

// begin starts the span of a call to a means.
func (g *Gateway) begin(ctx context.Context, c payment.Call) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(ctx, g.tracer, "means", telemetry.AsClient...)
	if span.IsRecording() {
		span.SetName(http.MethodPost + " " + path(c.Leg.Means, c.Op))
		span.SetAttributes(semconv.HTTPRequestMethodPost, semconv.URLTemplate(path(c.Leg.Means, c.Op)), attribute.String("gazua.means", string(c.Leg.Means)),
			attribute.String("gazua.op", string(c.Op)), attribute.String("gazua.reference", c.Reference()))
	}
	return ctx, span
}

// end says what came of it.
func end(span trace.Span, r payment.Reply) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("gazua.result", resultNames[r.Result]), attribute.String("gazua.code", r.Code))
	if r.Result == payment.Unclear || r.Result == payment.NotProcessed {
		span.SetAttributes(semconv.ErrorTypeKey.String(strings.TrimPrefix(r.Code, "http-")))
		span.SetStatus(codes.Error, r.Code)
	}
}

// addressed notes where a request goes; answered what status came back.
func addressed(ctx context.Context, to *instance, c payment.Call) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(server(to.url)...)
	if where, err := url.Parse(to.url + path(c.Leg.Means, c.Op)); err == nil {
		where.User = nil
		span.SetAttributes(semconv.URLFull(where.String()))
	}
}

func answered(ctx context.Context, status int) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
}

// server is the host and port of an address.
func server(address string) []attribute.KeyValue {
	where, err := url.Parse(address)
	if err != nil {
		return nil
	}
	port := where.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[where.Scheme]
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(where.Hostname())}
	if n, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(n))
	}
	return attributes
}
