package scenario

import (
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Read makes a scenario of a YAML text. file names it in the faults.
func Read(file string, text []byte) (Scenario, error) { return (&reader{file: file}).read(text) }

func (r *reader) read(text []byte) (Scenario, error) {
	s, file, poisson := Default(), r.file, false
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return Scenario{}, fmt.Errorf("%s is not YAML: %w", file, err)
	}
	if len(document.Content) != 1 {
		return Scenario{}, fmt.Errorf("%s is empty", file)
	}
	root := document.Content[0]
	r.fields("", root, fields{
		"name":        func(at string, n *yaml.Node) { s.Name = r.name(at, n) },
		"description": func(at string, n *yaml.Node) { r.text(at, n) },
		"seed":        func(at string, n *yaml.Node) { s.Seed = uint64(r.whole(at, n, 0, 1<<62)) },
		"model": func(at string, n *yaml.Node) {
			s.Model = Model(n.Value)
			r.check(s.Model == Open || s.Model == Closed, at, n, "must be open or closed, not %q", n.Value)
		},
		"stages":   func(at string, n *yaml.Node) { s.Stages = r.stages(at, n) },
		"arrivals": func(at string, n *yaml.Node) { poisson = r.arrivals(at, n) },
		"think":    func(at string, n *yaml.Node) { s.Think = r.delay(at, n) },
		"flow":     func(at string, n *yaml.Node) { s.Flows = []Flow{{Name: "flow", Weight: 1, Steps: r.steps(at, n)}} },
		"flows":    func(at string, n *yaml.Node) { s.Flows = r.flows(at, n) },
		"script": func(at string, n *yaml.Node) {
			name := r.script(at, n)
			s.Flows = []Flow{{Name: name, Weight: 1, Script: name}}
		},
		"faults": func(at string, n *yaml.Node) { s.Faults = r.timedFaults(at, n) },
		"mix":    func(at string, n *yaml.Node) { s.Mix = r.mix(at, n) },
		"amount": func(at string, n *yaml.Node) {
			r.fields(at, n, fields{
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
		"wallets":         func(at string, n *yaml.Node) { s.Wallets = int(r.whole(at, n, 0, 10_000_000)) },
		"broker_away":     func(at string, n *yaml.Node) { s.Away = r.yes(at, n) },
		"means":           func(at string, n *yaml.Node) { r.means(at, n, s.Means) },
		"client":          func(at string, n *yaml.Node) { r.client(at, n, &s.Client) },
		"settle":          func(at string, n *yaml.Node) { s.Settle = r.duration(at, n, 0, time.Hour) },
		"gate": func(at string, n *yaml.Node) {
			r.fields(at, n, fields{
				"lateness_p99":  func(at string, n *yaml.Node) { s.Gate.LatenessP99 = r.duration(at, n, time.Millisecond, time.Minute) },
				"unsent":        func(at string, n *yaml.Node) { s.Gate.Unsent = r.share(at, n) },
				"pg_added_p99":  func(at string, n *yaml.Node) { s.Gate.PGAddedP99 = r.duration(at, n, time.Millisecond, time.Minute) },
				"cpu_pressure":  func(at string, n *yaml.Node) { s.Gate.CPUPressure = r.share(at, n) },
				"generator_cpu": func(at string, n *yaml.Node) { s.Gate.GeneratorCPU = r.share(at, n) },
				"gc_pause":      func(at string, n *yaml.Node) { s.Gate.GCPause = r.duration(at, n, time.Millisecond, time.Minute) },
			})
		},
	})
	if poisson {
		for i := range s.Stages {
			// What a stage says itself goes before what the scenario says of all.
			s.Stages[i].Poisson = child(child(root, "stages").Content[i], "arrivals") == nil || s.Stages[i].Poisson
		}
	}
	r.oneOf(root, "flow", "flows", "script")
	r.model(&s, root)
	r.check(s.Name != "" || r.failed("name"), "name", root, "is missing")
	r.check(len(s.Stages) > 0 || r.failed("stages"), "stages", root, "is missing: a run needs at least one")
	return s, errors.Join(r.faults...)
}

func (r *reader) mix(at string, n *yaml.Node) []Kind {
	var mix []Kind
	total := 0
	r.list(at, n, 100, func(at string, n *yaml.Node) {
		kind := Kind{}
		r.fields(at, n, fields{
			"weight": func(at string, n *yaml.Node) { kind.Weight = int(r.whole(at, n, 0, 1_000_000)) },
			"means":  func(at string, n *yaml.Node) { kind.Means = r.meansList(at, n) },
		})
		r.check(len(kind.Means) > 0, at+".means", n, "is missing: a payment needs at least one of the means")
		total += kind.Weight
		mix = append(mix, kind)
	})
	r.check(total > 0, at, n, "the weights sum to 0")
	return mix
}

// meansList reads at most one leg of each.
func (r *reader) meansList(at string, n *yaml.Node) (all []Means) {
	seen := map[Means]bool{}
	r.list(at, n, 3, func(at string, n *yaml.Node) {
		m := r.oneMeans(at, n)
		r.check(!seen[m], at, n, "%s is there twice; a payment has at most one leg of each", m)
		seen[m] = true
		all = append(all, m)
	})
	return all
}

func (r *reader) oneMeans(at string, n *yaml.Node) Means {
	m := Means(n.Value)
	r.check(m == PG || m == Point || m == Coupon, at, n, "must be PG, POINT or COUPON, not %q", m)
	return m
}

func (r *reader) client(at string, n *yaml.Node, c *Client) {
	r.fields(at, n, fields{
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
