package failures_test

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// slack is what a request may take on a busy machine that waits for nothing. Who waits for the PG takes longer: 1 s where it is
// slow, 2 s where it hangs.
const slack = 900 * time.Millisecond

// While the PG hangs, payments that do not need it and reads stay as fast as they were, card payments soon are refused at
// once instead of waiting for the time-out, and with the PG back they are paid, without anybody doing anything.
func TestPGHangs_BulkheadAndBreakerKeepTheRestFast(t *testing.T) {
	a := start(t)
	location := a.aPayment(t)
	hanging := func(ctx context.Context) answer { return a.pay(ctx, "PG", "gz1;charge=silent") }
	streams := func(card func(context.Context) answer) []*stream {
		return []*stream{{name: "GET", rate: 50, send: a.get(location)}, {name: "points", rate: 20, send: a.point}, {name: "card", rate: 30, send: card}}
	}
	before := streams(a.card)
	run(t.Context(), 3*time.Second, before...)
	during := streams(hanging)
	run(t.Context(), 12*time.Second, during...)
	for i, s := range before {
		show(t, "PG answers", s.name, s.all)
		show(t, "PG hangs", s.name, during[i].all)
	}
	open := during[2].last(0.5) // the breaker opens within 2 s and what it needs to see; probes hang for 2 s every 4 s
	show(t, "PG hangs, breaker open", "card", open)
	for i, s := range during[:2] {
		only(t, s.name, s.all, map[string]string{"GET": "200 PAID", "points": "201 PAID"}[s.name])
		quick(t, s.name+" while the PG hangs", s.all, max(slack, 10*quantile(before[i].all, 0.99)))
	}
	few(t, "", open)
	refused, probes := 0, 0
	for _, c := range open {
		switch {
		case c.what == "503 unavailable" && c.took < slack:
			refused++
		case c.what == "202 PROCESSING" && c.took > time.Second:
			probes++
		case c.what == justBegun:
		default:
			t.Errorf("a card payment while the breaker is open: %s after %s", c.what, c.took)
		}
	}
	if refused < len(open)*8/10 || probes == 0 {
		t.Errorf("%d of %d were refused at once, %d tried whether the PG is back", refused, len(open), probes)
	}
	within(t, 10*time.Second, "cards are paid again", func() bool { return a.card(t.Context()).what == "201 PAID" })
}

// What each other trouble of the PG becomes, and that the rest does not feel it.
func TestPGInTrouble_CardPaymentsAreUnknownOrRefused_AndTheRestIsFast(t *testing.T) {
	refusing := freeAddress(t) // nobody listens
	for name, c := range map[string]struct {
		token, env string
		first      string // what card payments are answered until the breaker opens
	}{
		"slow":                    {token: "gz1;charge=ok@fixed/1s", first: "201 PAID"},
		"slower than its time":    {token: "gz1;charge=ok@fixed/3s", first: "202 PROCESSING"},
		"resets":                  {token: "gz1;charge=reset", first: "202 PROCESSING"},
		"answers garbage":         {token: "gz1;charge=garbage", first: "202 PROCESSING"},
		"answers 5xx":             {token: "gz1;charge=5xx/503", first: "202 PROCESSING"},
		"refuses the connections": {token: "gz1;seed=1", env: "PG_URL=http://" + refusing, first: "201 FAILED(means-unavailable)"},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, append([]string{}, c.env)...)
			card := &stream{name: "card", rate: 30, send: func(ctx context.Context) answer { return a.pay(ctx, "PG", c.token) }}
			get := &stream{name: "GET", rate: 50, send: a.get(a.aPayment(t))}
			point := &stream{name: "points", rate: 20, send: a.point}
			run(t.Context(), 4*time.Second, card, get, point)
			for _, s := range []*stream{card, get, point} {
				show(t, "PG "+name, s.name, s.all)
			}
			only(t, "card", card.all, c.first, "503 unavailable", justBegun)
			few(t, c.first, card.all)
			only(t, "GET", get.all, "200 PAID")
			only(t, "points", point.all, "201 PAID")
			quick(t, "GET", get.all, slack)
			quick(t, "points", point.all, slack)
			if name != "slow" {
				if n := len(filter(card.last(0.3), "503 unavailable")); n == 0 {
					t.Error("the breaker never opened")
				}
			}
		})
	}
}

// justBegun is a payment that found the breaker closed when it was asked, and open when it came to the charge.
const justBegun = "201 FAILED(means-unavailable)"

// few says that only those were begun in vain that came in that moment; first is what the PG's trouble itself becomes.
func few(t *testing.T, first string, answers []answer) {
	t.Helper()
	if n := len(filter(answers, justBegun)); first != justBegun && n > len(answers)/10 {
		t.Errorf("%d of %d payments were begun though the breaker was open", n, len(answers))
	}
}

func filter(answers []answer, what string) (found []answer) {
	for _, a := range answers {
		if a.what == what {
			found = append(found, a)
		}
	}
	return found
}

// More card payments hang than the bulkhead has places: the next is refused after the wait for one, and costs the others nothing.
func TestPGHangs_ABulkheadThatIsFull_RefusesTheNext(t *testing.T) {
	const places = 8
	a := start(t, fmt.Sprintf("MEANS_CALLS=%d", places), "BREAKER_VOLUME=10000")
	hanging := &stream{name: "card", rate: 20, send: func(ctx context.Context) answer { return a.pay(ctx, "PG", "gz1;charge=silent") }}
	point := &stream{name: "points", rate: 20, send: a.point}
	run(t.Context(), 4*time.Second, hanging, point)
	show(t, "PG hangs, no breaker", "card", hanging.all)
	show(t, "PG hangs, no breaker", "points", point.all)
	only(t, "points", point.all, "201 PAID")
	only(t, "card", hanging.all, "202 PROCESSING", justBegun)
	full := filter(hanging.all, justBegun)
	if len(full) < len(hanging.all)/2 {
		t.Errorf("%d of %d found the bulkhead full", len(full), len(hanging.all))
	}
	quick(t, "points", point.all, slack)
	quick(t, "who finds it full", full, slack+100*time.Millisecond)
}
