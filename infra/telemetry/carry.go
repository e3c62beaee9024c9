package telemetry

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// What outlives a request in a row of the database takes its trace along as text: the W3C headers (traceparent, and
// tracestate where there is one) as a JSON object. So the trace goes on in whatever process takes up the row.

// maxCarried is what the columns have room for.
const maxCarried = 512

// Carry is the trace context of ctx as text; empty without one, or when it is too long: a trace is worth less than a
// payment.
func Carry(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return ""
	}
	headers := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, headers)
	if len(headers) == 1 { // no tracestate: the usual case, and hex digits need no escape
		return `{"traceparent":"` + headers["traceparent"] + `"}`
	}
	text, err := json.Marshal(headers)
	if err != nil || len(text) > maxCarried {
		return ""
	}
	return string(text)
}

// Carried is ctx with the trace that Carry wrote as the one to go on with; ctx itself where the text holds none.
func Carried(ctx context.Context, text string) context.Context {
	var headers propagation.MapCarrier
	if text == "" || len(text) > maxCarried || json.Unmarshal([]byte(text), &headers) != nil {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, headers)
}
