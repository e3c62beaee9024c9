package payment_test

import (
	"fmt"
	"slices"
	"strings"

	"gazua.example/payment-api/payment"
)

// coverage is what happened in all runs together: a simulation in which nothing goes wrong proves nothing.
type coverage struct {
	schedules, calls int
	happened         map[string]int
}

// mustHappen is what ten thousand schedules have seen, or something is wrong with the simulation.
var mustHappen = []string{
	"PAID", "FAILED", "REVIEW settled", "expired", "deferred", "rescued", "message", "undone", "inquiry", "outcome unknown", "confirm refused", "means-unavailable",
	"cancellation SUCCEEDED", "cancellation FAILED", "cancellation REVIEW", "cancellation partial",
	"missed", "send-by", "late arrival", "callback", "dies", "is frozen", "not committed", "ambiguous", "answered early", "replayed",
	"key taken", "order taken", "open breaker",
}

func (c *coverage) add(s *simulation) {
	c.schedules++
	if c.happened == nil {
		c.happened = map[string]int{}
	}
	for i := range s.story {
		c.line(&s.story[i])
	}
	for _, r := range s.db.rows {
		c.happened[string(r.payment.State)]++
		if len(r.callbacks) > 0 {
			c.happened["callback"]++
		}
		for _, one := range r.cancellations {
			c.happened["cancellation "+string(one.State)]++
			if one.Amount < r.payment.Price.Amount {
				c.happened["cancellation partial"]++
			}
		}
	}
	for _, at := range s.attempts {
		if at.given && at.ended {
			c.happened["answered early"]++
		}
	}
}

// line counts what only the story tells.
func (c *coverage) line(l *line) {
	switch {
	case l.what == "commit" && strings.HasPrefix(l.effect, "missed"):
		c.happened["missed"]++
	case l.what == "commit":
		c.happened[l.effect]++
		if l.from == string(payment.Review) {
			c.happened["REVIEW settled"]++
		}
		if l.to == string(payment.Review) && l.cancellation > 0 {
			c.happened["cancellation REVIEW"]++
		}
	case strings.HasPrefix(l.effect, "not sent"):
		c.happened["send-by"]++
	case strings.HasPrefix(l.effect, "not committed"):
		c.happened["not committed"]++
	case strings.HasPrefix(l.effect, "… committed"):
		c.happened["ambiguous"]++
	case l.who == "a means":
		c.happened["late arrival"]++
	case l.what == "is told again":
		c.happened["replayed"]++
	case l.effect == "the key is taken":
		c.happened["key taken"]++
	case l.effect == "the order is taken":
		c.happened["order taken"]++
	case l.what == "breakers":
		c.happened["open breaker"]++
	case l.what == "dies" || l.what == "is frozen":
		c.happened[l.what]++
	}
}

func (c *coverage) missing() (list []string) {
	for _, what := range mustHappen {
		if c.happened[what] == 0 {
			list = append(list, what)
		}
	}
	return list
}

func (c *coverage) String() string {
	names := make([]string, 0, len(c.happened))
	for name := range c.happened {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, c.happened[name])
	}
	return strings.Join(names, ", ")
}
