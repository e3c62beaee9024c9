package mysql

import (
	"context"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// Three payments share a transaction; the first one's trace is not recorded, the others' are.
func TestCommits_TheStatementsStandBelowTheFirstThatIsRecorded_AndTheOthersLinkToIt(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder)).Tracer("test")
	c := newCommits("payment")
	c.tracer = tracer
	unseen := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}}))
	first, _ := tracer.Start(t.Context(), "a")
	second, _ := tracer.Start(t.Context(), "b")
	spans := []trace.Span{c.handed(unseen, "claim"), c.handed(first, "claim"), c.handed(second, "apply")}
	if spans[0] != nil {
		t.Error("a span in a trace that is not recorded")
	}
	began := time.Now()
	ctx := c.begun(context.Background(), began, []handedOver{{"claim", began, spans[0]}, {"claim", began.Add(-time.Second), spans[1]}, {"apply", began, spans[2]}})
	if got := trace.SpanContextFromContext(ctx); !got.Equal(spans[1].SpanContext()) {
		t.Errorf("the transaction runs below %s", got.SpanID())
	}
	spans[1].End()
	spans[2].End()
	ended := recorder.Ended()
	if len(ended) != 2 || ended[0].Parent().SpanID() != trace.SpanContextFromContext(first).SpanID() || ended[1].Parent().SpanID() != trace.SpanContextFromContext(second).SpanID() {
		t.Fatalf("ended %v", ended)
	}
	if len(ended[0].Links()) != 0 || len(ended[1].Links()) != 1 || !ended[1].Links()[0].SpanContext.Equal(spans[1].SpanContext()) {
		t.Errorf("links: %v and %v", ended[0].Links(), ended[1].Links())
	}
	attributes := map[string]any{}
	for _, a := range ended[0].Attributes() {
		attributes[string(a.Key)] = a.Value.AsInterface()
	}
	if attributes["gazua.commit.wait"] != 1.0 || attributes["db.operation.batch.size"] != int64(3) {
		t.Errorf("attributes %v", attributes)
	}
}
