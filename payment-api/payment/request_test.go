package payment_test

import (
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*payment.Request)
		want   string // in the detail; empty: valid
	}{
		{"three legs", func(*payment.Request) {}, ""},
		{"no order", func(r *payment.Request) { r.OrderID = "" }, "order_id"},
		{"order with a blank", func(r *payment.Request) { r.OrderID = "a b" }, "order_id"},
		{"order too long", func(r *payment.Request) { r.OrderID = strings.Repeat("x", 65) }, "order_id"},
		{"order with a line break", func(r *payment.Request) { r.OrderID = "a\nb" }, "order_id"},
		{"no amount", func(r *payment.Request) { r.Amount = 0 }, "amount 0"},
		{"negative", func(r *payment.Request) { r.Amount = -6000 }, "amount -6000"},
		{"too much", func(r *payment.Request) { r.Amount = payment.MaxAmount + 1 }, "must be from 1 to"},
		{"no such currency", func(r *payment.Request) { r.Currency = "KRX" }, "ISO 4217"},
		{"currency in small letters", func(r *payment.Request) { r.Currency = "krw" }, "ISO 4217"},
		{"two currencies", func(r *payment.Request) { r.Currency = "W G" }, "ISO 4217"},
		{"no legs", func(r *payment.Request) { r.Legs = nil }, "legs must hold"},
		{"four legs", func(r *payment.Request) { r.Legs = append(r.Legs, r.Legs[0]) }, "legs must hold"},
		{"a means twice", func(r *payment.Request) { r.Legs[1].Means = payment.PG }, "stands twice"},
		{"unknown means", func(r *payment.Request) { r.Legs[1].Means = "GOLD" }, `"GOLD"`},
		{"leg without amount", func(r *payment.Request) { r.Legs[1].Amount = 0 }, "legs[1].amount 0"},
		{"negative leg", func(r *payment.Request) { r.Legs[1].Amount, r.Legs[0].Amount = -1, 5001 }, "legs[1].amount -1"},
		{"legs that overflow", func(r *payment.Request) { r.Legs[0].Amount = 1<<63 - 1 }, "legs[0].amount"},
		{"no token", func(r *payment.Request) { r.Legs[2].Token = "" }, "legs[2].token"},
		{"legs that do not sum", func(r *payment.Request) { r.Legs[0].Amount++ }, "sum to 6001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := threeLegs()
			c.change(r)
			err := r.Validate()
			if c.want == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if c.want != "" && !strings.Contains(wantKind(t, err, payment.KindInvalid).Detail, c.want) {
				t.Errorf("%v does not say %q", err, c.want)
			}
		})
	}
}

func TestCreate_InvalidRequest_TouchesNothing(t *testing.T) {
	w := newWorld()
	bad := threeLegs()
	bad.Amount = 1
	_, err := w.create(t, 1, payment.Sync, bad)
	wantKind(t, err, payment.KindInvalid)
	if w.calls != 0 {
		t.Errorf("%d calls", w.calls)
	}
}

func TestKeyHash_DependsOnMethodPathAndKey(t *testing.T) {
	seen := map[[32]byte]string{}
	for _, parts := range [][3]string{{"POST", "/a", "k"}, {"PUT", "/a", "k"}, {"POST", "/b", "k"}, {"POST", "/a", "k2"}} {
		hash, err := payment.KeyHash(parts[0], parts[1], parts[2])
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[hash]; twice {
			t.Errorf("%v and %s hash alike", parts, other)
		}
		seen[hash] = strings.Join(parts[:], " ")
	}
	for _, key := range []string{"", "a b", "a\nb", "ü", strings.Repeat("k", 256)} {
		_, err := payment.KeyHash("POST", "/a", key)
		wantKind(t, err, payment.KindInvalid)
	}
}

func TestCancelRequest_Validate(t *testing.T) {
	amount := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name string
		r    payment.CancelRequest
		want string // in the detail; empty: valid
	}{
		{"whole", payment.CancelRequest{}, ""},
		{"part, with a reason", payment.CancelRequest{Amount: amount(1), Reason: "반품: 색상이 다름"}, ""},
		{"longest reason", payment.CancelRequest{Reason: strings.Repeat("가", 200)}, ""},
		{"reason too long", payment.CancelRequest{Reason: strings.Repeat("가", 201)}, "reason"},
		{"reason of two lines", payment.CancelRequest{Reason: "a\nb"}, "reason"},
		{"nothing", payment.CancelRequest{Amount: amount(0)}, "amount 0"},
		{"negative", payment.CancelRequest{Amount: amount(-1)}, "amount -1"},
		{"too much", payment.CancelRequest{Amount: amount(payment.MaxAmount + 1)}, "must be from 1 to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.r.Validate()
			if c.want == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if c.want != "" && !strings.Contains(wantKind(t, err, payment.KindInvalid).Detail, c.want) {
				t.Errorf("%v does not say %q", err, c.want)
			}
		})
	}
	if a, b := (payment.CancelRequest{Amount: amount(1)}), (payment.CancelRequest{}); a.Hash() == b.Hash() {
		t.Error("a part hashes like the whole")
	}
}
