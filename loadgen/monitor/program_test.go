package monitor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// pages answers one page after the other, the last one for ever.
func programOf(t *testing.T, pages ...string) *program {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, pages[0])
		if len(pages) > 1 {
			pages = pages[1:]
		}
	}))
	t.Cleanup(server.Close)
	return &program{name: "payment-api-1", url: server.URL, client: server.Client(), counters: counters{}}
}

func TestProgram_RatesMeansBreakersAndTheLongestPause(t *testing.T) {
	p := programOf(t, `
go_goroutine_count 30
gazua_breaker_state{means="PG"} 2
gazua_breaker_state{means="POINT"} 1
gazua_means_pool_wait_seconds_sum{means="PG"} 1
gazua_means_pool_wait_seconds_count{means="PG"} 10
go_gc_pauses_seconds_bucket{le="0.001"} 5
go_gc_pauses_seconds_bucket{le="0.01"} 5
go_gc_pauses_seconds_bucket{le="+Inf"} 5
`, `
go_goroutine_count 31
gazua_breaker_state{means="PG"} 2
gazua_breaker_state{means="POINT"} 2
gazua_means_pool_wait_seconds_sum{means="PG"} 1.5
gazua_means_pool_wait_seconds_count{means="PG"} 20
go_gc_pauses_seconds_bucket{le="0.001"} 6
go_gc_pauses_seconds_bucket{le="0.01"} 8
go_gc_pauses_seconds_bucket{le="+Inf"} 8
`)
	first, err := p.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, early := first["payment-api-1/pool_wait_s"]; early || first["payment-api-1/goroutines"] != 30 {
		t.Errorf("first look: %v", first)
	}
	second, err := p.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for metric, want := range map[string]float64{"goroutines": 31, "breaker_open": 2, "breaker_half_open": 0, "pool_wait_s": 0.05, "gc_pause_max_s": 0.01} {
		if got, ok := second["payment-api-1/"+metric]; !ok || got != want {
			t.Errorf("%s = %g (%t), want %g", metric, got, ok, want)
		}
	}
	third, err := p.read(t.Context())
	if got, ok := third["payment-api-1/gc_pause_max_s"]; err != nil || !ok || got != 0 {
		t.Errorf("no pause gave %g %t %v", got, ok, err)
	}
}

func TestProgram_WhatIsNoPage_IsAnError(t *testing.T) {
	for _, page := range []string{"go_goroutine_count{x=\"", "<html>"} {
		if v, err := programOf(t, page).read(t.Context()); err == nil {
			t.Errorf("%q: %v", page, v)
		}
	}
}
