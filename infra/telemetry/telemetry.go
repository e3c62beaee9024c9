// Package telemetry starts a program's logs, traces and metrics. Traces and metrics are OpenTelemetry's; they leave the
// process only when an OTLP endpoint is given. Without one, trace ids still travel through HTTP and Kafka headers and
// into the logs (no span is recorded), and /metrics still answers in Prometheus' text format.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Options say who speaks and where to.
type Options struct {
	Service     string    // e.g. payment-api
	Instance    string    // e.g. payment-api-1
	Endpoint    string    // OTLP over HTTP, e.g. http://127.0.0.1:4318; empty: nothing leaves the process
	SampleRatio float64   // share of new traces that are recorded when there is an endpoint
	LogLevel    string    // debug, info, warn or error
	LogTo       io.Writer // one JSON object a line
}

// scope names what this package measures of itself.
const scope = "gazua.example/infra/telemetry"

// Telemetry is what a program holds of it; Stop flushes.
type Telemetry struct {
	Log     *slog.Logger
	Metrics http.Handler // Prometheus text format
	stop    []func(context.Context) error
}

// Start sets OpenTelemetry's globals (provider, propagator) and returns the logger and the /metrics handler.
func Start(ctx context.Context, o Options) (*Telemetry, error) {
	level := slog.LevelInfo
	if o.LogLevel != "" {
		if err := level.UnmarshalText([]byte(o.LogLevel)); err != nil {
			return nil, fmt.Errorf("log level %q must be debug, info, warn or error", o.LogLevel)
		}
	}
	t := &Telemetry{Log: newLogger(o.LogTo, level, o.Instance)}
	res := resource.NewSchemaless(semconv.ServiceName(o.Service), semconv.ServiceInstanceID(o.Instance))
	if err := t.startTraces(ctx, o, res); err != nil {
		return nil, err
	}
	if err := t.startMetrics(ctx, o, res); err != nil {
		return nil, err
	}
	return t, nil
}

// Stop flushes what is left to the exporters, then closes them.
func (t *Telemetry) Stop(ctx context.Context) error {
	var errs []error
	for _, stop := range t.stop {
		errs = append(errs, stop(ctx))
	}
	return errors.Join(errs...)
}

func (t *Telemetry) startTraces(ctx context.Context, o Options, res *resource.Resource) error {
	opts := []trace.TracerProviderOption{trace.WithResource(res), trace.WithSampler(trace.NeverSample())}
	if o.Endpoint != "" {
		exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(o.Endpoint+"/v1/traces"))
		if err != nil {
			return fmt.Errorf("start the trace exporter to %s: %w", o.Endpoint, err)
		}
		lost, err := newDrops(t.Log)
		if err != nil {
			return err
		}
		opts = []trace.TracerProviderOption{
			trace.WithResource(res),
			trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(o.SampleRatio))),
			trace.WithSpanProcessor(newProcessor(exporter, spanQueue, lost)),
		}
	}
	provider := trace.NewTracerProvider(opts...)
	t.stop = append(t.stop, provider.Shutdown)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	trouble := &quiet{log: t.Log} // a collector that is away fails every batch
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { trouble.say("telemetry", "error", err.Error()) }))
	return nil
}

// collections are the Go runtime's figures of garbage collections.
var collections = regexp.MustCompile(`^/sched/pauses/total/gc:seconds$|^/gc/cycles/total:gc-cycles$`)

func (t *Telemetry) startMetrics(ctx context.Context, o Options, res *resource.Resource) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector( // OpenTelemetry's runtime metrics have no collections
		collectors.WithGoCollectorMemStatsMetricsDisabled(), collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: collections})))
	text, err := otelprom.New(otelprom.WithRegisterer(registry))
	if err != nil {
		return fmt.Errorf("start the metrics page: %w", err)
	}
	opts := []metric.Option{metric.WithResource(res), metric.WithReader(text)}
	if o.Endpoint != "" {
		exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(o.Endpoint+"/v1/metrics"))
		if err != nil {
			return fmt.Errorf("start the metric exporter to %s: %w", o.Endpoint, err)
		}
		opts = append(opts, metric.WithReader(metric.NewPeriodicReader(exporter, metric.WithInterval(10*time.Second))))
	}
	provider := metric.NewMeterProvider(opts...)
	t.stop = append(t.stop, provider.Shutdown)
	otel.SetMeterProvider(provider)
	if err := runtime.Start(runtime.WithMinimumReadMemStatsInterval(time.Second)); err != nil {
		return fmt.Errorf("start the runtime metrics: %w", err)
	}
	t.Metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return nil
}
