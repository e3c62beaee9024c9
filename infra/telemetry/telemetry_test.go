package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"gazua.example/infra/telemetry"
)

func TestStart_WithoutEndpoint_TraceIdsTravelAndReachTheLog(t *testing.T) {
	var log bytes.Buffer
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Service: "s", Instance: "s-1", LogTo: &log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tel.Stop(context.Background()) }()

	ctx, span := otel.Tracer("test").Start(t.Context(), "work")
	tel.Log.InfoContext(ctx, "hello")
	headers := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, headers)
	span.End()

	var line struct {
		TraceID  string `json:"trace_id"`
		Instance string `json:"instance"`
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	want := span.SpanContext().TraceID().String()
	if line.TraceID != want || line.Instance != "s-1" {
		t.Errorf("log line %s, want trace_id %s", log.String(), want)
	}
	if !strings.Contains(headers["traceparent"], want) {
		t.Errorf("traceparent %q does not carry %s", headers["traceparent"], want)
	}
	if span.IsRecording() {
		t.Error("a span is recorded although nobody listens")
	}
}

func TestStart_WithEndpoint_SpansAndMetricsArriveThere(t *testing.T) {
	arrived := make(chan string, 16)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.URL.Path }))
	defer collector.Close()
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Service: "s", Instance: "s-1", Endpoint: collector.URL, SampleRatio: 1, LogTo: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	if !span.IsRecording() {
		t.Error("nothing is recorded although somebody listens")
	}
	span.End()
	if err := tel.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(arrived)
	got := map[string]bool{}
	for path := range arrived {
		got[path] = true
	}
	if !got["/v1/traces"] || !got["/v1/metrics"] {
		t.Errorf("arrived: %v", got)
	}
}

func TestStart_MetricsPageAnswers(t *testing.T) {
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Service: "s", Instance: "s-1", LogTo: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tel.Stop(context.Background()) }()
	counter, err := otel.Meter("test").Int64Counter("payments")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 3)
	page := httptest.NewRecorder()
	tel.Metrics.ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{"payments_total", "go_goroutine_count"} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the page lacks %s:\n%s", want, page.Body)
		}
	}
}

func TestStart_UnknownLogLevel_IsOneSentence(t *testing.T) {
	_, err := telemetry.Start(t.Context(), telemetry.Options{LogLevel: "loud", LogTo: &bytes.Buffer{}})
	if err == nil || !strings.Contains(err.Error(), `log level "loud"`) {
		t.Errorf("err = %v", err)
	}
}
