package scenario

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everything are scenarios that together have every field there is.
var everything = []string{`
name: all
description: x
seed: 1
model: open
arrivals: poisson
stages:
- {name: a, rate: 1, duration: 1s, arrivals: uniform}
- {from: 1, to: 2, steps: 2, duration: 1s}
- {spike: {base: 1, peak: 2, rise: 1s, hold: 1s, fall: 1s}}
- {sine: {mean: 2, amplitude: 1, period: 1s}, duration: 1s}
mix:
- {weight: 1, means: [PG]}
amount: {min: 10, max: 20, currency: KRW}
async: 1%
merchants: 1
wallets: 1
trace_sampled: 1%
cancel: 1%
replay: 1%
reuse_key: 1%
same_order: 1%
callback_refuse: 1%
broker_away: true
flow:
- create: {as: a, means: [PG], amount: 10, async: true, outcome: {PG: decline}}
- await: {payment: a, state: PAID, within: 1s}
- cancel: {payment: a, amount: 1, state: SUCCEEDED}
- replay: {payment: a}
- think: fixed/1ms
- expect: {payment: a, state: PAID, canceled: 0, within: 1s}
- create: {means: [POINT, COUPON], outcome: {POINT: decline, COUPON: ok}}
means:
  PG: {delay: fixed/1ms, charge: {fin: 1%}, refund: {fin: 1%}, void: {fin: 1%}, net-cancel: {fin: 1%}, inquiry: {fin: 1%}}
  POINT: {delay: fixed/1ms, reserve: {fin: 1%}, confirm: {fin: 1%}, release: {fin: 1%}, refund: {fin: 1%}, void: {fin: 1%}, inquiry: {fin: 1%}}
  COUPON: {}
faults:
- {after: 1s, for: 1s, script: gz1;charge=fin, override: true, means: PG, share: 10%}
client: {timeout: 1s, deadline: 1s, backoff_min: 1s, backoff_max: 1s, poll_min: 1s, poll_max: 1s, max_in_flight: 1, max_open: 1, max_idle: 1s}
settle: 1s
gate: {lateness_p99: 1s, unsent: 1%, pg_added_p99: 1s, cpu_pressure: 1%, generator_cpu: 1%, gc_pause: 1s}
`, `
name: closed
model: closed
think: fixed/1ms
stages:
- {users: {from: 1, to: 2}, duration: 1s}
flows:
- {name: a, weight: 1, steps: [create: {}]}
- {script: second-means}
`, `
name: script
stages:
- {rate: 1, duration: 1s}
script: second-means
`}

var (
	items    = regexp.MustCompile(`\[\d+\]`)
	anyMeans = regexp.MustCompile(`(means|outcome)\.(PG|POINT|COUPON)\b`)
	rows     = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\|.*\\|.*\\|.*\\|$")
)

// The reference has a row for every field of the reader's tables, and no other.
func TestSchema_EveryFieldStandsInTheReference(t *testing.T) {
	could, given := map[string]bool{}, map[string]bool{}
	for _, text := range everything {
		r := &reader{file: "all.yaml", seen: func(path string, is bool) {
			path = anyMeans.ReplaceAllString(items.ReplaceAllString(path, "[]"), "$1.<MEANS>")
			path = strings.Replace(path, "flows[].steps[]", "flow[]", 1)
			could[path] = true
			given[path] = given[path] || is
		}}
		if _, err := r.read([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for path := range could {
		if !given[path] {
			t.Errorf("none of this test's scenarios has %s, so what lies below it is not checked", path)
		}
	}
	text, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range rows.FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = true
	}
	for _, path := range slices.Sorted(maps.Keys(could)) {
		if !documented[path] {
			t.Errorf("docs/scenarios.md has no row for %s", path)
		}
		delete(documented, path)
	}
	for path := range documented {
		t.Errorf("docs/scenarios.md has a row for %s, which is no field", path)
	}
	for _, f := range faultKinds {
		if !strings.Contains(string(text), "`"+f.name+"`") {
			t.Errorf("docs/scenarios.md does not know the fault %s", f.name)
		}
	}
	for _, script := range Scripts() {
		if !strings.Contains(string(text), "`"+script+"`") {
			t.Errorf("docs/scenarios.md does not know the script %s", script)
		}
	}
}

// What is shipped can be read.
func TestShippedScenarios_AreRead(t *testing.T) {
	files, err := os.ReadDir("../scenarios")
	if err != nil {
		t.Fatal(err)
	}
	reference, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile("../scenarios/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file.Name(), text); err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(reference), "scenarios/"+file.Name()) {
			t.Errorf("docs/scenarios.md does not name %s", file.Name())
		}
	}
}
