package bench

import (
	"time"
)

var card64 = Place{Section: Grid, Mode: Sync, Legs: 1, Clients: 64}

func of(p Place, contestant string) Place {
	p.Contestant = contestant
	return p
}

// measured has, for each contestant at a place, repeats of these rates, all of them good.
func measured(p Place, rates map[string][]float64) *Report {
	r := &Report{Schema: Schema, Start: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC), Repeats: 3, Duration: 5, Contestants: map[string]string{}, Skipped: map[string]string{}}
	for _, name := range []string{Raw, System, Plain, Legacy, TelemetryOn} {
		if len(rates[name]) > 0 {
			r.Contestants[name] = what[name]
		}
		for i, rate := range rates[name] {
			verdict := pass
			if name == Raw {
				verdict = rows
			}
			r.add(of(p, name), Repeat{
				Number: i + 1, Verdict: verdict, Payments: int64(rate * 5), Rate: rate, P50: 1000 / rate, P99: 4000 / rate,
				CPU: map[string]float64{"mysql": 1e5 / rate, "payment-api": 2e5 / rate}, System: 3e5 / rate,
			})
		}
	}
	r.conclude()
	return r
}

// spoil gives one repeat another verdict.
func spoil(r *Report, p Place, repeat int, verdict string) {
	old := find(r.Cells, p)
	fresh := &Cell{Place: p}
	for _, x := range old.Repeats {
		if x.Number == repeat {
			x.Verdict = verdict
		}
		fresh.add(x)
	}
	*old = *fresh
	r.conclude()
}
