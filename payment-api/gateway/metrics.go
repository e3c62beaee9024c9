package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

const scope = "gazua.example/payment-api/gateway"

var resultNames = map[payment.Result]string{
	payment.Unclear: "unclear", payment.Done: "done", payment.Refused: "refused",
	payment.NotProcessed: "not-processed", payment.NotFound: "not-found", payment.TooLate: "too-late",
}

// metrics is rate, errors and duration of the calls, and what they wait for before a byte goes out.
type metrics struct {
	duration *telemetry.Durations[callKey]
	wait     *telemetry.Durations[waitKey]
}

type callKey struct {
	means  payment.Means
	op     payment.Op
	result payment.Result
}

// waitKey is whose place was waited for: one in the bulkhead, or a connection, dialled anew where no idle one is left.
type waitKey struct {
	means payment.Means
	way   string
	place string
}

const (
	placeBulkhead   = "bulkhead"
	placeConnection = "connection"
)

func newMetrics(meter metric.Meter) (*metrics, error) {
	duration, durations := telemetry.NewDurations(meter, "gazua.means.call.duration", "Calls to the payment means, waits for bulkhead and connection included.",
		[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, callKey.attributes)
	wait, waits := telemetry.NewDurations(meter, "gazua.means.pool.wait", "What a call to a means waits for a place before its request goes out.",
		[]float64{.00001, .0001, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}, waitKey.attributes)
	return &metrics{duration, wait}, errors.Join(durations, waits)
}

func (k callKey) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("means", string(k.means)), attribute.String("op", string(k.op)), attribute.String("result", resultNames[k.result])}
}

func (k waitKey) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("means", string(k.means)), attribute.String("way", k.way), attribute.String("place", k.place)}
}

func (m *metrics) observe(ctx context.Context, c payment.Call, r payment.Reply, took time.Duration) {
	m.duration.Record(ctx, callKey{c.Leg.Means, c.Op, r.Result}, took)
}

func (m *metrics) waited(ctx context.Context, c payment.Call, place string, took time.Duration) {
	m.wait.Record(ctx, waitKey{c.Leg.Means, wayOf(c.Op), place}, took)
}

func wayOf(op payment.Op) string {
	switch op {
	case payment.Charge, payment.Reserve, payment.Confirm:
		return "forward"
	default:
		return "control"
	}
}

// gauges shows, whenever somebody looks, how many calls are in flight and how the breakers stand.
func (g *Gateway) gauges(meter metric.Meter) (metric.Registration, error) {
	inFlight, flights := meter.Int64ObservableGauge("gazua.means.in_flight", metric.WithUnit("{call}"), metric.WithDescription("Calls that hold a place in a bulkhead."))
	breaker, breakers := meter.Int64ObservableGauge("gazua.breaker.state", metric.WithDescription("The breaker of a means: 0 closed, 1 half-open, 2 open."))
	if err := errors.Join(flights, breakers); err != nil {
		return nil, fmt.Errorf("make the gateway's gauges: %w", err)
	}
	type shown struct {
		of                        *instance
		forward, control, breaker metric.MeasurementOption
	}
	var all []shown
	for means, instances := range g.instances {
		for _, i := range instances {
			with := func(more ...attribute.KeyValue) metric.MeasurementOption {
				more = append(more, attribute.String("means", string(means)))
				return metric.WithAttributeSet(attribute.NewSet(append(more, server(i.url)...)...))
			}
			all = append(all, shown{i, with(attribute.String("way", "forward")), with(attribute.String("way", "control")), with()})
		}
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, s := range all {
			o.ObserveInt64(inFlight, int64(len(s.of.forward.places)), s.forward)
			o.ObserveInt64(inFlight, int64(len(s.of.control.places)), s.control)
			o.ObserveInt64(breaker, int64(s.of.breaker.inner.State()), s.breaker) // gobreaker numbers them so
		}
		return nil
	}, inFlight, breaker)
}
