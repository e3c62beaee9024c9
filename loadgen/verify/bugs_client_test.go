package verify

import (
	"strconv"

	"gazua.example/loadgen/record"
)

// Bugs of definite rejections and of replays.
var clientBugs = []bug{
	{8, "a refused request has left its key", refused, nil, func(w *world) {
		w.keys = append(w.keys, &stored{claimed: claimed{1, hashKey("/v1/payments", w.plannedKey(refused))}, payment: 1})
	}},
	{8, "a refused request has charged", refused, []int{1, 2}, func(w *world) {
		w.book = append(w.book, Entry{
			Seq: uint64(len(w.book) + 1), At: w.tick(), Means: "PG", Effect: "charged", Reference: strconv.FormatUint(firstID+99<<22, 10) + ".1", Order: w.planned(refused).Order, Merchant: "1",
			Amount: 51, Currency: "KRW", Transaction: "t-x",
		})
	}},
	{8, "a refused request was declined by the PG, so it was asked", refused, nil, func(w *world) {
		w.book = append(w.book, Entry{
			Seq: uint64(len(w.book) + 1), At: w.tick(), Means: "PG", Effect: "declined", Reference: strconv.FormatUint(firstID+99<<22, 10) + ".1", Order: w.planned(refused).Order, Merchant: "1",
			Amount: 50, Currency: "KRW",
		})
	}},
	{8, "a refused request has made a payment", refused, nil, func(w *world) {
		w.plan(second+1, "SYNC", Leg{Means: "PG", Amount: 50})
		w.journal = w.journal[:len(w.journal)-1]
		w.keys = w.keys[:len(w.keys)-1]
		w.begin(second + 1)
		w.moves(second+1, 0, "declined")
		w.book = w.book[:len(w.book)-1]
		w.step(second+1, "FAILED", "DECLINED")
	}},
	{8, "a probe that was refused has made a payment", paid, []int{1, 3, 6, 10}, func(w *world) {
		p := *w.payments[paid]
		p.ID, p.KeyHash = firstID+50<<22, hashKey("/v1/payments", w.plannedKey(paid)+"-order")
		w.payments = append(w.payments, &p)
		p.State, p.Legs, p.Events, p.Entries, p.Version = "PROCESSING", nil, nil, nil, 0
		w.payments[paid], w.payments[len(w.payments)-1] = w.payments[len(w.payments)-1], w.payments[paid]
	}},
	{8, "a refused attempt to cancel has left its key", kept, nil, func(w *world) {
		w.keys = append(w.keys, &stored{claimed: claimed{1, w.cancelHash(kept, 1)}, payment: w.payments[kept].ID, cancellation: 2})
	}},
	{8, "a refused attempt to cancel has canceled", kept, []int{9}, func(w *world) {
		w.payments[kept].Cancellations[0].KeyHash = w.cancelHash(kept, 1)
	}},
	{9, "a replay is another answer", paid, nil, func(w *world) { w.lineOf(paid, record.Replay).Hash = hashOf("something else") }},
	{9, "a replay has another status", paid, []int{16}, func(w *world) { w.lineOf(paid, record.Replay).Status = 202 }},
	{9, "a replay is not marked", paid, nil, func(w *world) { w.lineOf(paid, record.Replay).Replayed = false }},
	{9, "a replay is refused", paid, nil, func(w *world) {
		e := w.lineOf(paid, record.Replay)
		*e = record.Entry{Kind: "x", Number: paid, What: record.Replay, Key: e.Key, Sent: e.Sent, Done: e.Done, Status: 409, Problem: "order-already-paid"}
	}},
	{9, "the merchant's own repeat is another answer", async, nil, func(w *world) {
		e := *w.line("a", async)
		e.Hash = hashOf("something else")
		w.journal = append(w.journal, e)
	}},
	{9, "another request with the key is let in", paid, nil, func(w *world) {
		e := w.lineOf(paid, record.Reuse)
		e.Status, e.Problem, e.ID = 201, "", w.line("a", paid).ID
	}},
	{9, "another request with the key is refused as in progress", paid, nil, func(w *world) {
		e := w.lineOf(paid, record.Reuse)
		e.Status, e.Problem = 409, "request-in-progress"
	}},
	{9, "the key keeps another answer than was given", paid, nil, func(w *world) { w.key(w.payments[paid].ID, 0).body = "something else" }},
	{9, "the key keeps another status than was given", paid, nil, func(w *world) { w.key(w.payments[paid].ID, 0).status = 202 }},
	{9, "the key is gone", paid, nil, func(w *world) { w.keys = w.keys[1:] }},
	{9, "the key leads to another payment", paid, nil, func(w *world) { w.keys[0].payment++ }},
	{9, "the payment was made by another key", async, nil, func(w *world) { w.payments[async].KeyHash[0]++ }},
	{9, "one key made two payments", async, nil, func(w *world) {
		p := *w.payments[async]
		p.ID, p.State, p.Entries, p.Callbacks = firstID+50<<22, "FAILED", nil, nil
		p.Legs = []Leg{{Seq: 1, Means: "PG", Amount: p.Amount, State: "ABSENT"}}
		p.Events = []Event{{Seq: 1, To: "PROCESSING", States: "PENDING", At: w.now}, {Seq: 2, From: "PROCESSING", To: "FAILED", States: "ABSENT", At: w.now}}
		p.Version = 2
		w.payments = append(w.payments, &p)
		w.payments[async], w.payments[len(w.payments)-1] = w.payments[len(w.payments)-1], w.payments[async]
	}},
	{9, "a repeated cancellation is another answer", canceled, nil, func(w *world) {
		e := *w.line("c", canceled)
		e.Hash = hashOf("something else")
		w.journal = append(w.journal, e)
	}},
	{9, "the cancellation was made by another key", kept, nil, func(w *world) { w.payments[kept].Cancellations[0].KeyHash[0]++ }},
}

func (w *world) cancelHash(n, index int) Hash {
	return hashKey("/v1/payments/"+strconv.FormatUint(w.payments[n].ID, 10)+"/cancellations", w.cancelKey(n, index))
}

// lineOf is the line of a probe.
func (w *world) lineOf(n int, what string) *record.Entry {
	for i := range w.journal {
		if e := &w.journal[i]; e.Kind == "x" && e.Number == n && e.What == what {
			return e
		}
	}
	panic("no such probe")
}
