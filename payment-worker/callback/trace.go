package callback

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/mysql"
)

const scope = "gazua.example/payment-worker/callback"

// begin goes on with the trace of whoever settled the payment: the last span of a payment's trace is each attempt to tell
// its merchant. The address is the merchant's and its path may be a secret: only host and port are noted.
func begin(ctx context.Context, d mysql.DueCallback, to mysql.Destination) (context.Context, trace.Span) {
	ctx, span := telemetry.Child(telemetry.Carried(ctx, d.Trace), otel.Tracer(scope), http.MethodPost, telemetry.AsClient...)
	if !span.IsRecording() {
		return ctx, span
	}
	span.SetAttributes(semconv.HTTPRequestMethodPost, attribute.String("gazua.payment_id", d.Payment.String()), attribute.String("gazua.event", eventID(d)))
	if d.Attempts > 1 {
		span.SetAttributes(semconv.HTTPRequestResendCount(d.Attempts - 1))
	}
	if where, err := url.Parse(to.URL); err == nil {
		span.SetAttributes(semconv.ServerAddress(where.Hostname()), semconv.ServerPort(portOf(where)))
	}
	return ctx, span
}

func portOf(u *url.URL) int {
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// end says what came of an attempt.
func end(span trace.Span, o mysql.CallbackOutcome) {
	if span.IsRecording() {
		if o.Status != 0 {
			span.SetAttributes(semconv.HTTPResponseStatusCode(o.Status))
		}
		if failure := failureOf(o); failure != "" {
			span.SetAttributes(semconv.ErrorTypeKey.String(failure))
			span.SetStatus(codes.Error, string(o.State))
		}
	}
	span.End()
}

// failureOf is error.type: the status, or that there was no answer.
func failureOf(o mysql.CallbackOutcome) string {
	switch {
	case o.State == mysql.CallbackDelivered:
		return ""
	case o.Status == 0:
		return "no_answer"
	default:
		return strconv.Itoa(o.Status)
	}
}

// inject lets the merchant's own spans be part of the trace.
func inject(ctx context.Context, request *http.Request) {
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(request.Header))
}
