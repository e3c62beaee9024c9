package scenario

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Flow is a scripted story of one merchant: a payment is created, awaited, canceled, asked for again, and looked at. Each
// arrival (of a closed model: each turn of a user) plays one flow, drawn by weight. It is a list of steps, or a Go script.
type Flow struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
	Steps  []Step `json:"steps,omitempty"`
	Script string `json:"script,omitempty"`
}

// Step is one thing that happens in a flow. The next one begins when it is done.
type Step struct {
	Do       Verb             `json:"do"`
	Payment  string           `json:"payment,omitempty"`  // its name in this flow
	Means    []Means          `json:"means,omitempty"`    // create; none: drawn from the mix
	Amount   int64            `json:"amount,omitempty"`   // create, 0: drawn; cancel, 0: all that is left
	Async    bool             `json:"async,omitempty"`    // create
	Outcome  map[Means]string `json:"outcome,omitempty"`  // create: of the first request of these means
	State    string           `json:"state,omitempty"`    // what it must come to; "": anything final
	Canceled *int64           `json:"canceled,omitempty"` // expect: the amount given back so far
	Within   time.Duration    `json:"within_ns,omitempty"`
	Think    string           `json:"think,omitempty"` // a delay of the token's grammar
}

// Verb is what a step does.
type Verb string

// The verbs.
const (
	DoCreate Verb = "create" // done with the final answer, or the 202 of an asynchronous payment
	DoAwait  Verb = "await"  // until the payment is final
	DoCancel Verb = "cancel" // done when the cancellation has ended
	DoReplay Verb = "replay" // the payment's request again; done when it is answered
	DoThink  Verb = "think"
	DoExpect Verb = "expect" // look at the payment and compare
)

// Told is what a step came to.
type Told struct {
	State    string // of the payment, or of its cancellation; of what was refused: rejected; of what was not answered: gave-up
	Canceled int64  // of the payment, as the last look has shown it
}

// maxFlowPayments, and the rest, bound one flow.
const (
	maxFlows        = 100
	maxFlowSteps    = 64
	maxFlowPayments = 8
)

// PaymentsEach is how many payments one arrival may create: the numbers of payments go up by it from one to the next.
func (s *Scenario) PaymentsEach() int {
	most := 1
	for _, f := range s.Flows {
		creates := 0
		for _, step := range f.Steps {
			if step.Do == DoCreate {
				creates++
			}
		}
		if f.Script != "" {
			creates = scripts[f.Script].Payments
		}
		most = max(most, creates)
	}
	return most
}

// The draws of a flow are apart from those of its payments.
const flowStream = 0x8ebc6af09c88c6e3

// Begin starts the flow of an arrival: nil where the scenario has no flows. The caller asks next for one step after
// another, telling what the one before has come to, and calls stop at the end, or earlier.
func (s *Scenario) Begin(arrival int) (flow *Flow, next func(Told) (Step, bool), stop func()) {
	if len(s.Flows) == 0 {
		return nil, nil, nil
	}
	chance := rand.New(rand.NewPCG(s.Seed^flowStream, uint64(arrival)))
	flow = &s.Flows[weighted(s.Flows, func(f Flow) int { return f.Weight }, chance)]
	if flow.Script != "" {
		next, stop = scripts[flow.Script].begin(chance)
		return flow, next, stop
	}
	at := 0
	return flow, func(Told) (step Step, more bool) {
		if at == len(flow.Steps) {
			return Step{}, false
		}
		step = flow.Steps[at]
		at++
		return step, true
	}, func() {}
}

// Ordered makes the payment that a flow's step creates. Its means do what the step says, and else succeed after the
// scenario's delays: a story that is to be told needs means that play along. cancels are those that the flow asked for so
// far, replays how often it has sent the request again.
func (s *Scenario) Ordered(run string, n int, step *Step, cancels []Cancel, replays int) Payment {
	p, chance := s.order(run, n)
	p.Async = step.Async
	if step.Amount > 0 {
		p.Amount = step.Amount
	}
	means := step.Means
	if len(means) == 0 {
		means = s.kind(chance).Means
	}
	p.Legs = s.split(p.Amount, means, chance)
	for i := range p.Legs {
		leg := &p.Legs[i]
		leg.Seed = chance.Uint64()
		honest := Behaviour{Delay: s.Means[leg.Means].Delay}
		leg.Token, leg.Plain = honest.token(leg.Means, s.source(&p, leg.Means), true, leg.Seed, step.Outcome[leg.Means])
	}
	p.Cancels = slices.Clone(cancels)
	for range replays {
		p.Probes = append(p.Probes, Probe{What: Replay})
	}
	return p
}

// weighted draws an index by weight.
func weighted[T any](list []T, weight func(T) int, chance *rand.Rand) int {
	total := 0
	for _, item := range list {
		total += weight(item)
	}
	drawn := chance.IntN(total)
	for i, item := range list {
		if drawn -= weight(item); drawn < 0 {
			return i
		}
	}
	panic("the weights sum to less than their sum")
}

// Pause draws how long a step, or a user of a closed model between two turns, thinks.
func (s *Scenario) Pause(think string, arrival, step int) time.Duration {
	d, err := parseDelay(think)
	if err != nil {
		return 0 // "": not at all
	}
	return d.at((float64(mix(mix(s.Seed^flowStream^uint64(arrival))+uint64(step))>>11) + 0.5) / (1 << 53))
}
