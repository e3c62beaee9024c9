package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// legal is invariant 10: the history of a payment and of each cancellation of it is a path in the table of transitions, and
// of each leg and refund as well, as far as the steps show it; the versions are 1, 2, 3 … without gaps, counted over both;
// and the last step of each is what its row says.
func legal(v *Verdict, c *Case) {
	if c.Row == nil || c.Row.Missing {
		return
	}
	v.check(10, 1)
	if fault := c.Row.illegality(); fault != "" {
		v.violated(10, c, "", "%s", fault)
	}
}

func (p *Payment) illegality() string {
	own := walk{name: "the payment", moves: Legal.Payment, reach: legReach, parts: "legs"}
	cancellations := map[uint32]*walk{}
	for i := range p.Events {
		e := &p.Events[i]
		if int(e.Seq) != i+1 {
			return fmt.Sprintf("its history has version %d after %d", e.Seq, i)
		}
		of := &own
		if e.Cancellation != 0 {
			if own.state != "PAID" {
				return fmt.Sprintf("version %d is of cancellation %d, and the payment is %s", e.Seq, e.Cancellation, own.state)
			}
			if of = cancellations[e.Cancellation]; of == nil {
				of = &walk{name: fmt.Sprintf("cancellation %d", e.Cancellation), moves: Legal.Cancellation, reach: refundReach, parts: "refunds"}
				cancellations[e.Cancellation] = of
			}
		}
		if fault := of.step(e); fault != "" {
			return fault
		}
	}
	if int(p.Version) != len(p.Events) {
		return fmt.Sprintf("its version is %d, and its history has %d", p.Version, len(p.Events))
	}
	if fault := own.end(p.State, p.legStates()); fault != "" {
		return fault
	}
	for n, of := range p.Cancellations {
		switch {
		case of.Missing:
			continue // invariant 4 tells it
		case int(of.Seq) != n+1:
			return fmt.Sprintf("cancellation %d is its %d. one", of.Seq, n+1)
		case cancellations[of.Seq] == nil:
			return fmt.Sprintf("cancellation %d has no history", of.Seq)
		}
		if fault := cancellations[of.Seq].end(of.State, of.refundStates()); fault != "" {
			return fault
		}
		if steps := cancellations[of.Seq].steps; int(of.Version) != steps {
			return fmt.Sprintf("cancellation %d has version %d, and its history has %d steps", of.Seq, of.Version, steps)
		}
		delete(cancellations, of.Seq)
	}
	for seq := range cancellations {
		return fmt.Sprintf("it has a history of cancellation %d, and there is no such cancellation", seq)
	}
	return ""
}

func (p *Payment) legStates() []string {
	states := make([]string, len(p.Legs))
	for i, l := range p.Legs {
		states[i] = l.State
	}
	return states
}

// refundOrder is the order in which the means are asked to give back, and so of the states in a history.
var refundOrder = []string{"PG", "POINT", "COUPON"}

func (c *Cancellation) refundStates() []string {
	refunds := slices.Clone(c.Refunds)
	slices.SortStableFunc(refunds, func(a, b Refund) int {
		return cmp.Compare(slices.Index(refundOrder, a.Means), slices.Index(refundOrder, b.Means))
	})
	states := make([]string, len(refunds))
	for i, r := range refunds {
		states[i] = r.State
	}
	return states
}

// walk follows one history.
type walk struct {
	name  string
	moves Moves
	reach map[[2]string]bool // of its parts
	parts string             // legs or refunds
	steps int
	state string
	last  []string // states of the parts
}

func (w *walk) step(e *Event) string {
	if e.From != w.state || !w.moves.has(e.From, e.To) {
		return fmt.Sprintf("version %d takes %s from %q to %q; it was %q", e.Seq, w.name, e.From, e.To, w.state)
	}
	now := strings.Split(e.States, ",")
	if w.steps == 0 {
		if slices.ContainsFunc(now, func(s string) bool { return s != "PENDING" }) {
			return fmt.Sprintf("%s begins with %s %s, not with all of them PENDING", w.name, w.parts, e.States)
		}
		w.last = now
	}
	if len(now) != len(w.last) {
		return fmt.Sprintf("version %d tells %d %s of %s; there were %d", e.Seq, len(now), w.parts, w.name, len(w.last))
	}
	for i := range now {
		move := [2]string{w.last[i], now[i]}
		if move[0] != move[1] && (!w.reach[move] && move != deferral || !allowed(e, move)) {
			return fmt.Sprintf("version %d (%s to %s) takes one of the %s of %s from %s to %s", e.Seq, e.From, e.To, w.parts, w.name, move[0], move[1])
		}
	}
	if want := ends[endOf{w.parts, e.From, e.To}]; want != nil && !onlyOf(now, want) {
		return fmt.Sprintf("version %d takes %s from %s to %s with %s %s", e.Seq, w.name, e.From, e.To, w.parts, e.States)
	}
	w.state, w.last, w.steps = e.To, now, w.steps+1
	return ""
}

func (w *walk) end(state string, parts []string) string {
	if w.state != state || !slices.Equal(w.last, parts) {
		return fmt.Sprintf("the history of %s ends with %q, %s %s; its row is %s, %s %s",
			w.name, w.state, w.parts, strings.Join(w.last, ","), state, w.parts, strings.Join(parts, ","))
	}
	return ""
}

// allowed says whether a leg may make this move in such a step: a leg is given back only after UNDOING is committed (or by
// a person), except that a confirm which is refused tells that its reservation is gone; and it waits anew only with a
// payment that is deferred.
func allowed(e *Event, move [2]string) bool {
	undoing := e.From == "UNDOING" || e.From == "REVIEW"
	switch move[1] {
	case "VOIDED":
		return undoing
	case "RELEASED":
		return undoing || e.To == "UNDOING"
	case "PENDING":
		return e.From == "PROCESSING" && e.To == "ACCEPTED"
	}
	return true
}

// endOf names a step for which the rules say how the parts must stand after it.
type endOf struct{ parts, from, to string }

var (
	gone     = []string{"ABSENT", "DECLINED", "RELEASED", "VOIDED"}
	neverWas = []string{"ABSENT", "DECLINED"}
	known    = []string{"HELD", "CAPTURED", "DECLINED", "ABSENT", "UNKNOWN", "VOIDED", "RELEASED"}
)

var ends = map[endOf][]string{
	{"legs", "ACCEPTED", "PROCESSING"}:      {"PENDING"},
	{"legs", "ACCEPTED", "FAILED"}:          {"ABSENT"},
	{"legs", "PROCESSING", "PAID"}:          {"CAPTURED"},
	{"legs", "PROCESSING", "FAILED"}:        neverWas,
	{"legs", "PROCESSING", "ACCEPTED"}:      {"PENDING"},
	{"legs", "PROCESSING", "UNDOING"}:       known, // what may have gone out is UNKNOWN from here on, never PENDING
	{"legs", "UNDOING", "UNDOING"}:          known,
	{"legs", "UNDOING", "FAILED"}:           gone,
	{"legs", "UNDOING", "REVIEW"}:           known,
	{"legs", "REVIEW", "PAID"}:              {"CAPTURED"},
	{"legs", "REVIEW", "FAILED"}:            gone,
	{"refunds", "PROCESSING", "SUCCEEDED"}:  {"REFUNDED"},
	{"refunds", "PROCESSING", "FAILED"}:     {"REFUSED", "ABSENT"},
	{"refunds", "PROCESSING", "PROCESSING"}: {"PENDING", "REFUNDED"},
}

func onlyOf(states, of []string) bool {
	return !slices.ContainsFunc(states, func(s string) bool { return !slices.Contains(of, s) })
}
