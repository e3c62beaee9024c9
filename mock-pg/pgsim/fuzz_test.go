package pgsim

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/script"
)

// FuzzParseRequest: no body makes the parser panic; what it admits is within the limits, and needs no escaping wherever it
// is written: an answer made of it is JSON and speaks of the same reference.
func FuzzParseRequest(f *testing.F) {
	for _, text := range []string{
		`{"reference":"1.1","order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","token":"gz1;charge=ok"}`,
		`{"reference":"1.2","order_id":"o-1","merchant":"1","amount":1,"currency":"KRW","token":"t","ttl_seconds":604800}`,
		`{"reference":"1.1.1","original":"1.1","amount":5000,"currency":"KRW"}`,
		`{"reference":"1.1","original":"1.1","amount":5000,"currency":"KRW"}`,
		`{"reference":"1.1.1","original":"1\u00221","amount":1000000000001,"currency":"KRWX"}`,
		`{"reference":"1.1"}`, `{"Reference":"1.1","reference":"\"}"}`, `[]`, `null`, ``, `{"amount":1e3}`, `{"amount":-9223372036854775809}`,
	} {
		for op := range script.Ops {
			f.Add(uint8(op), []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, number uint8, body []byte) {
		op := script.Op(int(number) % script.Ops)
		var r request
		if parseRequest(op, body, &r) != nil {
			return
		}
		if r.op != op || !isName(r.Reference, maxReference) || r.account() == "" {
			t.Fatalf("%s admits %+v", op, r)
		}
		if (r.opens() || op == script.Refund) && (r.Amount < 1 || r.Amount > maxAmount || !isCurrency(r.Currency)) {
			t.Fatalf("%s admits the money of %+v", op, r)
		}
		if op == script.Refund && (r.Original == r.Reference || !isName(r.Original, maxReference)) {
			t.Fatalf("a refund admits the original of %+v", r)
		}
		if op == script.Reserve && (r.TTLSeconds < 1 || r.TTLSeconds > maxTTLSeconds) {
			t.Fatalf("a reservation admits the time of %+v", r)
		}
		if r.opens() && !isToken(r.Token) {
			t.Fatalf("%s admits the token of %+v", op, r)
		}
		a := answer{result: "refunded", transaction: 1, amount: r.Amount, currency: "KRW", bookedAt: time.Unix(1, 0).UTC()}
		var told struct{ Reference string }
		if err := json.Unmarshal(a.appendJSON(nil, r.Reference), &told); err != nil || told.Reference != r.Reference {
			t.Fatalf("an answer about %q says %q, %v", r.Reference, told.Reference, err)
		}
	})
}

// FuzzDecodeSettings: whatever is taken for balances can be booked and read again.
func FuzzDecodeSettings(f *testing.F) {
	for _, text := range []string{`{"source":"w-1","balance":150}`, `{"means":"COUPON","source":"c","currency":"USD","balance":0}{}`, `[]`, `{"source":"w\u002d1","balance":1e3}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := decodeSettings(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, s := range all {
			if s.Means != Point && s.Means != Coupon || script.SourceOf("gz1."+s.Source+";x") != s.Source || !isCurrency(s.Currency) || *s.Balance < 0 || *s.Balance > maxAmount {
				t.Fatalf("%+v", s)
			}
		}
	})
}
