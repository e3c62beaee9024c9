package verify

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gazua.example/loadgen/record"
)

// checkedInAWorld is what there is to look at in a world, by invariant.
var checkedInAWorld = map[int]int64{1: 8, 2: 12, 3: 12, 4: 6, 5: 7, 6: 15, 7: 19, 8: 3, 9: 15, 10: 9, 12: 6, 13: 12, 16: 6}

func TestVerify_CleanWorld_Passes(t *testing.T) {
	v, err := newWorld().verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" || v.Violations() != 0 {
		t.Fatalf("a clean world: %s, %+v", v.Verdict, v.Invariants)
	}
	// A verifier that looks at nothing finds nothing: it must say that it has looked.
	want := maps.Clone(checkedInAWorld)
	want[11], want[14] = 0, 0 // there is neither a broker nor an archive
	if got := checked(v); !maps.Equal(got, want) {
		t.Errorf("checked %v, want %v", got, want)
	}
	if v.Sent != 9 || v.Payments != 9 || v.CancellationsSent != 4 || v.Cancellations != 3 || v.Probes != 4 || v.Callbacks != 3 {
		t.Errorf("%d payments sent and %d in the database, %d and %d cancellations, %d probes, %d callbacks",
			v.Sent, v.Payments, v.CancellationsSent, v.Cancellations, v.Probes, v.Callbacks)
	}
	sums := Sums{Captures: 8, CapturesSum: 23_000 + 7_000 + 10_000 + 800 + 600, Refunds: 4, RefundsSum: 10_000}
	if v.Reconciled.Ledger != sums || v.Reconciled.Statement != sums {
		t.Errorf("reconciled %+v, want %+v on both sides", v.Reconciled, sums)
	}
}

// bug is a fault planted in one of the sources.
type bug struct {
	invariant int    // that is meant to catch it
	name      string // of the test
	payment   int    // that is to be named
	also      []int  // what the same bug violates beside it
	plant     func(w *world)
}

// Each planted bug must be caught by the invariant that is meant for it and by no other that is not named, and the payment
// must be named.
func TestVerify_PlantedBug_IsCaughtAndNamed(t *testing.T) {
	planted := map[int]int{}
	for _, b := range slices.Concat(chargeBugs, cancellationBugs, ledgerBugs, clientBugs, historyBugs, callbackBugs) {
		planted[b.invariant]++
		t.Run(strconv.Itoa(b.invariant)+" "+b.name, func(t *testing.T) {
			w := newWorld()
			b.plant(w)
			v, err := w.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Verdict != "FAIL" {
				t.Fatalf("not caught: %+v", v.Invariants)
			}
			for _, i := range v.Invariants {
				expected := i.Number == b.invariant || slices.Contains(b.also, i.Number)
				if (i.Violated > 0) != expected {
					t.Errorf("invariant %d %s: %d violations, expected some: %v; %+v", i.Number, i.Name, i.Violated, expected, i.Offenders)
				}
			}
			if t.Failed() {
				return
			}
			offender := v.invariant(b.invariant).Offenders[0]
			if b.payment == refused {
				if offender.Order != w.planned(refused).Order {
					t.Errorf("names order %q: %s", offender.Order, offender.What)
				}
			} else if want := strconv.FormatUint(w.payments[b.payment].ID, 10); offender.PaymentID != want {
				t.Errorf("names payment %q (order %q), want %s: %s", offender.PaymentID, offender.Order, want, offender.What)
			}
			if len(offender.Journal) == 0 || !strings.Contains(offender.Journal[0], `"k":"p"`) {
				t.Errorf("the history from the journal does not begin with the plan: %q", offender.Journal)
			}
		})
	}
	for _, i := range newVerdict(Scope{}, newWorld().now).Invariants {
		if elsewhere := i.Number == 11 || i.Number == 14; !elsewhere && planted[i.Number] < 2 {
			t.Errorf("invariant %d %s: %d bugs are planted, not two", i.Number, i.Name, planted[i.Number])
		}
	}
}

func TestVerify_ChargeWithoutAPayment_IsAnOrphan(t *testing.T) {
	for reference, id := range map[string]string{"77.1": "77", "nonsense": ""} {
		w := newWorld()
		w.book = append(w.book, Entry{
			Seq: uint64(len(w.book) + 1), At: w.tick(), Means: "PG", Effect: "charged", Reference: reference, Order: runID + "-77", Merchant: "1",
			Amount: 5, Currency: "KRW", Transaction: "t-x",
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

func TestVerify_RefundWithoutAPayment_IsAnOrphan(t *testing.T) {
	w := newWorld()
	w.book = append(w.book, Entry{
		Seq: uint64(len(w.book) + 1), At: w.tick(), Means: "PG", Op: "refund", Effect: "refunded", Reference: "77.1.1", Original: "77.1", Order: runID + "-77",
		Merchant: "1", Amount: 5, Currency: "KRW", Transaction: "t-x",
	})
	v, err := w.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Violated(2) != 1 || v.Violated(4) != 1 || v.Violations() != 2 {
		t.Errorf("%+v", v.Invariants)
	}
}

func TestVerify_EndOfWhatAProbeMade_MustBeSeen(t *testing.T) {
	for _, seen := range []bool{true, false} {
		w := newWorld()
		e := w.line("x", secondTry) // the probe that made the second payment is answered 202
		e.Status, e.State, e.Order, e.Amount = 202, "PROCESSING", "", 0
		w.key(w.payments[second].ID, 0).status = 202
		look := *e
		look.Kind, look.Key, look.Hash, look.Status, look.State = "xg", "", "", 200, "PAID"
		if seen {
			w.journal = append(w.journal, look)
		}
		w.callsBack(second)
		v, err := w.verify(t)
		if err != nil {
			t.Fatal(err)
		}
		if v.Violated(6) == 0 != seen || v.Violations() != v.Violated(6) {
			t.Errorf("seen: %v: %+v", seen, v.Invariants)
		}
	}
}

func TestVerify_CallbackAboutNoPayment_IsAViolation(t *testing.T) {
	for _, id := range []string{strconv.FormatUint(firstID+70<<22, 10), "nonsense"} {
		w := newWorld()
		e := *w.line("w", async)
		e.ID = id
		w.journal = append(w.journal, e)
		v, err := w.verify(t)
		if err != nil {
			t.Fatal(err)
		}
		if v.Violated(16) != 1 || v.Violations() != 1 {
			t.Errorf("payment %s: %+v", id, v.Invariants)
		}
	}
}

func TestVerify_WhatOtherRunsDid_IsNotThisRuns(t *testing.T) {
	w := newWorld()
	// An earlier run's payment, far below the start and still open; its charge is voided only now, and its callback comes now.
	w.payments = append(w.payments, &Payment{ID: 5, Merchant: 1, Order: "old-1", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "UNDOING", Open: []uint32{0}})
	w.book = append(w.book, Entry{
		Seq: uint64(len(w.book) + 1), At: w.now, Means: "PG", Effect: "voided", Reference: "5.1", Order: "old-1", Merchant: "1", Amount: 10, Transaction: "t-old",
	})
	w.states("capture", Entry{At: w.now, Means: "PG", Reference: "5.1", Amount: 10, Currency: "KRW"})
	w.journal = append(w.journal, record.Entry{Kind: "w", ID: "5", Merchant: 1, Revision: 9, State: "PAID", Signed: true, What: "payment.paid"})
	// One from just before the start, as the ids tell: it is read, since ids may be off by some seconds, and left alone.
	w.payments = append(w.payments, &Payment{ID: firstID - 2, Merchant: 1, Order: "old-2", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "PROCESSING"})
	w.states("capture", Entry{At: w.now, Means: "PG", Reference: strconv.FormatUint(firstID-2, 10) + ".1", Amount: 10, Currency: "KRW"})
	// A later run's, above the end.
	w.scope.ToID = firstID + second<<22
	w.payments = append(w.payments, &Payment{ID: w.scope.ToID + 1, Merchant: 1, Order: "new-1", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "PROCESSING"})
	v, err := w.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" || v.Payments != 9 {
		t.Errorf("%s with %d payments: %+v", v.Verdict, v.Payments, v.Invariants)
	}
}

func TestVerify_WhatLiesInTheRunsRange_IsJudgedWhoeverMadeIt(t *testing.T) {
	w := newWorld()
	// Of this run, by its order, from a machine whose clock is behind.
	early := &Payment{ID: firstID - 3, Merchant: 1, Order: runID + "-early", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "PROCESSING"}
	// Of others, at the same time.
	other := &Payment{ID: firstID + 60<<22, Merchant: 1, Order: "other", Amount: 10, Currency: "KRW", Mode: "SYNC", State: "PROCESSING"}
	// Work without a payment.
	nobodys := &Payment{ID: firstID + 61<<22, Missing: true, Open: []uint32{0}}
	w.payments = append(w.payments, early, other, nobodys)
	v, err := w.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, o := range v.invariant(6).Offenders {
		named = append(named, o.PaymentID)
	}
	want := []string{strconv.FormatUint(early.ID, 10), strconv.FormatUint(other.ID, 10), strconv.FormatUint(nobodys.ID, 10)}
	if !slices.Equal(named, want) || v.Foreign != 2 {
		t.Errorf("named %q, want %q; %d are of others", named, want, v.Foreign)
	}
}

func TestVerify_SourceThatCannotBeTrusted_IsNoVerdict(t *testing.T) {
	for name, plant := range map[string]func(w *world){
		"a gap in the book":           func(w *world) { w.book[1].Seq += 5 },
		"an effect nobody knows":      func(w *world) { w.book[1].Effect = "borrowed" },
		"a journal without a header":  func(w *world) { w.journal = w.journal[1:] },
		"a journal of a later format": func(w *world) { w.journal[0].Version = record.Version + 1 },
		"a probe nobody knows":        func(w *world) { w.line("x", paid).What = "guess" },
		"a statement nobody knows":    func(w *world) { w.lines[1].Kind = "gift" },
	} {
		w := newWorld()
		plant(w)
		if v, err := w.verify(t); err == nil {
			t.Errorf("%s: %s without an error", name, v.Verdict)
		}
	}
}

func TestVerify_NoAddressOfTheStatements_IsNoVerdict(t *testing.T) {
	if _, err := Verify(t.Context(), Sources{}, Scope{}); err == nil || !strings.Contains(err.Error(), "PG_URL") {
		t.Errorf("error %v", err)
	}
}

func TestPage_WhatHangsOnNothing_MakesAMissingPayment(t *testing.T) {
	p := page{2: {ID: 2}, 3: {ID: 3}}
	p.of(9).Legs = make([]Leg, 1)
	p.of(2).Legs = make([]Leg, 2)
	p.of(1).Open = []uint32{0}
	p.cancellation(3, 1).Refunds = make([]Refund, 1)
	p.cancellation(3, 1).Refunds = append(p.cancellation(3, 1).Refunds, Refund{})
	var got []string
	for _, of := range p.sorted() {
		text := strconv.FormatUint(of.ID, 10) + " " + strconv.FormatBool(of.Missing) + " " + strconv.Itoa(len(of.Legs)) + strconv.Itoa(len(of.Open))
		for _, c := range of.Cancellations {
			text += " " + strconv.FormatBool(c.Missing) + " " + strconv.Itoa(len(c.Refunds))
		}
		got = append(got, text)
	}
	want := []string{"1 true 01", "2 false 20", "3 false 00 true 2", "9 true 10"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
