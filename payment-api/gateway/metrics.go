package gateway

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"gazua.example/payment-api/payment"
)

var resultNames = map[payment.Result]string{
	payment.Unclear: "unclear", payment.Done: "done", payment.Refused: "refused",
	payment.NotProcessed: "not-processed", payment.NotFound: "not-found", payment.TooLate: "too-late",
}

type metrics struct {
	duration metric.Float64Histogram
}

func newMetrics() (*metrics, error) {
	duration, err := otel.Meter("gazua.example/payment-api/gateway").Float64Histogram("gazua.means.call.duration",
		metric.WithUnit("s"), metric.WithDescription("Calls to the payment means, waits for bulkhead and connection included."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5))
	if err != nil {
		return nil, fmt.Errorf("make the gateway's metrics: %w", err)
	}
	return &metrics{duration}, nil
}

func (m *metrics) observe(ctx context.Context, c payment.Call, r payment.Reply, took time.Duration) {
	m.duration.Record(ctx, took.Seconds(), metric.WithAttributes(attribute.String("means", string(c.Leg.Means)),
		attribute.String("op", string(c.Op)), attribute.String("result", resultNames[r.Result])))
}
