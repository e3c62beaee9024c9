package httpapi

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

// What the domain can become, the file has: every state, also one that is added later, and every reason. The door's witness
// does the comparing.

func TestOpenAPI_EveryStateOfAPayment_FitsTheFile(t *testing.T) {
	var p *payment.Payment
	d := open(t, &fakeDomain{
		get: func(payment.MerchantID, payment.ID) (*payment.Payment, error) { return p, nil },
		list: func(time.Time, time.Time, payment.ID, int) ([]*payment.Payment, error) {
			return []*payment.Payment{p}, nil
		},
	})
	for _, move := range payment.PaymentMoves {
		p = paid(7)
		p.State, p.Reason = move.To, payment.ReasonInterrupted // stands there since UNDOING
		d.get("/v1/payments/7", "key-1")
		d.get("/v1/payments?"+aDay, "key-1")
	}
	for _, move := range payment.LegMoves {
		p = paid(7)
		p.Legs[0].State, p.Legs[0].Code, p.Legs[0].TransactionID, p.Legs[0].BookedAt = move.To, "insufficient_funds", "t-1", time.Now()
		d.get("/v1/payments/7", "key-1")
	}
	for _, reason := range reasons(t) {
		p = paid(7)
		p.State, p.Reason = payment.Failed, reason
		if reason != payment.ReasonRefused { // of cancellations only
			d.get("/v1/payments/7", "key-1")
		}
	}
	for _, canceled := range []int64{0, 40, 100} {
		p = paid(7)
		p.Canceled = canceled
		d.get("/v1/payments/7", "key-1")
	}
}

func TestOpenAPI_EveryStateOfACancellation_FitsTheFile(t *testing.T) {
	var c *payment.Cancellation
	d := open(t, &fakeDomain{cancellations: func(_ payment.MerchantID, id payment.ID) (*payment.Payment, []*payment.Cancellation, error) {
		return paid(id), []*payment.Cancellation{c}, nil
	}})
	for _, move := range payment.CancellationMoves {
		for _, refund := range payment.RefundMoves {
			for _, reason := range []string{payment.ReasonRefused, payment.ReasonInterrupted} {
				c = succeeded(1)
				c.State, c.Reason, c.Note, c.Refunds[0].State = move.To, reason, "a note", refund.To
				if refund.To == payment.RefundRefused {
					c.Refunds[0].Code = "exceeds"
				}
				d.get(cancelPath, "key-1")
				d.get(cancelPath+"/1", "key-1")
			}
		}
	}
}

func TestOpenAPI_EveryEvent_FitsTheFile(t *testing.T) {
	var events []payment.Event
	for _, m := range payment.PaymentMoves {
		events = append(events, payment.Event{Version: uint32(len(events) + 1), At: time.Now(), From: string(m.From), To: string(m.To), Cause: "x"})
	}
	for _, m := range payment.CancellationMoves {
		events = append(events, payment.Event{Version: uint32(len(events) + 1), At: time.Now(), Cancellation: 1, From: string(m.From), To: string(m.To), Cause: "x"})
	}
	d := open(t, &fakeDomain{events: func(payment.ID) ([]payment.Event, error) { return events, nil }})
	d.get("/v1/payments/7/events", "key-1")
}

// reasons reads the domain's, so that none can be forgotten.
func reasons(t *testing.T) (all []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../payment/payment.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		return true
	})
	if len(all) < 5 {
		t.Fatalf("found %v only", all)
	}
	return all
}

// Whatever the door takes for a request, the file allows; so what the file forbids is refused. The requests are good ones with
// a change or two.
func TestOpenAPI_WhatIsTakenForARequest_TheFileAllows(t *testing.T) {
	create, cancel := readPromise().operations["POST /v1/payments"], readPromise().operations["POST /v1/payments/{id}/cancellations"]
	values := map[string][]any{
		"order_id": {"", "a b", "o\n", strings.Repeat("o", 64), strings.Repeat("o", 65), "주문", "a.b:c_d-e", 7},
		"amount":   {100, 0, -1, payment.MaxAmount, payment.MaxAmount + 1, 1.5, "100", true},
		"currency": {"USD", "WON", "krw", "", "KRW ", "BHD"},
		"legs":     {[]any{}, []any{1}, "PG"},
		"means":    {"POINT", "COUPON", "CASH", "", "pg", 1},
		"token":    {"", "a b", strings.Repeat("t", 512), strings.Repeat("t", 513), "é", "\"\\<>", 1},
		"reason":   {"", "왜", "a\nb", "a\u0085b", strings.Repeat("왜", 200), strings.Repeat("왜", 201), 1},
		"extra":    {1},
	}
	taken := 0
	one := func(t *rapid.T) {
		leg := map[string]any{"means": "PG", "amount": 100, "token": "tok"}
		payments := map[string]any{"order_id": "o-1", "amount": 100, "currency": "KRW", "legs": []any{leg}}
		cancellations := map[string]any{"amount": 40, "reason": "r"}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			body := rapid.SampledFrom([]map[string]any{payments, leg, cancellations}).Draw(t, "of")
			names := append(slices.Sorted(maps.Keys(body)), "extra")
			name := rapid.SampledFrom(names).Draw(t, "member")
			if rapid.IntRange(0, 4).Draw(t, "how") == 0 {
				delete(body, name)
			} else {
				body[name] = rapid.SampledFrom(append([]any{nil}, values[name]...)).Draw(t, "value")
			}
		}
		var p payment.Request
		text, _ := json.Marshal(payments)
		if decodeStrictly(text, &p) == nil && p.Validate() == nil {
			taken++
			if err := valid(create.body, "application/json", "application/json", text); err != nil {
				t.Fatalf("taken, but the file forbids %s: %v", text, err)
			}
		}
		var c payment.CancelRequest
		text, _ = json.Marshal(cancellations)
		if decodeStrictly(text, &c) == nil && c.Validate() == nil {
			taken++
			if err := valid(cancel.body, "application/json", "application/json", text); err != nil {
				t.Fatalf("taken, but the file forbids %s: %v", text, err)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			one(t)
		}
	})
	if taken < 1000 {
		t.Errorf("%d of them were good requests", taken)
	}
}
