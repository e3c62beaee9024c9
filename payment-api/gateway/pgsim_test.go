package gateway_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

// startPG starts the real mock PG: what it answers is the contract that interpret is held to.
func startPG(t *testing.T, now func() time.Time) string {
	t.Helper()
	server, err := pgsim.Start(pgsim.Options{BookDir: t.TempDir(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// steps runs operations on one leg one after another.
type step struct {
	op     payment.Op
	result payment.Result
	leg    payment.LegState
	code   string
}

func run(t *testing.T, g *gateway.Gateway, c payment.Call, steps ...step) {
	t.Helper()
	for i, s := range steps {
		c.Op = s.op
		got := g.Do(t.Context(), c)
		if got.Result != s.result || got.Leg != s.leg || got.Code != s.code {
			t.Errorf("step %d, %s: got result %d leg %q code %q, want result %d leg %q code %q", i+1, s.op, got.Result, got.Leg, got.Code, s.result, s.leg, s.code)
		}
		if s.result == payment.Done && (s.op == payment.Charge || s.op == payment.Reserve || s.op == payment.Confirm) && (got.TransactionID == "" || got.BookedAt.IsZero()) {
			t.Errorf("step %d, %s: transaction %q booked at %s", i+1, s.op, got.TransactionID, got.BookedAt)
		}
	}
}

func TestContract_TheMockPGAnswersWhatTheGatewayExpects(t *testing.T) {
	g := connect(t, startPG(t, time.Now))
	next := payment.ID(100)
	leg := func(by payment.Means, token string) payment.Call {
		c := call("", by)
		next++
		c.Payment.ID, c.Leg.Token = next, token
		return c
	}
	run(t, g, leg(payment.PG, "tok"),
		step{payment.Inquiry, payment.NotFound, "", ""},
		step{payment.Charge, payment.Done, "", ""},
		step{payment.Inquiry, payment.Done, payment.Captured, ""},
		step{payment.Void, payment.Done, "", ""},
		step{payment.Void, payment.Done, "", ""},
		step{payment.Inquiry, payment.Done, payment.Voided, ""})
	run(t, g, leg(payment.PG, "gz1;charge=decline:insufficient_funds"),
		step{payment.Charge, payment.Refused, "", "insufficient_funds"},
		step{payment.Inquiry, payment.Done, payment.Declined, ""},
		step{payment.Void, payment.Refused, "", "not_found"})
	run(t, g, leg(payment.PG, "gz1;charge=silent:after"),
		step{payment.Charge, payment.Unclear, "", "timeout"},
		step{payment.Inquiry, payment.Done, payment.Captured, ""},
		step{payment.NetCancel, payment.Done, "", ""},
		step{payment.Inquiry, payment.Done, payment.Voided, ""})
	run(t, g, leg(payment.PG, "gz1;charge=reset:before"),
		step{payment.Charge, payment.Unclear, "", "reset"},
		step{payment.Inquiry, payment.NotFound, "", ""})
	run(t, g, leg(payment.PG, "gz1;charge=reset:after"),
		step{payment.Charge, payment.Unclear, "", "reset"},
		step{payment.Inquiry, payment.Done, payment.Captured, ""})
	run(t, g, leg(payment.PG, "tok"),
		step{payment.NetCancel, payment.Done, "", ""},
		step{payment.Charge, payment.Refused, "", "tombstoned"})
	run(t, g, leg(payment.PG, `not"a"token`), // the mock refuses it: 400, and 400 proves nothing
		step{payment.Charge, payment.Unclear, "", "http-400"},
		step{payment.Inquiry, payment.NotFound, "", ""})
	for _, by := range []payment.Means{payment.Point, payment.Coupon} {
		run(t, g, leg(by, "tok"),
			step{payment.Inquiry, payment.NotFound, "", ""},
			step{payment.Reserve, payment.Done, "", ""},
			step{payment.Reserve, payment.Unclear, "", "already_held"},
			step{payment.Inquiry, payment.Done, payment.Held, ""},
			step{payment.Void, payment.Refused, "", "held"},
			step{payment.Confirm, payment.Done, "", ""},
			step{payment.Confirm, payment.Done, "", ""},
			step{payment.Inquiry, payment.Done, payment.Captured, ""},
			step{payment.Release, payment.Refused, "", "captured"},
			step{payment.Void, payment.Done, "", ""},
			step{payment.Inquiry, payment.Done, payment.Voided, ""},
			step{payment.Confirm, payment.Refused, "", "tombstoned"})
		run(t, g, leg(by, "tok"),
			step{payment.Reserve, payment.Done, "", ""},
			step{payment.Release, payment.Done, "", ""},
			step{payment.Release, payment.Done, "", ""},
			step{payment.Inquiry, payment.Done, payment.Released, ""},
			step{payment.Confirm, payment.Refused, "", "released"})
		run(t, g, leg(by, "tok"),
			step{payment.Release, payment.Done, "", ""}, // overtakes the reserve
			step{payment.Reserve, payment.Refused, "", "tombstoned"},
			step{payment.Confirm, payment.Refused, "", "tombstoned"})
		run(t, g, leg(by, "gz1;reserve=decline:no_balance"),
			step{payment.Reserve, payment.Refused, "", "no_balance"},
			step{payment.Inquiry, payment.Done, payment.Declined, ""})
		run(t, g, leg(by, "tok"), step{payment.Confirm, payment.Refused, "", "not_found"})
	}
}

func TestContract_Tombstone_IsToldByTheInquiry(t *testing.T) {
	g := connect(t, startPG(t, time.Now))
	if g.Do(t.Context(), call(payment.Inquiry, payment.PG)).Tombstoned {
		t.Error("tombstoned before any net-cancel")
	}
	g.Do(t.Context(), call(payment.NetCancel, payment.PG))
	if got := g.Do(t.Context(), call(payment.Inquiry, payment.PG)); got.Result != payment.NotFound || !got.Tombstoned {
		t.Errorf("after a net-cancel of nothing: %+v", got)
	}
}

func TestContract_AReservationThatExpired_IsReleased(t *testing.T) {
	var ahead atomic.Int64
	g := connect(t, startPG(t, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))
	c := call("", payment.Point)
	run(t, g, c, step{payment.Reserve, payment.Done, "", ""})
	ahead.Store(int64(time.Hour))
	run(t, g, c,
		step{payment.Inquiry, payment.Done, payment.Released, ""},
		step{payment.Confirm, payment.Refused, "", "expired"},
		step{payment.Release, payment.Done, "", ""})
}

// refund is a call that gives back amount of the leg that c is for, as its cancellation seq.
func refund(c payment.Call, seq uint32, amount int64) payment.Call {
	c.Op = payment.GiveBack
	c.Cancellation = &payment.Cancellation{Payment: c.Payment.ID, Seq: seq, Refunds: []payment.Refund{{Leg: c.Leg.Seq, Means: c.Leg.Means, Amount: amount}}}
	c.Refund = &c.Cancellation.Refunds[0]
	return c
}

func TestContract_Refunds(t *testing.T) {
	g := connect(t, startPG(t, time.Now))
	for _, by := range []payment.Means{payment.PG, payment.Point, payment.Coupon} {
		t.Run(string(by), func(t *testing.T) {
			c := call("", by)
			c.Payment.ID += 200
			c.Leg.Token = "gz1;refund=silent:after,ok"
			expect(t, g.Do(t.Context(), refund(c, 1, 5000)), payment.Refused, "not_found")
			if by == payment.PG {
				run(t, g, c, step{payment.Charge, payment.Done, "", ""})
			} else {
				run(t, g, c, step{payment.Reserve, payment.Done, "", ""}, step{payment.Confirm, payment.Done, "", ""})
			}
			expect(t, g.Do(t.Context(), refund(c, 1, 5000)), payment.Refused, "not_found") // the first result, for ever
			expect(t, g.Do(t.Context(), refund(c, 2, 5000)), payment.Unclear, "timeout")   // and booked
			first := g.Do(t.Context(), refund(c, 2, 5000))
			again := g.Do(t.Context(), refund(c, 2, 5000))
			if first.Result != payment.Done || first.TransactionID == "" || first.BookedAt.IsZero() || first != again {
				t.Errorf("the repeated refund: %+v, then %+v", first, again)
			}
			expect(t, g.Do(t.Context(), refund(c, 2, 4000)), payment.Unclear, "another_request")
			c.Leg.Token = "tok"
			expect(t, g.Do(t.Context(), refund(c, 3, 15_001)), payment.Unclear, "timeout") // the original's token decides
			expect(t, g.Do(t.Context(), refund(c, 3, 15_001)), payment.Refused, "exceeds")
			run(t, g, c, step{payment.Inquiry, payment.Done, payment.Captured, ""}, step{payment.Void, payment.Refused, "", "refunded"})
		})
	}
}

// The statement names what the book holds, by the references under which it was asked for.
func TestContract_Statement(t *testing.T) {
	now := time.Date(2026, 1, 30, 16, 0, 0, 0, time.UTC) // the 31st in Seoul
	g := connect(t, startPG(t, func() time.Time { return now }))
	kept, voided := call("", payment.PG), call("", payment.PG)
	voided.Payment.ID = 8
	run(t, g, kept, step{payment.Charge, payment.Done, "", ""})
	run(t, g, voided, step{payment.Charge, payment.Done, "", ""}, step{payment.Void, payment.Done, "", ""})
	given := g.Do(t.Context(), refund(kept, 1, 5000))
	expect(t, given, payment.Done, "")
	lines, err := read(t, g, payment.PG)
	if err != nil || len(lines) != 2 {
		t.Fatalf("%d lines, err = %v: %+v", len(lines), err, lines)
	}
	if l := lines[0]; l.Refund || l.Reference != "7.1" || l.Amount != 20_000 || l.Currency != "KRW" || !l.BookedAt.Equal(now) {
		t.Errorf("the capture: %+v", l)
	}
	if l := lines[1]; !l.Refund || l.Reference != "7.1.1" || l.Original != "7.1" || l.Amount != 5000 || l.TransactionID != given.TransactionID || !l.BookedAt.Equal(given.BookedAt) {
		t.Errorf("the refund: %+v", l)
	}
	if lines, err := read(t, g, payment.Point); err != nil || len(lines) != 0 {
		t.Errorf("points of nobody: %v, err = %v", lines, err)
	}
}
