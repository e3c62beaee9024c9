package pgsim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gazua.example/mock-pg/pgsim"
)

func TestStatsAdded_OnTheAdminPort(t *testing.T) {
	m := start(t, pgsim.Options{Instance: "mock-pg-3"})
	for range 10 {
		m.must("/pg/v1/charge", body("1.1", "gz1;charge=ok@fixed/1ms"))
	}
	var page struct {
		Instance string
		Count    int
		P99      *float64 `json:"p99_ms"`
		Buckets  []struct {
			UpTo  float64 `json:"le_ms"`
			Count int
		}
	}
	status, text := m.admin("/stats/added")
	if err := json.Unmarshal([]byte(text), &page); err != nil || status != 200 {
		t.Fatalf("%d %v: %s", status, err, text)
	}
	if page.Instance != "mock-pg-3" || page.Count != 10 || page.P99 == nil || len(page.Buckets) < 10 || page.Buckets[len(page.Buckets)-1].Count != 10 {
		t.Errorf("%s", text)
	}
	if status, text := m.admin("/stats/added?format=hdr"); status != 200 || !strings.Contains(text, "Percentile") || !strings.Contains(text, "#[Mean") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := m.admin("/stats/added?format=csv"); status != 400 {
		t.Errorf("another format: %d", status)
	}
}
