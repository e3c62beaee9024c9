package payment_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

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

func TestIDs_AreUniqueAndRise_WhateverTheClockDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		node := rapid.Uint64().Draw(t, "node")
		ids := payment.NewIDs(w, node)
		last := payment.ID(0)
		for _, step := range rapid.SliceOfN(rapid.IntRange(-50, 50), 1, 300).Draw(t, "the clock moves, ms") {
			w.now = w.now.Add(time.Duration(step) * time.Millisecond)
			id := ids.Next()
			if id <= last {
				t.Fatalf("%d after %d", id, last)
			}
			if got := uint64(id) >> 12 % payment.Nodes; got != node%payment.Nodes {
				t.Fatalf("node %d, want %d", got, node%payment.Nodes)
			}
			last = id
		}
	})
}

func TestIDs_ManyInOneMillisecond_BorrowTheNext(t *testing.T) {
	w := newWorld()
	ids := payment.NewIDs(w, 1)
	seen := map[payment.ID]bool{}
	for range 3 * 4096 {
		seen[ids.Next()] = true
	}
	if len(seen) != 3*4096 {
		t.Errorf("%d ids of %d are different", len(seen), 3*4096)
	}
}

func TestID_TimeIsTheBorderOfItsDay(t *testing.T) {
	w := newWorld()
	id := payment.NewIDs(w, 1023).Next()
	if !id.Time().Equal(w.now) {
		t.Errorf("id of %s says %s", w.now, id.Time())
	}
	if id < payment.FirstIDAt(w.now) || id >= payment.FirstIDAt(w.now.Add(time.Millisecond)) {
		t.Error("the id lies outside its millisecond")
	}
}

func TestParseID(t *testing.T) {
	for _, good := range []string{"1", "118179584133832704", "9223372036854775807"} {
		if id, err := payment.ParseID(good); err != nil || id.String() != good {
			t.Errorf("%s: %d, %v", good, id, err)
		}
	}
	for _, bad := range []string{"", "0", "-1", "+1", "01", "1 ", "a", "9223372036854775808", "1e3"} {
		if _, err := payment.ParseID(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestLimits_DefaultsHold_AndBrokenOnesAreNamed(t *testing.T) {
	if err := payment.DefaultLimits().Validate(); err != nil {
		t.Fatal(err)
	}
	l := payment.DefaultLimits()
	l.ReservationTTL, l.Margin = time.Minute, time.Second
	err := l.Validate()
	if err == nil || !strings.Contains(err.Error(), "reservations") || !strings.Contains(err.Error(), "margin") {
		t.Errorf("%v", err)
	}
}

func TestCurrencies(t *testing.T) {
	for currency, want := range map[payment.Currency]int{"KRW": 0, "JPY": 0, "USD": 2, "EUR": 2, "KWD": 3} {
		if got, known := currency.Digits(); !known || got != want {
			t.Errorf("%s: %d digits, known %t", currency, got, known)
		}
	}
}

// What is final stays: no move leaves PAID or FAILED, and a leg that holds money is never called gone.
func TestStates_FinalIsFinal(t *testing.T) {
	for _, m := range payment.PaymentMoves {
		if m.From.Final() {
			t.Errorf("%s moves to %s", m.From, m.To)
		}
	}
	for _, m := range payment.LegMoves {
		if m.From.Gone() && m.From != payment.Absent {
			t.Errorf("a leg moves from %s to %s", m.From, m.To)
		}
	}
	if slices.ContainsFunc([]payment.LegState{payment.Pending, payment.Held, payment.Captured, payment.Unknown}, payment.LegState.Gone) {
		t.Error("a leg that may hold money counts as gone")
	}
}

func TestStatesDoc_IsWhatTheTablesSay(t *testing.T) {
	file, err := os.ReadFile("../../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != payment.StatesDoc() {
		t.Error("docs/states.md differs from the tables: run `go run ./payment-api states > docs/states.md`")
	}
}
