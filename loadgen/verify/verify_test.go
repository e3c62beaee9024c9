package verify

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"gazua.example/loadgen/record"
)

func TestVerify_CleanWorld_Passes(t *testing.T) {
	v, err := newWorld().verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" || v.Violations() != 0 {
		t.Fatalf("a clean world: %s, %+v", v.Verdict, v.Invariants)
	}
	// A verifier that looks at nothing finds nothing: it must say that it has looked.
	want := map[int]int64{1: 4, 2: 3, 3: 4, 6: 4, 7: 7}
	for _, i := range v.Invariants {
		if i.Checked != want[i.Number] {
			t.Errorf("invariant %d checked %d %s, want %d", i.Number, i.Checked, i.Unit, want[i.Number])
		}
	}
	if v.Sent != 4 || v.Payments != 4 {
		t.Errorf("%d sent, %d in the database, want 4 and 4", v.Sent, v.Payments)
	}
}

// Each planted bug must be caught by the invariant that is meant for it, and the payment must be named.
func TestVerify_PlantedBug_IsCaughtAndNamed(t *testing.T) {
	const paid, async, declined, silent = 0, 1, 2, 3
	for name, bug := range map[string]struct {
		plant     func(w *world)
		payment   int // offender
		invariant int
		also      []int // what the same bug violates beside it
	}{
		"a payment row is gone": {
			func(w *world) { w.payments[paid].Missing = true }, paid, 7, []int{3},
		},
		"a payment is gone with its legs": {
			func(w *world) { w.payments[paid].Missing, w.payments[paid].Legs = true, nil }, paid, 7, []int{2},
		},
		"a leg is gone": {
			func(w *world) { w.payments[paid].Legs = w.payments[paid].Legs[:1] }, paid, 3, []int{2},
		},
		"a charge is booked twice": {
			func(w *world) {
				w.moves(async, 0, "charged")
				w.book[len(w.book)-1].Transaction = "t-again"
			}, async, 1, []int{2},
		},
		"a charge is booked twice for a moment": {
			func(w *world) {
				w.moves(async, 0, "charged")
				w.book[len(w.book)-1].Transaction = "t-again"
				w.moves(async, 0, "voided")
				w.book[len(w.book)-1].Transaction = "t-again"
			}, async, 1, nil,
		},
		"two payments charge one order": {
			func(w *world) {
				second := w.payment(4, "SYNC", "PAID", Leg{Means: "PG", Amount: 7_000, State: "CAPTURED"})
				w.sees(4, 201, "PAID")
				w.moves(second, 0, "charged")
				w.book[len(w.book)-1].Order = w.payments[async].Order
				w.payments[second].Order = w.payments[async].Order
			}, 4, 1, []int{7},
		},
		"a payment is left pending": {
			func(w *world) { w.payments[async].State, w.payments[async].Open = "PROCESSING", true }, async, 6, []int{7},
		},
		"a payment waits for a person": {
			func(w *world) { w.payments[silent].State, w.payments[silent].Open = "REVIEW", true }, silent, 6, []int{7},
		},
		"open work is left over": {
			func(w *world) { w.payments[paid].Open = true }, paid, 6, nil,
		},
		"a leg is left UNKNOWN": {
			func(w *world) { w.payments[silent].Legs[0].State = "UNKNOWN" }, silent, 6, nil,
		},
		"the client never saw the end": {
			func(w *world) { w.journal = w.journal[:len(w.journal)-1] }, silent, 6, nil,
		},
		"FAILED with a live charge": {
			func(w *world) { w.book = w.book[:len(w.book)-1] }, silent, 3, []int{2},
		},
		"FAILED with a live reservation": {
			func(w *world) {
				w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Effect == "released" })
				for i := range w.book {
					w.book[i].Seq = uint64(i + 1)
				}
			}, declined, 3, nil,
		},
		"PAID and not all captured": {
			func(w *world) { w.payments[paid].Legs[0].State = "HELD" }, paid, 3, []int{2},
		},
		"the PG booked another amount": {
			func(w *world) {
				for i := range w.book {
					if w.book[i].Effect == "charged" && w.book[i].Amount == 7_000 {
						w.book[i].Amount = 6_999
					}
				}
			}, async, 2, nil,
		},
		"the PG booked another currency": {
			func(w *world) { w.book[1].Currency = "USD" }, paid, 2, nil,
		},
		"the PG booked more than the order": {
			func(w *world) { w.book[1].Amount = 20_001 }, paid, 1, []int{2},
		},
		"a captured leg that nobody booked": {
			func(w *world) {
				w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Effect == "charged" && e.Amount == 7_000 })
				for i := range w.book {
					w.book[i].Seq = uint64(i + 1)
				}
			}, async, 2, nil,
		},
		"an acknowledged 2xx whose payment is missing": {
			func(w *world) {
				w.payment(4, "ASYNC", "PAID", Leg{Means: "PG", Amount: 10, State: "PENDING"})
				w.sees(4, 202, "ACCEPTED")
				w.payments[4].Missing, w.payments[4].Legs = true, nil
			}, 4, 7, nil,
		},
		"PAID for the client, FAILED in the database": {
			func(w *world) { w.journal[len(w.journal)-1].State = "PAID" }, silent, 7, nil,
		},
		"FAILED was seen after PAID": {
			func(w *world) {
				w.looks(paid, "FAILED")
			}, paid, 7, nil,
		},
		"one key, two payments": {
			func(w *world) {
				w.looks(async, "PAID")
				w.journal[len(w.journal)-1].ID = "99"
			}, async, 7, nil,
		},
		"another amount than was asked for": {
			func(w *world) { w.journal[2].Amount++ }, paid, 7, nil,
		},
		"a synchronous payment was ACCEPTED": {
			func(w *world) { w.payments[async].Mode = "SYNC" }, async, 7, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			bug.plant(w)
			v, err := w.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Verdict != "FAIL" {
				t.Fatalf("not caught: %+v", v.Invariants)
			}
			for _, i := range v.Invariants {
				expected := i.Number == bug.invariant || slices.Contains(bug.also, i.Number)
				if (i.Violated > 0) != expected {
					t.Errorf("invariant %d %s: %d violations, expected some: %v; %+v", i.Number, i.Name, i.Violated, expected, i.Offenders)
				}
			}
			offender := v.invariant(bug.invariant).Offenders[0]
			if want := strconv.FormatUint(w.payments[bug.payment].ID, 10); offender.PaymentID != want {
				t.Errorf("names payment %q (order %q), want %s", offender.PaymentID, offender.Order, want)
			}
			if len(offender.Journal) == 0 || !strings.Contains(offender.Journal[0], `"k":"p"`) {
				t.Errorf("the history from the journal does not begin with the plan: %q", offender.Journal)
			}
		})
	}
}

func TestVerify_ChargeWithoutAPayment_IsAnOrphan(t *testing.T) {
	for reference, id := range map[string]string{"77.1": "77", "nonsense": ""} {
		w := newWorld()
		w.book = append(w.book, Entry{
			Seq: uint64(len(w.book) + 1), Means: "PG", Effect: "charged", Reference: reference, Order: runID + "-77", Merchant: "1", Amount: 5, Currency: "KRW", Transaction: "t-x",
		})
		v, err := w.verify(t)
		if err != nil {
			t.Fatal(err)
		}
		if v.Violated(2) != 1 || v.Violated(1) != 1 {
			t.Fatalf("reference %s: %+v", reference, v.Invariants)
		}
		if got := v.invariant(2).Offenders[0].PaymentID; got != id {
			t.Errorf("reference %s: names payment %q", reference, got)
		}
	}
}

func TestVerify_WhatOtherRunsDid_IsNotThisRuns(t *testing.T) {
	w := newWorld()
	// An earlier run's payment, far below the start and still open; its charge is voided only now.
	w.payments = append(w.payments, Payment{ID: 5, Merchant: 1, Order: "old-1", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "UNDOING", Open: true})
	w.book = append(w.book, Entry{Seq: uint64(len(w.book) + 1), Means: "PG", Effect: "voided", Reference: "5.1", Order: "old-1", Merchant: "1", Amount: 10, Transaction: "t-old"})
	// A later run's, above the end.
	w.scope.ToID = firstID + 3<<22
	w.payments = append(w.payments, Payment{ID: w.scope.ToID + 1, Merchant: 1, Order: "new-1", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "PROCESSING"})
	v, err := w.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" || v.Payments != 4 {
		t.Errorf("%s with %d payments: %+v", v.Verdict, v.Payments, v.Invariants)
	}
}

func TestVerify_SourceThatCannotBeTrusted_IsNoVerdict(t *testing.T) {
	for name, plant := range map[string]func(w *world){
		"a gap in the book":           func(w *world) { w.book[1].Seq += 5 },
		"an effect nobody knows":      func(w *world) { w.book[1].Effect = "borrowed" },
		"a journal without a header":  func(w *world) { w.journal = w.journal[1:] },
		"a journal of a later format": func(w *world) { w.journal[0].Version = record.Version + 1 },
	} {
		w := newWorld()
		plant(w)
		if v, err := w.verify(t); err == nil {
			t.Errorf("%s: %s without an error", name, v.Verdict)
		}
	}
}

func TestPayments_PagesAndLegsWithoutPayment_AreJoinedInOrder(t *testing.T) {
	legs := []Leg{{PaymentID: 1, Seq: 1}, {PaymentID: 2, Seq: 1}, {PaymentID: 2, Seq: 2}, {PaymentID: 9, Seq: 1}}
	page := join([]Payment{{ID: 2}, {ID: 3}}, legs, []uint64{3, 4})
	var got []string
	for _, p := range page {
		got = append(got, strconv.FormatUint(p.ID, 10)+" "+strconv.FormatBool(p.Missing)+" "+strconv.Itoa(len(p.Legs))+" "+strconv.FormatBool(p.Open))
	}
	want := []string{"1 true 1 false", "2 false 2 false", "3 false 0 true", "4 true 0 true", "9 true 1 false"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
