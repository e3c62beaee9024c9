package gateway_test

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

// of is a call for another payment, whose token has this source.
func of(c payment.Call, id payment.ID, source string) payment.Call {
	c.Payment.ID, c.Leg.Token = id, "gz1."+source+";seed=1"
	return c
}

func several(urls ...string) func(*gateway.Options) {
	return func(o *gateway.Options) {
		o.URLs = map[payment.Means][]string{payment.PG: urls, payment.Point: urls, payment.Coupon: urls}
	}
}

// Each instance knows only what it booked itself; every later call about a leg comes there, from another process too, and
// the statement is that of all.
func TestInstances_FollowUpsReachTheOneThatBooked(t *testing.T) {
	noon := time.Date(2026, 1, 31, 3, 0, 0, 0, time.UTC) // in Seoul
	now := func() time.Time { return noon }
	urls := []string{startPG(t, now), startPG(t, now), startPG(t, now)}
	g := connect(t, urls[0], several(urls...))
	again := connect(t, urls[0], several(urls[2], urls[0], urls[1]))
	alone := []*gateway.Gateway{connect(t, urls[0]), connect(t, urls[1]), connect(t, urls[2])}
	homes := map[int]int{}
	for n := range 24 {
		one := func(by payment.Means) payment.Call {
			return of(call("", by), payment.ID(n+100), fmt.Sprintf("w-%d", n))
		}
		run(t, g, one(payment.PG), step{payment.Charge, payment.Done, "", ""})
		run(t, again, one(payment.PG), step{payment.Inquiry, payment.Done, payment.Captured, ""})
		if n%2 == 0 {
			expect(t, again.Do(t.Context(), refund(one(payment.PG), 1, 5000)), payment.Done, "")
		} else {
			run(t, again, one(payment.PG), step{payment.NetCancel, payment.Done, "", ""})
		}
		run(t, g, one(payment.Point), step{payment.Reserve, payment.Done, "", ""})
		run(t, again, one(payment.Point), step{payment.Confirm, payment.Done, "", ""}, step{payment.Inquiry, payment.Done, payment.Captured, ""})
		found := slices.IndexFunc(alone, func(g *gateway.Gateway) bool {
			c := one(payment.Point)
			c.Op = payment.Inquiry
			return g.Do(t.Context(), c).Result == payment.Done
		})
		homes[found]++
	}
	if len(homes) != len(urls) || homes[-1] > 0 {
		t.Errorf("24 sources went to %v of %d instances", homes, len(urls))
	}
	lines, err := read(t, g, payment.PG)
	if captures := slices.DeleteFunc(slices.Clone(lines), func(l gateway.StatementLine) bool { return l.Refund }); err != nil || len(captures) != 12 || len(lines) != 24 {
		t.Errorf("the statement has %d lines, %d captures, err = %v; want 24 and 12", len(lines), len(captures), err)
	}
}

// A dead instance opens its own breaker and takes its own places, and what belongs to the others goes on.
func TestInstances_OneThatIsDown_StopsItsOwnPaymentsOnly(t *testing.T) {
	dead, alive := serve(t, func(c net.Conn, _ int64) bool { reset(c); return false }), serve(t, send(200, approved))
	g := connect(t, "", several(dead.url(), alive.url()), nervous)
	mine := func(m *means) payment.Call {
		for n := range 100 {
			c := of(charge(), 7, fmt.Sprintf("w-%d", n))
			before := m.requests.Load()
			if g.Do(t.Context(), c); m.requests.Load() > before {
				return c
			}
		}
		t.Fatal("of 100 sources none belongs to it")
		return payment.Call{}
	}
	ill, well := mine(dead), mine(alive)
	for range 8 {
		g.Do(t.Context(), ill)
		expect(t, g.Do(t.Context(), well), payment.Done, "")
	}
	expect(t, g.Do(t.Context(), ill), payment.NotProcessed, "breaker-open")
	if g.Reachable(*ill.Leg) || g.Reachable(*well.Leg, *ill.Leg) || !g.Reachable(*well.Leg) {
		t.Error("the breakers do not tell which payments can be made")
	}
	if !g.Available(payment.PG) {
		t.Error("one of two instances is down, and the whole means counts as down")
	}
}

func TestInstances_EveryCallCarriesTheRouteKey(t *testing.T) {
	m := serve(t, send(200, `{}`))
	g := connect(t, m.url())
	for _, op := range []payment.Op{payment.Charge, payment.Reserve, payment.Confirm, payment.Release, payment.Void, payment.NetCancel, payment.Inquiry} {
		g.Do(t.Context(), of(call(op, payment.PG), 7, "w-3"))
		if got := m.lastHeader.Load().Get("Route-Key"); got != "gz1.w-3" {
			t.Errorf("%s: Route-Key is %q", op, got)
		}
	}
	g.Do(t.Context(), refund(of(charge(), 7, "w-4"), 1, 10))
	if got := m.lastHeader.Load().Get("Route-Key"); got != "gz1.w-4" {
		t.Errorf("a refund: Route-Key is %q", got)
	}
}

// A statement of which one instance's part is missing is none.
func TestStatement_OfSeveralInstances_NeedsAllOfThem(t *testing.T) {
	whole, cut := serve(t, send(200, captureLine+refundLine+endLine)), serve(t, send(200, captureLine))
	if _, err := read(t, connect(t, "", several(whole.url(), cut.url())), payment.PG); err == nil {
		t.Error("a part was cut, and nobody said so")
	}
	second := serve(t, send(200, endLineOfNone))
	if lines, err := read(t, connect(t, "", several(whole.url(), second.url())), payment.PG); err != nil || len(lines) != 2 {
		t.Errorf("%d lines, err = %v", len(lines), err)
	}
}

const endLineOfNone = `{"kind":"end","count":0,"sum_captures":0,"sum_refunds":0}` + "\n"
