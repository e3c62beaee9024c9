package telemetry_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"gazua.example/infra/telemetry"
)

// Whoever contains a panic logs it, and knows nothing of metrics: the line is what is counted.
func TestLog_APanic_IsCountedByWhereItHappened(t *testing.T) {
	var log bytes.Buffer
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Service: "s", Instance: "s-1", LogTo: &log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tel.Stop(context.Background()) }()
	page := func() string {
		answer := httptest.NewRecorder()
		tel.Metrics.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		return answer.Body.String()
	}
	tel.Log.Error("request", "where", "request")
	tel.Log.Info(telemetry.PanicMessage, "where", "request")
	if strings.Contains(page(), "gazua_panics") {
		t.Error("what is no panic was counted")
	}
	tel.Log.Error(telemetry.PanicMessage, "where", "request", "reason", "oops")
	tel.Log.With("payment_id", "7").WithGroup("g").Error(telemetry.PanicMessage, "where", "payment")
	tel.Log.With("where", "payment").Error(telemetry.PanicMessage, "reason", "oops")
	tel.Log.Error(telemetry.PanicMessage)
	for where, want := range map[string]string{"request": "1", "payment": "2", "unknown": "1"} {
		found := false
		for line := range strings.Lines(page()) {
			found = found || strings.HasPrefix(line, "gazua_panics_total{") && strings.Contains(line, `where="`+where+`"`) && strings.HasSuffix(line, "} "+want+"\n")
		}
		if !found {
			t.Errorf("%s is not counted %s times:\n%s", where, want, page())
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 6 {
		t.Errorf("%d lines in the log, want all 6", n)
	}
}
