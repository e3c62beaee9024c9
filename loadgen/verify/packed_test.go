package verify

import (
	"bytes"
	"cmp"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify/sorted"
)

var (
	anyText   = rapid.SampledFrom([]string{"", "PAID", "run-1-77", "a\x00b", "é", "\xff", string(bytes.Repeat([]byte("x"), 300))})
	anyNumber = rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64())
	anyCount  = rapid.OneOf(rapid.Uint32Range(0, 2), rapid.Uint32())
	anyHash   = rapid.Custom(func(t *rapid.T) (h Hash) {
		copy(h[:], rapid.SliceOfN(rapid.Byte(), len(h), len(h)).Draw(t, "hash"))
		return h
	})
	anyMoment = rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	})
	anyKey = rapid.Custom(func(t *rapid.T) claimed { return claimed{anyCount.Draw(t, "merchant"), anyHash.Draw(t, "hash")} })
)

func anyAsked(t *rapid.T) Asked {
	return Asked{
		Key: anyHash.Draw(t, "key"), Requests: anyCount.Draw(t, "requests"), Refused: anyCount.Draw(t, "refused"), Answers: anyCount.Draw(t, "answers"),
		Promised: rapid.Bool().Draw(t, "promised"), reused: rapid.Bool().Draw(t, "reused"), probes: anyCount.Draw(t, "probes"),
		status: int(anyNumber.Draw(t, "status")), body: rapid.Uint64().Draw(t, "body"), answered: anyNumber.Draw(t, "answered"), difference: anyText.Draw(t, "difference"),
	}
}

func anySeen(t *rapid.T) Seen {
	s := Seen{
		Asked: anyAsked(t), Number: rapid.IntRange(0, maxPayments).Draw(t, "number"), Merchant: anyCount.Draw(t, "merchant"), Order: anyText.Draw(t, "order"),
		Amount: anyNumber.Draw(t, "amount"), ID: rapid.Uint64().Draw(t, "id"), Told: anyCount.Draw(t, "told"), Accepted: rapid.Bool().Draw(t, "accepted"),
		Final: anyText.Draw(t, "final"), Given: given(rapid.IntRange(0, int(all)).Draw(t, "given")), Contrary: anyText.Draw(t, "contrary"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "cancels") {
		s.Cancels = append(s.Cancels, SeenCancel{
			Asked: anyAsked(t), Index: rapid.IntRange(0, 1<<40).Draw(t, "index"), Amount: anyNumber.Draw(t, "amount"), Seq: anyCount.Draw(t, "seq"),
			Named: anyNumber.Draw(t, "named"), Final: anyText.Draw(t, "final"), Contrary: anyText.Draw(t, "contrary"),
		})
	}
	return s
}

func anyMovement(t *rapid.T) movement {
	m := movement{
		Entry: Entry{Seq: rapid.Uint64().Draw(t, "seq"), At: anyMoment.Draw(t, "at"), Amount: anyNumber.Draw(t, "amount")},
		Name:  Name{rapid.Uint64().Draw(t, "payment"), rapid.Uint8().Draw(t, "leg"), anyCount.Draw(t, "cancellation")}, merchant: anyCount.Draw(t, "merchant"),
		instance: rapid.IntRange(0, 1<<16-1).Draw(t, "instance"), moment: rapid.Uint64().Draw(t, "moment"),
	}
	for _, text := range []*string{
		&m.Means, &m.Op, &m.Effect, &m.Reference, &m.Original, &m.Order, &m.Merchant, &m.Currency, &m.Transaction, &m.Code,
	} {
		*text = anyText.Draw(t, "text")
	}
	return m
}

func anyLine(t *rapid.T) record.Entry {
	e := record.Entry{
		Number: rapid.IntRange(0, maxPayments).Draw(t, "number"), Cancel: rapid.IntRange(0, 1<<40).Draw(t, "cancel"), Merchant: anyCount.Draw(t, "merchant"),
		Amount: anyNumber.Draw(t, "amount"), Sent: anyNumber.Draw(t, "sent"), Done: anyNumber.Draw(t, "done"), Status: int(anyNumber.Draw(t, "status")),
		Seq: int(anyNumber.Draw(t, "seq")), Replayed: rapid.Bool().Draw(t, "replayed"),
	}
	for _, text := range []*string{&e.Kind, &e.Order, &e.What, &e.Key, &e.Class, &e.Problem, &e.ID, &e.State, &e.Hash} {
		*text = anyText.Draw(t, "text")
	}
	return e
}

func anyStated(t *rapid.T) stated {
	s := stated{payment: rapid.Uint64().Draw(t, "payment")}
	s.Amount, s.BookedAt = anyNumber.Draw(t, "amount"), anyMoment.Draw(t, "at")
	for _, text := range []*string{&s.Kind, &s.Reference, &s.Original, &s.Transaction, &s.Currency, &s.means, &s.day} {
		*text = anyText.Draw(t, "text")
	}
	return s
}

func anyCall(t *rapid.T) call {
	c := call{payment: rapid.Uint64().Draw(t, "payment"), canceled: anyNumber.Draw(t, "canceled")}
	c.merchant, c.cancellation, c.version = anyCount.Draw(t, "merchant"), anyCount.Draw(t, "cancellation"), anyCount.Draw(t, "version")
	for _, text := range []*string{&c.named, &c.kind, &c.state, &c.fault} {
		*text = anyText.Draw(t, "text")
	}
	return c
}

func anyOrder(t *rapid.T) order {
	return order{
		merchant: anyCount.Draw(t, "merchant"), name: anyText.Draw(t, "name"), amount: anyNumber.Draw(t, "amount"), hash: anyHash.Draw(t, "hash"),
		planned: rapid.Bool().Draw(t, "planned"), refused: rapid.Bool().Draw(t, "refused"), payment: rapid.Uint64().Draw(t, "payment"), holds: rapid.Bool().Draw(t, "holds"),
	}
}

func anyClaim(t *rapid.T) claim {
	return claim{
		claimed: anyKey.Draw(t, "key"), refused: rapid.Bool().Draw(t, "refused"), order: anyText.Draw(t, "order"), payment: rapid.Uint64().Draw(t, "payment"),
		status: int(anyNumber.Draw(t, "status")), body: rapid.Uint64().Draw(t, "body"),
	}
}

func anyUse(t *rapid.T) keyUse {
	return keyUse{claimed: anyKey.Draw(t, "key"), payment: rapid.Uint64().Draw(t, "payment"), cancellation: anyCount.Draw(t, "cancellation"), order: anyText.Draw(t, "order")}
}

// comesBack packs and unpacks what is drawn. Cut anywhere, or with a byte behind it, it is an error.
func comesBack[T any](pack func([]byte, *T) []byte, unpack func([]byte, *T) error, draw func(*rapid.T) T) func(*rapid.T) {
	return func(t *rapid.T) {
		want := draw(t)
		text := pack(nil, &want)
		var got T
		if err := unpack(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v came back as %+v, %v", want, got, err)
		}
		cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut")
		if err := unpack(text[:cut], &got); err == nil {
			t.Fatalf("%+v, cut to %d of %d bytes, was read as %+v", want, cut, len(text), got)
		}
		if err := unpack(append(text, 0), &got); err == nil {
			t.Fatalf("%+v with a byte too many was read as %+v", want, got)
		}
	}
}

func TestPacked_WhatIsSorted_ComesBack(t *testing.T) {
	for name, check := range map[string]func(*rapid.T){
		"lines":     comesBack(packLine, unpackLine, anyLine),
		"promises":  comesBack(packSeen, unpackSeen, anySeen),
		"movements": comesBack(packMovement, unpackMovement, anyMovement),
		"stated":    comesBack(packStated, unpackStated, anyStated),
		"calls":     comesBack(packCall, unpackCall, anyCall),
		"orders":    comesBack(packOrder, unpackOrder, anyOrder),
		"claims":    comesBack(packClaim, unpackClaim, anyClaim),
		"uses":      comesBack(packUse, unpackUse, anyUse),
	} {
		t.Run(name, func(t *testing.T) { rapid.Check(t, check) })
	}
}

// What the draws above set must be every field: one that is new and not packed would be zero in every judgement.
func TestPacked_NoFieldIsForgotten(t *testing.T) {
	kept := map[string]bool{ // not packed, since it is not judged, or its hash is
		"Entry.Version": true, "Entry.Run": true, "Entry.Start": true, "Entry.At": true, "Entry.Currency": true, "Entry.Legs": true, "Entry.Async": true,
		"Entry.Revision": true, "Entry.Signed": true, "SeenCancel.key": true,
	}
	set := map[string]bool{}
	note := func(v any) {
		for of, i := reflect.ValueOf(v), 0; i < of.NumField(); i++ {
			name := of.Type().Name() + "." + of.Type().Field(i).Name
			set[name] = set[name] || kept[name] || !of.Field(i).IsZero()
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, m := anySeen(t), anyMovement(t)
		for _, v := range []any{anyLine(t), s, s.Asked, m, m.Name, anyStated(t), anyCall(t), anyOrder(t), anyClaim(t), anyUse(t)} {
			note(v)
		}
		for _, c := range s.Cancels {
			note(c)
		}
	})
	for field, ever := range set {
		if !ever {
			t.Errorf("%s is never set, so nothing shows that it is packed", field)
		}
	}
}

// The keys must sort as what they stand for.
func TestKeys_SortAsWhatTheyStandFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 'a', 0xff}), 0, 4, -1)
		merchant := rapid.Uint32Range(0, 3)
		a := merchantOrder{merchant.Draw(t, "m1"), name.Draw(t, "o1")}
		b := merchantOrder{merchant.Draw(t, "m2"), name.Draw(t, "o2")}
		after := []byte{rapid.Byte().Draw(t, "after")} // whatever stands behind decides nothing
		first, second := byOrder(nil, a.merchant, a.order), byOrder(nil, b.merchant, b.order)
		if got := bytes.Compare(append(first, after...), append(second, 0xff-after[0])); a != b && got != a.compare(b) {
			t.Fatalf("%+v and %+v compare as %d, their keys as %d", a, b, a.compare(b), got)
		}
		k, l := anyKey.Draw(t, "k"), anyKey.Draw(t, "l")
		if got := bytes.Compare(byKey(nil, &k), byKey(nil, &l)); got != k.compare(l) {
			t.Fatalf("%+v and %+v compare as %d, their keys as %d", k, l, k.compare(l), got)
		}
		x, y := rapid.Uint64().Draw(t, "x"), rapid.Uint64().Draw(t, "y")
		if got := bytes.Compare(byID(nil, x), byID(nil, y)); got != cmp.Compare(x, y) {
			t.Fatalf("%d and %d: their keys compare as %d", x, y, got)
		}
	})
}

// FuzzUnpack reads anything as anything: no panic, and what is taken packs to something that is taken for the same.
func FuzzUnpack(f *testing.F) {
	for kind, text := range [][]byte{
		packLine(nil, &record.Entry{Kind: "a", Number: 3, ID: "7"}), packSeen(nil, &Seen{Number: 3, ID: 7, Cancels: make([]SeenCancel, 2)}),
		packMovement(nil, &movement{Entry: Entry{Seq: 1, Effect: "charged"}}), packStated(nil, &stated{day: "2026-11-23"}), packCall(nil, &call{payment: 7}),
		packOrder(nil, &order{name: "o"}), packClaim(nil, &claim{refused: true}), packUse(nil, &keyUse{payment: 7}),
	} {
		f.Add(byte(kind), text)
	}
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		switch kind % 8 {
		case 0:
			unpackedAgain(t, text, packLine, unpackLine)
		case 1:
			unpackedAgain(t, text, packSeen, unpackSeen)
		case 2:
			unpackedAgain(t, text, packMovement, unpackMovement)
		case 3:
			unpackedAgain(t, text, packStated, unpackStated)
		case 4:
			unpackedAgain(t, text, packCall, unpackCall)
		case 5:
			unpackedAgain(t, text, packOrder, unpackOrder)
		case 6:
			unpackedAgain(t, text, packClaim, unpackClaim)
		case 7:
			unpackedAgain(t, text, packUse, unpackUse)
		}
	})
}

func unpackedAgain[T any](t *testing.T, text []byte, pack func([]byte, *T) []byte, unpack func([]byte, *T) error) {
	var first, second T
	if unpack(text, &first) != nil {
		return
	}
	if err := unpack(pack(nil, &first), &second); err != nil || !reflect.DeepEqual(first, second) {
		t.Fatalf("%x is read as %+v, and that again as %+v, %v", text, first, second, err)
	}
}

// What is sorted on disk comes back whole, in order, with the smallest budget.
func TestPromisesByPayment_SmallestBudget_AllComeBack(t *testing.T) {
	space := sorted.NewSpace(t.TempDir(), 64)
	defer space.Close()
	list := promisesByPayment(space)
	for i := range uint64(50) {
		if err := list.Add(&Seen{ID: 100 - i, Number: int(i)}); err != nil {
			t.Fatal(err)
		}
	}
	next := uint64(51)
	for s, err := range list.All() {
		if err != nil || s.ID != next {
			t.Fatalf("payment %d, want %d: %v", s.ID, next, err)
		}
		next++
	}
	if next != 101 || space.Written() == 0 {
		t.Errorf("came to %d, with %d bytes on disk", next, space.Written())
	}
}
