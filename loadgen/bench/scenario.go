package bench

import (
	"fmt"
	"time"
)

// scenarioText is the scenario of a step: no faults, no cancellations, no delay of a means, nothing that a repeat of the
// run could draw otherwise. The machine is to be full, so the gate lets it be: what is measured is what all processes
// together do then, and a late generator only lowers the rate that it reports.
func scenarioText(p Place, load time.Duration) string {
	model, stage := "closed", fmt.Sprintf("users: %d", p.Clients)
	if p.Clients == 0 {
		model, stage = "open", fmt.Sprintf("rate: %.0f", max(p.Rate, 1))
	}
	means := "PG"
	if p.Legs == 3 {
		means = "PG, POINT, COUPON"
	}
	asynchronous, sampled := 0, 0
	if p.Mode == Async {
		asynchronous = 100
	}
	if p.Contestant == TelemetryOn {
		sampled = 1 // the merchant's own sampling decides, as in production
	}
	return fmt.Sprintf(`# Written by loadgen bench.
name: bench
description: %s
model: %s
stages:
  - {name: load, %s, duration: %s}
mix: [{weight: 1, means: [%s]}]
async: %d%%
trace_sampled: %d%%
cancel: 0%%
replay: 0%%
reuse_key: 0%%
same_order: 0%%
callback_refuse: 0%%
means:
  PG: {delay: fixed/0s}
  POINT: {delay: fixed/0s}
  COUPON: {delay: fixed/0s}
client: {max_in_flight: %d}
settle: 60s
gate: {lateness_p99: 30s, unsent: 100%%, pg_added_p99: 10s, cpu_pressure: 100%%, generator_cpu: 100%%, gc_pause: 5s}
`, p.name(), model, stage, load, means, asynchronous, sampled, max(4000, p.Clients))
}
