package telemetry_test

import (
	"context"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
)

func spanContext(t testing.TB, state string, flags trace.TraceFlags) context.Context {
	t.Helper()
	parsed, err := trace.ParseTraceState(state)
	if err != nil {
		t.Fatal(err)
	}
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4, 5}, TraceFlags: flags, TraceState: parsed,
	}))
}

func TestCarry_ComesBackAsItWas(t *testing.T) {
	for name, state := range map[string]string{"no state": "", "a state": "vendor=a", "one with a quote": `vendor=a"b\`} {
		for _, flags := range []trace.TraceFlags{0, trace.FlagsSampled} {
			ctx := spanContext(t, state, flags)
			text := telemetry.Carry(ctx)
			got := trace.SpanContextFromContext(telemetry.Carried(context.Background(), text))
			if want := trace.SpanContextFromContext(ctx).WithRemote(true); !got.Equal(want) {
				t.Errorf("%s: %s became %+v", name, text, got)
			}
		}
	}
}

func TestCarry_WithoutATrace_OrOneTooLong_IsEmpty(t *testing.T) {
	if text := telemetry.Carry(t.Context()); text != "" {
		t.Errorf("carried %s", text)
	}
	long := "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250)
	if text := telemetry.Carry(spanContext(t, long, 0)); text != "" {
		t.Errorf("carried %d bytes", len(text))
	}
}

// Whatever stands in a row costs a trace at most.
func FuzzCarried(f *testing.F) {
	for _, text := range []string{"", "{}", "null", "[1]", `{"traceparent":"00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01","tracestate":"a=b"}`, `{"traceparent":"x"}`, `{"traceparent":1}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ctx := telemetry.Carried(context.Background(), text)
		if again := telemetry.Carry(ctx); again != "" {
			first, second := trace.SpanContextFromContext(ctx), trace.SpanContextFromContext(telemetry.Carried(context.Background(), again))
			if first.TraceID() != second.TraceID() || first.SpanID() != second.SpanID() || first.IsSampled() != second.IsSampled() {
				t.Errorf("%q is %+v, carried on %+v", text, first, second)
			}
		}
	})
}

func TestChild_OnlyBelowWhatIsRecorded_AndARootIsTheSamplers(t *testing.T) {
	tracer := sdk.NewTracerProvider(sdk.WithSampler(sdk.AlwaysSample())).Tracer("test") // so that it is ours not to record
	if _, span := telemetry.Child(spanContext(t, "", trace.FlagsSampled), tracer, "below"); !span.IsRecording() {
		t.Error("nothing is recorded below a span that is")
	}
	unseen := spanContext(t, "", 0)
	ctx, span := telemetry.Child(unseen, tracer, "below")
	if span.IsRecording() || trace.SpanContextFromContext(ctx).TraceID() != (trace.TraceID{1, 2, 3}) {
		t.Error("the trace id does not go on below a span that is not recorded")
	}
	if _, span := telemetry.Child(t.Context(), tracer, "first"); !span.IsRecording() {
		t.Error("the sampler was not asked about a trace that begins here")
	}
	if telemetry.Recorded(unseen) || !telemetry.Recorded(spanContext(t, "", trace.FlagsSampled)) || telemetry.Recorded(t.Context()) {
		t.Error("Recorded")
	}
}

// What nobody records must cost next to nothing.
func TestChild_NotRecorded_AllocatesNothing(t *testing.T) {
	ctx, tracer := spanContext(t, "", 0), sdk.NewTracerProvider().Tracer("test")
	if n := testing.AllocsPerRun(100, func() {
		_, span := telemetry.Child(ctx, tracer, "below", telemetry.AsClient...)
		span.End()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkChild_NotRecorded(b *testing.B) {
	ctx, tracer := spanContext(b, "", 0), sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample())).Tracer("test")
	b.ReportAllocs()
	for b.Loop() {
		_, span := telemetry.Child(ctx, tracer, "below", telemetry.AsClient...)
		span.End()
	}
}

func BenchmarkChild_Recorded(b *testing.B) {
	ctx, tracer := spanContext(b, "", trace.FlagsSampled), sdk.NewTracerProvider().Tracer("test")
	b.ReportAllocs()
	for b.Loop() {
		_, span := telemetry.Child(ctx, tracer, "below", telemetry.AsClient...)
		span.End()
	}
}

func BenchmarkCarry(b *testing.B) {
	ctx := spanContext(b, "", 0)
	b.ReportAllocs()
	for b.Loop() {
		telemetry.Carry(ctx)
	}
}
