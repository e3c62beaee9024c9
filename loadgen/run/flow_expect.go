package run

import (
	"cmp"
	"fmt"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
)

// expecting is the purpose of a look that is held against what a flow expects. Where the step gives it time, it is
// repeated until it fits.
type expecting struct{ step scenario.Step }

// The ends of such a look.
const (
	asExpected = "as expected"
	otherwise  = "otherwise"
)

// ask is never called: what is looked at was accepted.
func (expecting) ask(*Engine, int, *open, *scenario.Payment) (client.Answer, string) {
	return client.Answer{}, gaveUp
}

func (x expecting) look(e *Engine, o *open, p *scenario.Payment) (a client.Answer, end string) {
	e.tally.Looks.Add(1)
	a = e.client.Read(p, o.id, o.span())
	e.journal.Look(o.number, &a)
	switch {
	case !a.Accepted():
		return a, "" // no answer: look again
	case (x.step.State == "" || a.State == x.step.State) && (x.step.Canceled == nil || a.Canceled == *x.step.Canceled):
		return a, asExpected
	case a.Done.Sub(e.start)-o.planned < x.step.Within:
		return a, ""
	}
	return a, otherwise
}

func (expecting) end(*Engine, int, *open, *scenario.Payment, string, *client.Answer) {}

func wanted(step *scenario.Step) string {
	text := cmp.Or(step.State, "in any state")
	if step.Canceled != nil {
		text += fmt.Sprintf(" with %d canceled", *step.Canceled)
	}
	return text
}

func shown(c *chapter) string {
	if c.errand == gaveUp {
		return "not to be seen"
	}
	return fmt.Sprintf("%s with %d canceled", c.seen.State, c.seen.Canceled)
}
