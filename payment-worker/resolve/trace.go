package resolve

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

const scope = "gazua.example/payment-worker/resolve"

// resolving is one piece of open work being brought further. It is a trace of its own: whose request it was is not kept
// beside the open work, and to look it up would cost a query for each. Both traces have gazua.payment_id.
type resolving struct {
	span  trace.Span
	kind  string
	began time.Time
}

func begin(ctx context.Context, d payment.Due) (context.Context, resolving) {
	kind := "payment"
	if d.Cancellation() > 0 {
		kind = "cancellation"
	}
	ctx, span := otel.Tracer(scope).Start(ctx, "resolve")
	if span.IsRecording() {
		span.SetName("resolve " + kind)
		span.SetAttributes(attribute.String("gazua.payment_id", d.Payment().String()))
	}
	return ctx, resolving{span, kind, time.Now()}
}

func (r resolving) end(ctx context.Context) {
	r.span.End()
	durations().Record(ctx, r.kind, time.Since(r.began))
}

var durations = sync.OnceValue(func() *telemetry.Durations[string] {
	d, err := telemetry.NewDurations(otel.Meter(scope), "gazua.resolve.duration", "Work on a piece of open work that was due, once.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		func(kind string) []attribute.KeyValue { return []attribute.KeyValue{attribute.String("kind", kind)} })
	if err != nil {
		panic(errors.Join(errors.New("make the resolver's metric"), err)) // name and bounds are constants: a programmer's mistake
	}
	return d
})
