package bench

import (
	"strings"
	"testing"
)

// The gate of CI, held against reports that are made up: it lets 2.6 through, and 2.4 not.
func TestJudge_FailUnder(t *testing.T) {
	for name, c := range map[string]struct {
		system  float64
		change  func(*Report)
		code    int
		verdict string
	}{
		"2.6 times":             {2600, nil, 0, pass},
		"2.5 times":             {2500, nil, 0, pass},
		"2.4 times":             {2400, nil, 1, fail},
		"slower":                {500, nil, 1, fail},
		"a violated invariant":  {9000, func(r *Report) { spoil(r, of(card64, Plain), 3, fail) }, 1, fail},
		"an invalid run":        {9000, func(r *Report) { spoil(r, of(card64, System), 1, invalid) }, 3, invalid},
		"slow, and invalid":     {2400, func(r *Report) { spoil(r, of(card64, System), 1, invalid) }, 3, invalid},
		"stopped":               {9000, func(r *Report) { r.Incomplete = true; r.conclude() }, 3, invalid},
		"stopped, and violated": {9000, func(r *Report) { r.Incomplete = true; spoil(r, of(card64, System), 1, fail) }, 1, fail},
		"plain is not there":    {9000, func(r *Report) { r.Cells = r.Cells[:1]; r.conclude() }, 3, invalid},
		"nothing is there":      {9000, func(r *Report) { r.Cells = nil; r.conclude() }, 3, invalid},
		"a warm-up that failed": {9000, func(r *Report) { r.WarmUpFailed = true; r.conclude() }, 1, fail},
	} {
		t.Run(name, func(t *testing.T) {
			r := measured(card64, map[string][]float64{System: {c.system, c.system, c.system}, Plain: {1000, 1000, 1000}})
			if c.change != nil {
				c.change(r)
			}
			q := r.Judge(64, 1, 2.5)
			if q.Code != c.code || !strings.HasSuffix(q.Line, "verdict="+c.verdict) || !strings.HasPrefix(q.Line, "bench=quick clients=64 system=") || (q.Why == "") != (c.code == 0) {
				t.Errorf("exit %d: %s (%s)", q.Code, q.Line, q.Why)
			}
		})
	}
}

func TestJudge_Line(t *testing.T) {
	r := measured(card64, map[string][]float64{System: {1500, 1500, 1500}, Plain: {300, 300, 300}})
	if q := r.Judge(64, 1, 2.5); q.Line != "bench=quick clients=64 system=1500.0 plain=300.0 ratio=5.00 ci=[5.00,5.00] verdict=PASS" {
		t.Error(q.Line)
	}
	one := measured(card64, map[string][]float64{System: {1500}, Plain: {300}})
	if q := one.Judge(64, 1, 2.5); !strings.Contains(q.Line, "ratio=5.00 ci=none verdict=PASS") {
		t.Error(q.Line)
	}
}
