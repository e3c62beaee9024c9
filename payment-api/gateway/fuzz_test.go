package gateway

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// ops by the number that the fuzzer draws.
var ops = []payment.Op{
	payment.Charge, payment.Reserve, payment.Confirm, payment.Release, payment.Void, payment.NetCancel, payment.Inquiry, payment.GiveBack,
}

func fuzzed(op payment.Op) payment.Call {
	p := &payment.Payment{
		ID: 7, Price: payment.Money{Amount: 20_000, Currency: "KRW"},
		Legs: []payment.Leg{{Seq: 1, Means: payment.PG, Amount: 20_000, Token: "tok"}},
	}
	c := payment.Call{Op: op, Payment: p, Leg: &p.Legs[0]}
	if op == payment.GiveBack {
		c.Cancellation = &payment.Cancellation{Payment: 7, Seq: 2, Refunds: []payment.Refund{{Leg: 1, Means: payment.PG, Amount: 5000}}}
		c.Refund = &c.Cancellation.Refunds[0]
	}
	return c
}

// Whatever a means answers: nothing is taken for definite that does not name our reference in an answer of status 200, no
// money is believed to have moved but ours, and the texts fit where they go.
func FuzzDecode(f *testing.F) {
	for i := range ops {
		for _, body := range []string{
			`{"result":"approved","reference":"7.1","transaction_id":"t-1","amount":20000,"currency":"KRW","booked_at":"2026-03-01T00:00:00.5Z"}`,
			`{"result":"refunded","reference":"7.1.2","transaction_id":"t-9","amount":5000,"currency":"KRW","booked_at":"2026-03-01T00:00:00.5Z"}`,
			`{"result":"found","reference":"7.1","status":"CAPTURED","live":1,"amount":20000,"currency":"KRW"}`,
			`{"result":"refused","reference":"7.1.2","code":"another_request"}`, `{"result":"refused","reference":"7.1","code":"잔액\u0000"}`,
			`{"result":"not_found","reference":"7.1","tombstoned":true}`, `{"result":"held","REFERENCE":"7.1"}`, `{"amount":1e400}`, "", "[]", "null",
		} {
			f.Add(uint8(i), 200, []byte(body))
		}
	}
	f.Add(uint8(0), 429, []byte("{}"))
	f.Fuzz(func(t *testing.T, op uint8, status int, body []byte) {
		c := fuzzed(ops[int(op)%len(ops)])
		reply := decode(c, status, body)
		if plain := readPlainly(c, status, body); plain != reply {
			t.Fatalf("status %d %q became %+v; encoding/json reads %+v", status, body, reply, plain)
		}
		if len(reply.Code) > maxText || len(reply.TransactionID) > maxText || !isPlain(reply.Code) || !isPlain(reply.TransactionID) {
			t.Fatalf("texts that do not fit: %+v", reply)
		}
		if reply.Result == payment.NotProcessed && status != http.StatusTooManyRequests || reply.Result == payment.TooLate {
			t.Fatalf("status %d became %+v", status, reply)
		}
		if reply.Result != payment.Done && reply.Result != payment.Refused && reply.Result != payment.NotFound {
			return
		}
		var a answer
		if err := json.Unmarshal(body, &a); err != nil || status != http.StatusOK || a.Reference != c.Reference() {
			t.Fatalf("definite, from status %d %q: %+v", status, body, reply)
		}
		amount, moved := c.Leg.Amount, reply.Leg == payment.Held || reply.Leg == payment.Captured
		switch c.Op {
		case payment.GiveBack:
			amount, moved = c.Refund.Amount, true
		case payment.Charge, payment.Reserve, payment.Confirm:
			moved = true
		}
		if reply.Result == payment.Done && moved && (a.Amount != amount || a.Currency != "KRW") {
			t.Fatalf("another's money: %q became %+v", body, reply)
		}
		if reply.Result == payment.Done && c.Op == payment.GiveBack && reply.BookedAt.IsZero() {
			t.Fatalf("a refund of no day: %q", body)
		}
		if reply.Result == payment.NotFound && c.Op != payment.Inquiry {
			t.Fatalf("%s found nothing: %q", c.Op, body)
		}
		if reply.Result == payment.Refused && (reply.Code == "" || c.Op == payment.Inquiry || reply.Code == "another_request" && c.Op == payment.GiveBack) && a.Result != "declined" {
			t.Fatalf("%s refused by %q", c.Op, body)
		}
	})
}

// readPlainly is decode by the standard library's reader: what a means' answer says must not depend on who reads it.
func readPlainly(c payment.Call, status int, body []byte) payment.Reply {
	var a answer
	if len(body) > maxAnswer || status != http.StatusOK {
		return decode(c, status, body)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return payment.Reply{Code: "garbage"}
	}
	return interpret(c, a)
}

// A line of a statement is a movement of money that a ledger can be compared with, or the end, or an error.
func FuzzDecodeLine(f *testing.F) {
	for _, line := range []string{
		`{"kind":"capture","reference":"7.1","transaction_id":"t-5","amount":100,"currency":"KRW","booked_at":"2026-01-30T16:00:00.5Z"}`,
		`{"kind":"refund","reference":"7.1.1","original":"7.1","transaction_id":"t-9","amount":40,"currency":"KRW","booked_at":"2026-01-31T01:00:00Z"}`,
		`{"kind":"end","count":2,"sum_captures":100,"sum_refunds":40}`, `{"kind":"end"}`, `{"kind":"capture"}`, "", "null", "{}{}", `{"kind":"refund","original":"\n"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		line, end, err := decodeLine(text)
		if err != nil {
			if line != (StatementLine{}) || end != nil {
				t.Fatalf("an error and a line: %q", text)
			}
			return
		}
		if end != nil {
			if line != (StatementLine{}) {
				t.Fatalf("both the end and a line: %q", text)
			}
			return
		}
		_, known := line.Currency.Digits()
		ok := line.Amount > 0 && line.Amount <= payment.MaxAmount && known && line.BookedAt.After(time.Unix(-1, 0).Add(-14*time.Hour)) &&
			line.Reference != "" && isPlain(line.Reference) && isPlain(line.Original) && line.Refund == (line.Original != "")
		if !ok {
			t.Fatalf("%q became %+v", text, line)
		}
	})
}

func isPlain(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
