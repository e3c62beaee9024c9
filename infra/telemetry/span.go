package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// Child begins a span below the one of ctx, if that one is recorded. Where it is not, nothing of this trace will ever be
// seen, and ctx is as good: its trace id goes on into logs and headers. That costs a look into the context, where a span
// that records nothing costs half a microsecond. Without any trace in ctx it begins one, and the sampler decides.
//
// Keep the options of a span in a variable: made at the call they are allocated for traces that nobody records.
func Child(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if above := trace.SpanContextFromContext(ctx); above.IsValid() && !above.IsSampled() {
		return ctx, nothing
	}
	return tracer.Start(ctx, name, options...)
}

// Recorded says that the trace of ctx is recorded: what is only for its spans need not be made otherwise.
func Recorded(ctx context.Context) bool { return trace.SpanContextFromContext(ctx).IsSampled() }

// Kinds of spans, as options that are made once.
var (
	AsClient   = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}
	AsServer   = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	AsProducer = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindProducer)}
)

// nothing is a span that takes everything and keeps nothing.
var nothing = trace.SpanFromContext(context.Background())
