package scenario

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// theOnly is the name of a flow's payment where the flow gives none.
const theOnly = "payment"

// flows reads a list of flows with weights.
func (r *reader) flows(at string, n *yaml.Node) (flows []Flow) {
	total := 0
	r.list(at, n, maxFlows, func(at string, n *yaml.Node) {
		flow := Flow{Weight: 1}
		r.fields(at, n, fields{
			"name":   func(at string, n *yaml.Node) { flow.Name = r.name(at, n) },
			"weight": func(at string, n *yaml.Node) { flow.Weight = int(r.whole(at, n, 0, 1_000_000)) },
			"steps":  func(at string, n *yaml.Node) { flow.Steps = r.steps(at, n) },
			"script": func(at string, n *yaml.Node) { flow.Script = r.script(at, n) },
		})
		has := func(field string) bool { return child(n, field) != nil }
		r.check(has("steps") != has("script"), at, n, "needs either steps or script")
		r.check(has("name") || has("script"), at+".name", n, "is missing")
		if flow.Name == "" {
			flow.Name = flow.Script
		}
		total += flow.Weight
		flows = append(flows, flow)
	})
	r.check(total > 0 || len(flows) == 0, at, n, "the weights sum to 0")
	return flows
}

func (r *reader) script(at string, n *yaml.Node) string {
	_, known := scripts[n.Value]
	r.check(known, at, n, "%q is no script; there are %s (scenario.Register makes one known)", n.Value, strings.Join(Scripts(), ", "))
	if !known {
		return ""
	}
	return n.Value
}

func (r *reader) steps(at string, n *yaml.Node) (steps []Step) {
	story := story{}
	r.list(at, n, maxFlowSteps, func(at string, n *yaml.Node) {
		step := r.step(at, n)
		story.tell(r, at, n, &step)
		steps = append(steps, step)
	})
	return steps
}

// step reads a mapping of one field, its verb.
func (r *reader) step(at string, n *yaml.Node) (step Step) {
	step.Payment = theOnly
	r.fields(at, n, fields{
		string(DoCreate): func(at string, n *yaml.Node) { step.Do = DoCreate; r.create(at, n, &step) },
		string(DoAwait):  func(at string, n *yaml.Node) { step.Do = DoAwait; r.await(at, n, &step) },
		string(DoCancel): func(at string, n *yaml.Node) { step.Do = DoCancel; r.cancel(at, n, &step) },
		string(DoReplay): func(at string, n *yaml.Node) {
			step.Do = DoReplay
			r.fields(at, n, fields{"payment": r.paymentOf(&step)})
		},
		string(DoThink):  func(at string, n *yaml.Node) { step.Do, step.Think, step.Payment = DoThink, r.delay(at, n), "" },
		string(DoExpect): func(at string, n *yaml.Node) { step.Do = DoExpect; r.expect(at, n, &step) },
	})
	r.check(n.Kind != yaml.MappingNode || len(n.Content) == 2, at, n, "must have one field: create, await, cancel, replay, think or expect")
	return step
}

func (r *reader) create(at string, n *yaml.Node, step *Step) {
	r.fields(at, n, fields{
		"as":     r.paymentOf(step),
		"means":  func(at string, n *yaml.Node) { step.Means = r.meansList(at, n) },
		"amount": func(at string, n *yaml.Node) { step.Amount = r.whole(at, n, 10, 1_000_000_000) },
		"async":  func(at string, n *yaml.Node) { step.Async = r.yes(at, n) },
		"outcome": func(at string, n *yaml.Node) {
			step.Outcome = map[Means]string{}
			known := fields{}
			for _, m := range []Means{PG, Point, Coupon} {
				known[string(m)] = func(at string, n *yaml.Node) {
					fault := checkOutcome(m.operations()[0], n.Value)
					r.check(fault == "" || n.Value == "ok", at, n, "%s", fault)
					step.Outcome[m] = n.Value
				}
			}
			r.fields(at, n, known)
		},
	})
	for m := range step.Outcome {
		r.check(slices.Contains(step.Means, m), at+".outcome."+string(m), n, "%s is not among the means of this payment", m)
	}
}

func (r *reader) await(at string, n *yaml.Node, step *Step) {
	r.fields(at, n, fields{
		"payment": r.paymentOf(step),
		"state":   r.stateOf(step, "PAID", "FAILED"),
		"within":  r.withinOf(step),
	})
}

func (r *reader) cancel(at string, n *yaml.Node, step *Step) {
	r.fields(at, n, fields{
		"payment": r.paymentOf(step),
		"amount":  func(at string, n *yaml.Node) { step.Amount = r.whole(at, n, 1, 1_000_000_000) },
		"state":   r.stateOf(step, "SUCCEEDED", "FAILED", "rejected"),
	})
}

func (r *reader) expect(at string, n *yaml.Node, step *Step) {
	r.fields(at, n, fields{
		"payment": r.paymentOf(step),
		"state":   r.stateOf(step, "PAID", "FAILED", "PARTIALLY_CANCELED", "CANCELED"),
		"canceled": func(at string, n *yaml.Node) {
			canceled := r.whole(at, n, 0, 1_000_000_000)
			step.Canceled = &canceled
		},
		"within": r.withinOf(step),
	})
	r.check(step.State != "" || step.Canceled != nil || r.failed(at), at, n, "expects nothing: state or canceled is missing")
}

func (r *reader) paymentOf(step *Step) func(at string, n *yaml.Node) {
	return func(at string, n *yaml.Node) { step.Payment = r.name(at, n) }
}

func (r *reader) stateOf(step *Step, states ...string) func(at string, n *yaml.Node) {
	return func(at string, n *yaml.Node) {
		r.check(slices.Contains(states, n.Value), at, n, "must be one of %s, not %q", strings.Join(states, ", "), n.Value)
		step.State = n.Value
	}
}

func (r *reader) withinOf(step *Step) func(at string, n *yaml.Node) {
	return func(at string, n *yaml.Node) { step.Within = r.duration(at, n, time.Millisecond, time.Hour) }
}

// story is what has happened in a flow so far, as far as the file tells.
type story map[string]*chapter // by payment

type chapter struct {
	open             bool // asynchronous, and not awaited yet
	cancels, replays int
}

// maxSequels bounds the cancellations of a payment in a flow, and its replays.
const maxSequels = 8

// tell checks a step against what came before it.
func (s story) tell(r *reader, at string, n *yaml.Node, step *Step) {
	if step.Do == DoCreate {
		r.check(s[step.Payment] == nil, at, n, "a second payment is called %s; `as` gives it a name of its own", step.Payment)
		r.check(len(s) < maxFlowPayments, at, n, "creates more than %d payments in one flow", maxFlowPayments)
		s[step.Payment] = &chapter{open: step.Async}
		return
	}
	if r.check(len(s) > 0, at, n, "a flow begins with create"); len(s) == 0 || step.Do == DoThink || step.Do == "" {
		return
	}
	c := s[step.Payment]
	if r.check(c != nil, at, n, "no payment is called %s before this step", step.Payment); c == nil {
		return
	}
	switch step.Do {
	case DoAwait:
		c.open = false
	case DoCancel, DoExpect:
		r.check(!c.open, at, n, "payment %s is asynchronous: await it first", step.Payment)
	}
	if step.Do == DoCancel {
		c.cancels++
	}
	if step.Do == DoReplay {
		c.replays++
	}
	r.check(max(c.cancels, c.replays) <= maxSequels, at, n, "cancels or replays payment %s more than %d times", step.Payment, maxSequels)
}
