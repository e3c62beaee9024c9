package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"gazua.example/loadgen/pace"
)

// maxStages, maxRate and maxDuration bound what one run may be asked for.
const (
	maxStages   = 1_000
	maxRate     = 1_000_000
	maxDuration = 30 * 24 * time.Hour
)

// Read makes a scenario of a YAML text. file names it in the faults.
func Read(file string, text []byte) (Scenario, error) {
	s, r := Default(), &reader{file: file}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return Scenario{}, fmt.Errorf("%s is not YAML: %w", file, err)
	}
	if len(document.Content) != 1 {
		return Scenario{}, fmt.Errorf("%s is empty", file)
	}
	root := document.Content[0]
	r.fields("", root, map[string]func(at string, n *yaml.Node){
		"name":        func(at string, n *yaml.Node) { s.Name = r.name(at, n) },
		"description": func(at string, n *yaml.Node) { r.text(at, n) },
		"seed":        func(at string, n *yaml.Node) { s.Seed = uint64(r.whole(at, n, 0, 1<<62)) },
		"stages":      func(at string, n *yaml.Node) { s.Stages = r.stages(at, n) },
		"mix":         func(at string, n *yaml.Node) { s.Mix = r.mix(at, n) },
		"amount": func(at string, n *yaml.Node) {
			r.fields(at, n, map[string]func(at string, n *yaml.Node){
				"min":      func(at string, n *yaml.Node) { s.AmountMin = r.whole(at, n, 10, 1_000_000_000) },
				"max":      func(at string, n *yaml.Node) { s.AmountMax = r.whole(at, n, 10, 1_000_000_000) },
				"currency": func(at string, n *yaml.Node) { s.Currency = r.currency(at, n) },
			})
			r.check(s.AmountMin <= s.AmountMax, at, n, "min must not be above max")
		},
		"async":           func(at string, n *yaml.Node) { s.Async = r.share(at, n) },
		"cancel":          func(at string, n *yaml.Node) { s.Cancel = r.share(at, n) },
		"replay":          func(at string, n *yaml.Node) { s.Replay = r.share(at, n) },
		"reuse_key":       func(at string, n *yaml.Node) { s.ReuseKey = r.share(at, n) },
		"same_order":      func(at string, n *yaml.Node) { s.SameOrder = r.share(at, n) },
		"callback_refuse": func(at string, n *yaml.Node) { s.Refuse = r.share(at, n) },
		"trace_sampled":   func(at string, n *yaml.Node) { s.Sampled = r.share(at, n) },
		"merchants":       func(at string, n *yaml.Node) { s.Merchants = int(r.whole(at, n, 1, 10_000)) },
		"means":           func(at string, n *yaml.Node) { r.means(at, n, s.Means) },
		"client":          func(at string, n *yaml.Node) { r.client(at, n, &s.Client) },
		"settle":          func(at string, n *yaml.Node) { s.Settle = r.duration(at, n, 0, time.Hour) },
		"gate": func(at string, n *yaml.Node) {
			r.fields(at, n, map[string]func(at string, n *yaml.Node){
				"lateness_p99": func(at string, n *yaml.Node) { s.Gate.LatenessP99 = r.duration(at, n, time.Millisecond, time.Minute) },
				"unsent":       func(at string, n *yaml.Node) { s.Gate.Unsent = r.share(at, n) },
				"pg_added_p99": func(at string, n *yaml.Node) { s.Gate.PGAddedP99 = r.duration(at, n, time.Millisecond, time.Minute) },
			})
		},
	})
	r.check(s.Name != "" || r.failed("name"), "name", root, "is missing")
	r.check(len(s.Stages) > 0 || r.failed("stages"), "stages", root, "is missing: a run needs at least one")
	return s, errors.Join(r.faults...)
}

func (r *reader) stages(at string, n *yaml.Node) []pace.Stage {
	var stages []pace.Stage
	r.list(at, n, maxStages, func(at string, n *yaml.Node) {
		stage, line := pace.Stage{}, n.Line
		r.fields(at, n, map[string]func(at string, n *yaml.Node){
			"name": func(at string, n *yaml.Node) { stage.Name = r.name(at, n) },
			"rate": func(at string, n *yaml.Node) {
				stage.From = r.number(at, n, 0, maxRate)
				stage.To = stage.From
			},
			"from":     func(at string, n *yaml.Node) { stage.From = r.number(at, n, 0, maxRate) },
			"to":       func(at string, n *yaml.Node) { stage.To = r.number(at, n, 0, maxRate) },
			"duration": func(at string, n *yaml.Node) { stage.Duration = r.duration(at, n, time.Millisecond, maxDuration) },
		})
		has := func(field string) bool { return child(n, field) != nil }
		r.check(has("duration"), at+".duration", &yaml.Node{Line: line}, "is missing")
		constant, ramp := has("rate") && !has("from") && !has("to"), !has("rate") && has("from") && has("to")
		r.check(constant || ramp, at, n, "needs either rate (constant) or from and to (a ramp)")
		if stage.Name == "" {
			stage.Name = "stage-" + strconv.Itoa(len(stages)+1)
		}
		stages = append(stages, stage)
	})
	busy := false
	for _, s := range stages {
		busy = busy || s.From > 0 || s.To > 0
	}
	r.check(busy || len(r.faults) > 0, at, n, "has no arrivals: every rate is 0")
	return stages
}

func (r *reader) mix(at string, n *yaml.Node) []Kind {
	var mix []Kind
	total := 0
	r.list(at, n, 100, func(at string, n *yaml.Node) {
		kind := Kind{}
		r.fields(at, n, map[string]func(at string, n *yaml.Node){
			"weight": func(at string, n *yaml.Node) { kind.Weight = int(r.whole(at, n, 0, 1_000_000)) },
			"means": func(at string, n *yaml.Node) {
				seen := map[Means]bool{}
				r.list(at, n, 3, func(at string, n *yaml.Node) {
					m := Means(r.text(at, n))
					r.check(m == PG || m == Point || m == Coupon, at, n, "must be PG, POINT or COUPON, not %q", m)
					r.check(!seen[m], at, n, "%s is there twice; a payment has at most one leg of each", m)
					seen[m] = true
					kind.Means = append(kind.Means, m)
				})
			},
		})
		r.check(len(kind.Means) > 0, at+".means", n, "is missing: a payment needs at least one of the means")
		total += kind.Weight
		mix = append(mix, kind)
	})
	r.check(total > 0, at, n, "the weights sum to 0")
	return mix
}

func (r *reader) client(at string, n *yaml.Node, c *Client) {
	r.fields(at, n, map[string]func(at string, n *yaml.Node){
		"timeout":       func(at string, n *yaml.Node) { c.Timeout = r.duration(at, n, time.Millisecond, 10*time.Minute) },
		"deadline":      func(at string, n *yaml.Node) { c.Deadline = r.duration(at, n, time.Millisecond, time.Hour) },
		"backoff_min":   func(at string, n *yaml.Node) { c.BackoffMin = r.duration(at, n, time.Millisecond, time.Minute) },
		"backoff_max":   func(at string, n *yaml.Node) { c.BackoffMax = r.duration(at, n, time.Millisecond, time.Minute) },
		"poll_min":      func(at string, n *yaml.Node) { c.PollMin = r.duration(at, n, time.Millisecond, time.Minute) },
		"poll_max":      func(at string, n *yaml.Node) { c.PollMax = r.duration(at, n, time.Millisecond, time.Minute) },
		"max_in_flight": func(at string, n *yaml.Node) { c.MaxInFlight = int(r.whole(at, n, 1, 20_000)) },
		"max_open":      func(at string, n *yaml.Node) { c.MaxOpen = int(r.whole(at, n, 1, 10_000_000)) },
		"max_idle":      func(at string, n *yaml.Node) { c.MaxIdle = r.duration(at, n, time.Millisecond, 10*time.Minute) },
	})
	r.check(c.BackoffMin <= c.BackoffMax, at, n, "backoff_min must not be above backoff_max")
	r.check(c.PollMin <= c.PollMax, at, n, "poll_min must not be above poll_max")
}
