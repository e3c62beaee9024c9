package verify

import (
	"slices"

	"gazua.example/loadgen/record"
)

// Bugs of charges: of the PG's book, of legs, and of what the client was told about payments.
var chargeBugs = []bug{
	{7, "a payment row is gone", paid, []int{3, 5}, func(w *world) { w.payments[paid].Missing = true }},
	{7, "a payment is gone with all that hangs on it", paid, []int{2, 13}, func(w *world) {
		w.payments[paid] = &Payment{ID: w.payments[paid].ID, Missing: true}
	}},
	{3, "a leg is gone", paid, []int{2, 5, 10}, func(w *world) { w.payments[paid].Legs = w.payments[paid].Legs[:1] }},
	{1, "a charge is booked twice", async, []int{2}, func(w *world) {
		w.movesAgain(async, "charged")
	}},
	{1, "a charge is booked twice for a moment", async, nil, func(w *world) {
		w.movesAgain(async, "charged")
		w.movesAgain(async, "voided")
	}},
	{1, "a charge is booked twice, and the order has room for both", paid, []int{2}, func(w *world) {
		w.booked(paid, "charged").Amount = 10_000
		stated := slices.Clone(w.lines)
		w.moves(paid, 1, "charged")
		w.lines = stated
		w.book[len(w.book)-1].Amount, w.book[len(w.book)-1].Transaction = 10_000, "t-again"
	}},
	{1, "two payments charge one order", second, []int{9, 7}, func(w *world) {
		w.payments[second].Order, w.book[len(w.book)-1].Order = w.payments[async].Order, w.payments[async].Order
		w.payments[second].KeyHash = w.payments[async].KeyHash
	}},
	{1, "two payments of one order hold it", second, []int{2, 5, 6, 7, 10}, func(w *world) {
		// The first one, which had failed and made room for the second, is on its way again.
		w.payments[secondTry].State = "PROCESSING"
		w.payments[second].State = "PROCESSING"
		w.payments[second].Legs[0].State = "PENDING"
	}},
	{6, "a payment is left pending", async, []int{5, 7, 10}, func(w *world) {
		w.payments[async].State, w.payments[async].Open = "PROCESSING", []uint32{0}
	}},
	{6, "a payment waits for a person", silent, []int{7, 10}, func(w *world) {
		w.payments[silent].State, w.payments[silent].Open = "REVIEW", []uint32{0}
	}},
	{6, "open work is left over", paid, nil, func(w *world) { w.payments[paid].Open = []uint32{0} }},
	{6, "a leg is left UNKNOWN", silent, []int{10, 12}, func(w *world) { w.payments[silent].Legs[0].State = "UNKNOWN" }},
	{6, "the client never saw the end", silent, nil, func(w *world) { w.line("g", silent).Status = 503 }},
	{3, "FAILED with a live charge", silent, []int{2, 12}, func(w *world) {
		w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Effect == "voided" })
		w.renumber()
	}},
	{3, "FAILED with a captured leg", declined, []int{2, 10}, func(w *world) { w.payments[declined].Legs[1].State = "CAPTURED" }},
	{3, "FAILED with a live reservation", declined, []int{12}, func(w *world) {
		w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Effect == "released" })
		w.renumber()
	}},
	{3, "PAID and not all captured", paid, []int{2, 10}, func(w *world) { w.payments[paid].Legs[0].State = "HELD" }},
	{2, "the PG booked another amount", async, nil, func(w *world) { w.booked(async, "charged").Amount-- }},
	{2, "the PG booked another currency", paid, nil, func(w *world) { w.booked(paid, "charged").Currency = "USD" }},
	{2, "another means has the money", async, nil, func(w *world) { w.booked(async, "charged").Means = "COUPON" }},
	{2, "the leg has another reference", async, []int{5}, func(w *world) { w.payments[async].Legs[0].Reference = "1.1" }},
	{2, "the leg names another transaction", async, nil, func(w *world) { w.payments[async].Legs[0].Transaction = "t-other" }},
	{2, "the PG booked it for another merchant", async, []int{1}, func(w *world) { w.booked(async, "charged").Merchant = "2" }},
	{2, "the PG booked it for another order", async, []int{1}, func(w *world) { w.booked(async, "charged").Order += "0" }},
	{1, "the PG booked more than the order", paid, []int{2}, func(w *world) { w.booked(paid, "charged").Amount++ }},
	{2, "a captured leg that nobody booked", async, nil, func(w *world) {
		w.booked(async, "charged").Effect = "declined"
	}},
	{7, "an acknowledged 2xx whose payment is missing", declined, nil, func(w *world) {
		w.payments[declined] = &Payment{ID: w.payments[declined].ID, Missing: true}
		w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Order == w.planned(declined).Order })
		w.renumber()
	}},
	{7, "PAID for the client, FAILED in the database", silent, nil, func(w *world) { w.line("g", silent).State = "PAID" }},
	{7, "FAILED was seen after PAID", paid, nil, func(w *world) { w.looks(paid, "FAILED") }},
	{7, "PROCESSING was seen after PAID", async, nil, func(w *world) { w.looks(async, "PROCESSING") }},
	{7, "one key, two payments", async, nil, func(w *world) {
		w.looks(async, "PAID")
		w.line("g", async).ID = "99"
	}},
	{7, "the answer names another order", paid, nil, func(w *world) { w.line("a", paid).Order += "0" }},
	{7, "another amount than was asked for", paid, nil, func(w *world) { w.line("a", paid).Amount-- }},
	{7, "the database has another amount than was asked for", paid, []int{3}, func(w *world) { w.payments[paid].Amount++ }},
	{7, "the database has another merchant", declined, nil, func(w *world) { w.payments[declined].Merchant = 2 }},
	{7, "a synchronous payment was ACCEPTED", async, nil, func(w *world) { w.payments[async].Mode = "SYNC" }},
	{7, "two keys are answered with one payment", async, []int{16}, func(w *world) {
		e := *w.line("a", async)
		p := w.planned(20)
		p.Amount = w.payments[async].Amount
		e.Number = 20
		w.journal = append(w.journal, p, e, record.Entry{Kind: "g", Number: 20, Status: 200, ID: e.ID, State: "PAID"})
		w.uncalled(async)
		w.payments[async].Callbacks = nil
	}},
}

// movesAgain books the payment's only leg once more.
func (w *world) movesAgain(n int, effect string) {
	stated := slices.Clone(w.lines)
	w.moves(n, 0, effect)
	w.book[len(w.book)-1].Transaction, w.lines = "t-again", stated
}

// booked is the payment's entry with that effect.
func (w *world) booked(n int, effect string) *Entry {
	for i := range w.book {
		if e := &w.book[i]; e.Effect == effect && e.Order == w.payments[n].Order {
			return e
		}
	}
	panic("no such entry")
}
