package main

import (
	"strings"
	"testing"
	"time"
)

func TestMetrics_TheAddedLatencyIsAHistogramOnThePage(t *testing.T) {
	p := launch(t, "", t.TempDir())
	if status, got := p.post("/pg/v1/charge", charge("1.1", "gz1;charge=ok")); status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	const count = `gazua_mock_added_latency_seconds_count{otel_scope_name="gazua.example/mock-pg/pgsim"`
	deadline := time.Now().Add(10 * time.Second)
	for {
		page := p.get(p.adminURL + "/metrics")
		at := strings.Index(page, count)
		if at >= 0 && strings.Contains(strings.SplitN(page[at:], "\n", 2)[0], "} 1") && strings.Contains(page, `le="0.001"`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after one answer /metrics has no %s of 1:\n%s", count, page)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
