package drill

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// logged reads lines of a log as shutdownsOf does: each at so many seconds.
func logged(t *testing.T, lines ...string) (found []Shutdown) {
	t.Helper()
	for i, text := range lines {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		found = noted(found, "payment-api-1", time.Duration(i)*time.Second, line)
	}
	return found
}

func TestShutdowns_AreReadPhaseByPhase(t *testing.T) {
	found := logged(t,
		`{"msg":"shutdown phase","phase":"of nobody's","outcome":"done"}`, // the log begins in the middle
		`{"msg":"shutdown begins","signal":"terminated","in_flight":"3 requests in flight"}`,
		`{"msg":"shutdown phase","phase":"readiness off","bound_ms":1000,"elapsed_ms":0.188,"outcome":"done"}`,
		`{"msg":"shutdown phase","phase":"finish requests","bound_ms":15000,"elapsed_ms":1000,"outcome":"done"}`,
		`{"msg":"shutdown ends","elapsed_ms":2000.5,"code":0,"left":""}`,
		`{"msg":"serving"}`,
		`{"msg":"shutdown begins","signal":"terminated","in_flight":""}`,
		`{"msg":"shutdown phase","phase":"finish requests","bound_ms":1000,"elapsed_ms":1001,"outcome":"overrun","error":"x","left":"2 requests in flight"}`,
	)
	if len(found) != 2 {
		t.Fatalf("%d shutdowns, want 2: %+v", len(found), found)
	}
	first, second := found[0], found[1]
	if first.Signal != time.Second || first.Ended != 4*time.Second || first.Lasted != 2000500*time.Microsecond || first.Code != 0 || first.InFlight != "3 requests in flight" ||
		len(first.Phases) != 2 || first.Phases[0].Lasted != 188*time.Microsecond || first.Phases[1].Bound != 15*time.Second {
		t.Errorf("%+v", first)
	}
	if why := first.clean(); why != "" {
		t.Errorf("all is done, and it is not clean: %s", why)
	}
	if at := first.worked(); at != 3*time.Second {
		t.Errorf("its work ended at %s, want the end of finish requests", at)
	}
	if second.Code != unsaid || second.Phases[0].Left != "2 requests in flight" {
		t.Errorf("%+v", second)
	}
	if why := second.clean(); !strings.Contains(why, "overrun") || !strings.Contains(why, "2 requests in flight") {
		t.Errorf("it overran, and clean says %q", why)
	}
}

func TestShutdown_ThatNeverSaysThatItEnded_IsNotClean(t *testing.T) {
	found := logged(t, `{"msg":"shutdown begins"}`, `{"msg":"shutdown phase","phase":"readiness off","outcome":"done"}`)
	if why := found[0].clean(); why == "" {
		t.Error("it counts as clean")
	}
}
