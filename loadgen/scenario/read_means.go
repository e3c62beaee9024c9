package scenario

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// longestLate bounds a late charge: the mock holds nothing longer.
const longestLate = 30 * time.Second

// maxOutcomes bounds what one operation may be asked to come to.
const maxOutcomes = 50

func (r *reader) means(at string, n *yaml.Node, all map[Means]Behaviour) {
	known := fields{}
	for _, m := range []Means{PG, Point, Coupon} {
		known[string(m)] = func(at string, n *yaml.Node) { all[m] = r.behaviour(at, n, m, all[m].Delay) }
	}
	r.fields(at, n, known)
}

// behaviour reads one of the means. What the file says about it is all there is to say: a share that it leaves out is 0.
func (r *reader) behaviour(at string, n *yaml.Node, m Means, delay string) Behaviour {
	b := Behaviour{Delay: delay, Wants: map[string][]Outcome{}}
	known := fields{"delay": func(at string, n *yaml.Node) { b.Delay = r.delay(at, n) }}
	for _, operation := range m.operations() {
		known[operation] = func(at string, n *yaml.Node) { b.Wants[operation] = r.outcomes(at, n, operation) }
	}
	r.fields(at, n, known)
	r.check(b.longest(m) <= maxToken, at, n, "a token that asks for all of this may have %d bytes; the system takes %d", b.longest(m), maxToken)
	return b
}

// longest is that of the tokens that may be written.
func (b Behaviour) longest(m Means) int {
	length := len("gz1.w1000000000;seed=18446744073709551615")
	for _, operation := range m.operations() {
		outcome := len("decline:insufficient_funds") // the longest that nobody has to ask for
		for _, o := range b.Wants[operation] {
			outcome = max(outcome, len(o.Text))
		}
		length += len(operation) + outcome + 2*len(b.Delay) + len(";=@,ok@")
	}
	return length
}

// outcomes reads {decline: 3%, silent:after: 0.4%}.
func (r *reader) outcomes(at string, n *yaml.Node, operation string) (all []Outcome) {
	if n.Kind != yaml.MappingNode || len(n.Content)/2 > maxOutcomes {
		r.check(false, at, n, "must be a mapping of at most %d outcomes to shares, such as {decline: 3%%, silent:after: 0.4%%}", maxOutcomes)
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		text := n.Content[i].Value
		path := at + "." + text
		fault := checkOutcome(operation, text)
		r.check(fault == "", path, n.Content[i], "%s", fault)
		r.check(!seen[text], path, n.Content[i], "is there twice")
		seen[text] = true
		all = append(all, Outcome{Text: strings.Clone(text), Share: r.share(path, n.Content[i+1])})
	}
	r.check(shares(all) <= 1+1e-9, at, n, "the shares sum to more than 100%%")
	return all
}
