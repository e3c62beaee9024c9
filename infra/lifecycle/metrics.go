package lifecycle

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// measures are made when the first phase begins: the program has told OpenTelemetry by then where metrics go.
func measures() (phase metric.Int64Gauge, duration metric.Float64Gauge) {
	meter := otel.Meter("gazua.example/infra/lifecycle")
	phase, err1 := meter.Int64Gauge("gazua.shutdown.phase", metric.WithUnit("{phase}"), metric.WithDescription("Phases of the shutdown: 1 while it runs, 0 when it is over."))
	duration, err2 := meter.Float64Gauge("gazua.shutdown.phase.duration", metric.WithUnit("s"), metric.WithDescription("How long each phase of the shutdown took."))
	if err := errors.Join(err1, err2); err != nil {
		panic(err) // names are constants: a programmer's mistake
	}
	return phase, duration
}

// running shows that a phase runs, or that it is over.
func running(name string, runs bool) {
	phase, _ := measures()
	value := int64(0)
	if runs {
		value = 1
	}
	phase.Record(context.Background(), value, metric.WithAttributes(attribute.String("phase", name)))
}

func lasted(e end) {
	_, duration := measures()
	duration.Record(context.Background(), e.took.Seconds(), metric.WithAttributes(attribute.String("phase", e.Name), attribute.String("outcome", e.outcome)))
}
