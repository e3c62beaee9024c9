package verify

import (
	"slices"
	"testing"
	"time"
)

// What the rules allow and a clean world does not show.

func TestVerify_WhatTheRulesAllow_Passes(t *testing.T) {
	for name, story := range map[string]func(w *world){
		"a person says that a cancellation has succeeded": func(w *world) {
			w.reviewed()
			w.stepCancel(refused, "SUCCEEDED", "REFUNDED", "REFUSED")
			w.seesCancel(refused, 0, 201, "SUCCEEDED")
			w.looks(refused, "CANCELED")
		},
		"a person says that a cancellation has failed": func(w *world) {
			w.reviewed()
			w.stepCancel(refused, "FAILED", "REFUNDED", "REFUSED")
			w.seesCancel(refused, 0, 201, "FAILED")
			w.looks(refused, "PAID")
		},
		"a part is given back, and that is all": func(w *world) {
			w.pays(refused, Leg{Means: "POINT", Amount: 300}, Leg{Means: "PG", Amount: 700})
			w.cancels(refused, 800, Refund{Leg: 1, Amount: 100}, Refund{Leg: 2, Amount: 700})
			w.gives(refused, 2)
			w.gives(refused, 1)
			w.stepCancel(refused, "SUCCEEDED", "REFUNDED", "REFUNDED")
			w.seesCancel(refused, 800, 201, "SUCCEEDED")
			w.looks(refused, "PARTIALLY_CANCELED")
		},
		"a cancellation waits for a person, and the scenario leads there": func(w *world) {
			w.reviewed()
			w.seesCancel(refused, 0, 202, "PROCESSING")
			w.payments[refused].Open = []uint32{1}
			w.scope.ReviewExpected = true
		},
		"ABSENT at a PG that keeps no tombstone, after its late-arrival bound": func(w *world) {
			w.booked(absent, "canceled").Code = "no_tombstone"
			events := w.payments[absent].Events
			events[3].At = events[2].At.Add(10*time.Second - sameCommit)
		},
		"a person says that a payment has failed, and nothing else proves it": func(w *world) {
			w.plan(refused, "SYNC", Leg{Means: "PG", Amount: 9})
			w.begin(refused)
			w.step(refused, "UNDOING", "UNKNOWN")
			w.step(refused, "REVIEW", "UNKNOWN")
			w.step(refused, "FAILED", "ABSENT")
			w.sees(refused, 201, "FAILED")
		},
		"ABSENT, since the charge came too late and was turned away": func(w *world) {
			e := w.booked(absent, "canceled")
			e.Op, e.Effect, e.Code = "charge", "refused", "too_late"
		},
		"deferred, and paid later": func(w *world) {
			w.plan(refused, "ASYNC", Leg{Means: "PG", Amount: 9})
			w.begin(refused)
			w.sees(refused, 202, "ACCEPTED")
			w.step(refused, "PROCESSING", "PENDING")
			w.step(refused, "ACCEPTED", "PENDING")
			w.step(refused, "PROCESSING", "PENDING")
			w.moves(refused, 0, "charged")
			w.step(refused, "PAID", "CAPTURED")
			w.looks(refused, "PAID")
			w.callsBack(refused)
		},
		"a confirm is refused": func(w *world) {
			w.plan(refused, "SYNC", Leg{Means: "POINT", Amount: 9})
			w.begin(refused)
			w.moves(refused, 0, "held")
			w.moves(refused, 0, "expired")
			w.step(refused, "UNDOING", "RELEASED")
			w.step(refused, "FAILED", "RELEASED")
			w.sees(refused, 201, "FAILED")
		},
		"a confirm is refused right after an inquiry has found the reservation": func(w *world) {
			w.plan(refused, "SYNC", Leg{Means: "POINT", Amount: 9})
			w.begin(refused)
			w.moves(refused, 0, "held")
			w.step(refused, "PROCESSING", "UNKNOWN")
			w.sees(refused, 202, "PROCESSING")
			w.moves(refused, 0, "expired")
			w.step(refused, "UNDOING", "RELEASED")
			w.step(refused, "FAILED", "RELEASED")
			w.looks(refused, "FAILED")
			w.callsBack(refused)
		},
		"the callback about the first of two cancellations comes last": func(w *world) {
			p := w.payments[canceled]
			p.Callbacks = append(p.Callbacks, Callback{4, "DELIVERED"})
			first := *w.line("w", canceled)
			first.Revision, first.Seq, first.Amount = 4, 1, 4_000
			w.journal = append(w.journal, first)
		},
		"a callback was refused by the merchant and came again": func(w *world) {
			again := *w.line("w", async)
			w.line("w", async).Class = refusedOnPurpose
			w.journal = append(w.journal, again)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.journal = slices.Clip(w.journal[:len(w.journal)-2]) // the number of the refused one is free
			story(w)
			v, err := w.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Verdict != "PASS" {
				t.Errorf("%+v", v.Invariants)
			}
		})
	}
}

// reviewed is a cancellation whose points were refused after the PG had given back.
func (w *world) reviewed() {
	w.pays(refused, Leg{Means: "POINT", Amount: 300}, Leg{Means: "PG", Amount: 700})
	w.cancels(refused, 1_000, Refund{Leg: 1, Amount: 300}, Refund{Leg: 2, Amount: 700})
	w.gives(refused, 2)
	w.stepCancel(refused, "REVIEW", "REFUNDED", "REFUSED")
}

// What a person made of a cancellation is held against the ledger as well.
func TestVerify_PlantedBugInAReview_IsCaught(t *testing.T) {
	for name, bug := range map[string]struct {
		invariant int
		plant     func(w *world)
	}{
		"the suspense is not cleared":       {5, func(w *world) { w.unpost(refused, settledByHand+1) }},
		"nothing was put into the suspense": {5, func(w *world) { w.unpost(refused, 1) }},
		"REVIEW that the scenario does not lead to": {6, func(w *world) {
			p := w.payments[refused]
			p.Cancellations[0].State, p.Canceled = "REVIEW", 0
		}},
		"more was canceled than was paid": {4, func(w *world) {
			c := w.payments[refused].Cancellations[0]
			c.Refunds[0].Amount, c.Amount, w.payments[refused].Canceled = 301, 1_001, 1_001
		}},
	} {
		w := newWorld()
		w.journal = w.journal[:len(w.journal)-2]
		w.reviewed()
		w.stepCancel(refused, "SUCCEEDED", "REFUNDED", "REFUSED")
		w.seesCancel(refused, 0, 201, "SUCCEEDED")
		bug.plant(w)
		v, err := w.verify(t)
		if err != nil {
			t.Fatal(err)
		}
		if v.Violated(bug.invariant) == 0 {
			t.Errorf("%s: not caught by %d: %+v", name, bug.invariant, v.Invariants)
		}
	}
}
