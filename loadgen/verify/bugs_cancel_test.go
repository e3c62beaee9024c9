package verify

import (
	"slices"

	"gazua.example/loadgen/record"
)

// Bugs of cancellations: of refunds in the book, of their rows, and of what the client was told.
var cancellationBugs = []bug{
	{2, "a refund that nobody asked for", kept, []int{3}, func(w *world) {
		w.gives(kept, 1)
		w.lines = w.lines[:len(w.lines)-1]
		w.payments[kept].Cancellations[0].Refunds[0].Transaction = ""
	}},
	{2, "REFUNDED and not in the book", canceled, []int{3}, func(w *world) { w.unbook("refunded") }},
	{2, "the PG gave another amount back", canceled, []int{3}, func(w *world) { w.booked(canceled, "refunded").Amount-- }},
	{2, "the refund names another transaction", canceled, nil, func(w *world) { w.booked(canceled, "refunded").Transaction = "t-other" }},
	{2, "the PG gave another currency back", canceled, nil, func(w *world) { w.booked(canceled, "refunded").Currency = "USD" }},
	{2, "the PG gave back for another merchant", canceled, nil, func(w *world) { w.booked(canceled, "refunded").Merchant = "2" }},
	{2, "the refund is of another leg", canceled, []int{4}, func(w *world) { w.booked(canceled, "refunded").Original = w.payments[canceled].Legs[0].Reference }},
	{3, "a cancellation has SUCCEEDED and given back too little", canceled, []int{2, 10, 13}, func(w *world) {
		w.payments[canceled].Cancellations[0].Refunds[0].State = "REFUSED"
		w.unpost(canceled, 1)
	}},
	{3, "a cancellation has FAILED and given back", kept, []int{10}, func(w *world) {
		w.gives(kept, 1)
		w.lines = w.lines[:len(w.lines)-1]
		w.payments[kept].Cancellations[0].Refunds[0].State = "REFUNDED"
	}},
	{3, "canceled in full with something live", silent, []int{4, 5, 7, 10, 16}, func(w *world) {
		p := w.payments[silent]
		p.State, p.Canceled, p.Legs[0].State = "PAID", p.Amount, "CAPTURED"
		w.unbook("voided")
	}},
	{4, "more is given back than was captured", canceled, []int{2}, func(w *world) {
		w.gives(canceled, 3)
		w.book[len(w.book)-1].Amount = 1
		w.lines = w.lines[:len(w.lines)-1]
	}},
	{4, "a refund comes before its charge", canceled, nil, func(w *world) {
		charge, refund := slices.IndexFunc(w.book, ofCanceled("charged")), slices.IndexFunc(w.book, ofCanceled("refunded"))
		w.book[charge], w.book[refund] = w.book[refund], w.book[charge]
		w.renumber()
	}},
	{4, "canceled_amount is not the sum", canceled, []int{7}, func(w *world) { w.payments[canceled].Canceled = 9_000 }},
	{4, "a cancellation is of another amount than its refunds", canceled, []int{3, 7, 16}, func(w *world) {
		w.payments[canceled].Cancellations[0].Amount--
		w.payments[canceled].Canceled--
	}},
	{4, "a cancellation of nothing", kept, []int{10}, func(w *world) {
		w.payments[kept].Cancellations[0].Amount, w.payments[kept].Cancellations[0].Refunds = 0, nil
	}},
	{4, "a part of a coupon", canceled, []int{2, 5, 7, 16}, func(w *world) {
		c := w.payments[canceled].Cancellations[1]
		c.Refunds[0].Amount, c.Amount, w.payments[canceled].Canceled = 900, 5_900, 9_900
	}},
	{4, "more is claimed of a leg than was captured", canceled, []int{2, 5, 7, 16}, func(w *world) {
		c := w.payments[canceled].Cancellations[0]
		c.Refunds[0].Amount, c.Amount, w.payments[canceled].Canceled = 4_001, 4_001, 10_001
	}},
	{4, "a refund of a leg that is not there", canceled, []int{2}, func(w *world) { w.payments[canceled].Cancellations[0].Refunds[0].Leg = 9 }},
	{4, "a cancellation of what was never captured", absent, []int{6, 10}, func(w *world) {
		refund := Refund{Leg: 1, Means: "PG", Amount: 300, State: "PENDING"}
		w.payments[absent].Cancellations = []*Cancellation{{Seq: 1, State: "PROCESSING", Version: 1, Amount: 300, Refunds: []Refund{refund}}}
	}},
	{4, "a cancellation row is gone", canceled, []int{5, 7, 10, 16}, func(w *world) { w.payments[canceled].Cancellations[1].Missing = true }},
	{6, "a cancellation is left pending", canceled, []int{4, 5, 7, 10}, func(w *world) {
		w.payments[canceled].Cancellations[1].State, w.payments[canceled].Open = "PROCESSING", []uint32{2}
	}},
	{6, "a cancellation is final, and a refund of it is PENDING", canceled, []int{2, 3, 5, 10}, func(w *world) {
		w.payments[canceled].Cancellations[0].Refunds[0].State = "PENDING"
	}},
	{6, "a cancellation waits for a person", canceled, []int{4, 5, 7, 10}, func(w *world) {
		w.payments[canceled].Cancellations[0].State = "REVIEW"
	}},
	{6, "work is left over for a cancellation", kept, nil, func(w *world) { w.payments[kept].Open = []uint32{1} }},
	{6, "work is left over for no cancellation", kept, nil, func(w *world) { w.payments[kept].Open = []uint32{2} }},
	{6, "the client never saw how its cancellation ended", canceled, nil, func(w *world) { w.line("cg", canceled).Class = "timeout" }},
	{7, "an acknowledged cancellation is missing", kept, []int{10}, func(w *world) {
		w.payments[kept].Cancellations = nil
	}},
	{7, "a cancellation that was acknowledged with 202 is missing", canceled, []int{2, 4, 5, 10, 16}, func(w *world) {
		w.payments[canceled].Cancellations = w.payments[canceled].Cancellations[:1]
	}},
	{7, "a payment is gone with its cancellation", kept, []int{2, 13}, func(w *world) {
		w.payments[kept] = &Payment{ID: w.payments[kept].ID, Missing: true}
	}},
	{7, "SUCCEEDED for the client, FAILED in the database", kept, nil, func(w *world) {
		i := slices.IndexFunc(w.journal, func(e record.Entry) bool { return e.Kind == "c" && e.Number == kept && e.Status == 201 })
		w.journal[i].State = "SUCCEEDED"
	}},
	{7, "SUCCEEDED was seen after FAILED", kept, nil, func(w *world) { w.looksCancel(kept, "SUCCEEDED") }},
	{7, "another amount was canceled than was asked for", canceled, nil, func(w *world) {
		e := w.line("c", canceled)
		e.Amount = 5_999
	}},
	{7, "two requests are answered with one cancellation", canceled, []int{9}, func(w *world) {
		e := *w.line("c", canceled)
		e.Cancel, e.Key = 2, "k-another"
		g := *w.line("cg", canceled)
		g.Cancel = 2
		w.journal = append(w.journal, e, g)
	}},
	{7, "PAID was seen after CANCELED", canceled, nil, func(w *world) { w.looks(canceled, "PAID") }},
	{7, "CANCELED was seen, and half is left", kept, nil, func(w *world) { w.looks(kept, "PARTIALLY_CANCELED") }},
}

func ofCanceled(effect string) func(Entry) bool {
	return func(e Entry) bool { return e.Effect == effect && e.Order == runID+"-4" && e.Means == "PG" }
}

// unbook takes the first entry with that effect out of the book.
func (w *world) unbook(effect string) {
	i := slices.IndexFunc(w.book, func(e Entry) bool { return e.Effect == effect })
	w.book = slices.Delete(w.book, i, i+1)
	w.renumber()
}

// unpost takes a posting out of the journal.
func (w *world) unpost(n int, posting uint32) {
	p := w.payments[n]
	p.Entries = slices.DeleteFunc(p.Entries, func(e LedgerEntry) bool { return e.Posting == posting })
}
