package drill

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCollector_RemembersWhoSentMetrics_NotTraces(t *testing.T) {
	environment := map[string]string{}
	if c, err := (Drill{}).collect(environment); c != nil || err != nil || len(environment) > 0 || c.Close() != nil {
		t.Errorf("nobody asked for one: %v %v %v", c, err, environment)
	}
	c, err := Drill{Collected: true}.collect(environment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	began := time.Now()
	for path, name := range map[string]string{"/v1/metrics": "\x0a\x0dpayment-api-2\x12", "/v1/traces": "payment-api-1"} {
		answer, err := http.Post(environment["OTEL_EXPORTER_OTLP_ENDPOINT"]+path, "application/x-protobuf", strings.NewReader(name))
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, answer, err)
		}
		answer.Body.Close()
	}
	if at, ok := c.last("payment-api-2"); !ok || at.Before(began) {
		t.Errorf("payment-api-2 sent its metrics: %v %t", at, ok)
	}
	if _, ok := c.last("payment-api-1"); ok {
		t.Error("payment-api-1 sent traces only")
	}
}
