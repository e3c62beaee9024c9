package verify

import (
	"slices"

	"gazua.example/loadgen/record"
)

// Bugs of callbacks.
var callbackBugs = []bug{
	{6, "a callback is still owed", async, []int{16}, func(w *world) {
		w.payments[async].Callbacks[0].State = "PENDING"
		w.uncalled(async)
	}},
	{6, "a callback was given up", async, []int{16}, func(w *world) {
		w.payments[async].Callbacks[0].State = "GAVE_UP"
		w.uncalled(async)
	}},
	{16, "nobody was called back for a payment", async, nil, func(w *world) {
		w.payments[async].Callbacks = nil
		w.uncalled(async)
	}},
	{16, "nobody was called back for a cancellation", canceled, nil, func(w *world) {
		w.payments[canceled].Callbacks = nil
		w.uncalled(canceled)
	}},
	{16, "delivered, and not received", paid, nil, func(w *world) { w.payments[paid].Callbacks = []Callback{{2, "DELIVERED"}} }},
	{16, "no valid signature", async, nil, again(async, func(e *record.Entry) { e.Signed, e.Class = false, "signature" })},
	{16, "no valid signature, and not told why", async, nil, again(async, func(e *record.Entry) { e.Signed = false })},
	{16, "signed, and too old", async, nil, again(async, func(e *record.Entry) { e.Signed, e.Class = false, "timestamp" })},
	{16, "the merchant refused it on purpose, and it never came again", async, nil, func(w *world) { w.line("w", async).Class = "refused" }},
	{16, "for another merchant, besides", async, nil, again(async, func(e *record.Entry) { e.Merchant = 2 })},
	{16, "for another merchant only", async, nil, func(w *world) { w.line("w", async).Merchant = 2 }},
	{16, "the opposite of the end", silent, nil, again(silent, func(e *record.Entry) { e.What, e.State = "payment.paid", "PAID" })},
	{16, "the type is true and the body is not", silent, nil, again(silent, func(e *record.Entry) { e.State = "PAID" })},
	{16, "the body is true and the type is not", silent, nil, again(silent, func(e *record.Entry) { e.What = "payment.paid" })},
	{16, "a version that is another step's", async, nil, again(async, func(e *record.Entry) { e.Revision = 2 })},
	{16, "a version that never was", async, nil, again(async, func(e *record.Entry) { e.Revision = 9 })},
	{16, "no version", async, nil, again(async, func(e *record.Entry) { e.Revision = 0 })},
	{16, "about a step that is no end", async, nil, again(async, func(e *record.Entry) {
		e.Revision, e.What, e.State = 2, "payment.", "PROCESSING"
	})},
	{16, "of another cancellation", canceled, nil, again(canceled, func(e *record.Entry) { e.Seq = 1 })},
	{16, "another amount is canceled", canceled, nil, again(canceled, func(e *record.Entry) { e.Amount = 6_000 })},
	{16, "nobody was called back for a cancellation that FAILED", kept, nil, func(w *world) {
		i := slices.IndexFunc(w.journal, func(e record.Entry) bool { return e.Kind == "c" && e.Number == kept && e.Status == 201 })
		w.journal[i].Status, w.journal[i].State = 202, "PROCESSING"
		w.looksCancel(kept, "FAILED")
	}},
}

// again plants a second callback that is not like the first.
func again(n int, change func(*record.Entry)) func(w *world) {
	return func(w *world) {
		e := *w.line("w", n)
		change(&e)
		w.journal = append(w.journal, e)
	}
}
