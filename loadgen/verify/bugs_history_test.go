package verify

import (
	"slices"
	"time"

	"gazua.example/loadgen/record"
)

// Bugs of histories and of what was ambiguous.
var historyBugs = []bug{
	{10, "a move that is not in the table", paid, nil, func(w *world) {
		w.payments[paid].Events[0].To, w.payments[paid].Events[1].From = "UNDOING", "UNDOING"
	}},
	{10, "a gap in the versions", async, []int{16}, func(w *world) {
		w.payments[async].Events = slices.Delete(w.payments[async].Events, 1, 2)
	}},
	{10, "a gap in the numbers", paid, nil, func(w *world) { w.payments[paid].Events[1].Seq = 3 }},
	{10, "a leg begins with money in it", declined, nil, func(w *world) { w.payments[declined].Events[0].States = "HELD,PENDING" }},
	{10, "a step tells of more legs than there are", paid, nil, func(w *world) { w.payments[paid].Events[0].States = "PENDING" }},
	{10, "charged before it was claimed", async, nil, func(w *world) { w.payments[async].Events[1].States = "CAPTURED" }},
	{10, "a step that does not begin where the last one ended", async, nil, func(w *world) { w.payments[async].Events[2].From = "UNDOING" }},
	{10, "the row has another version", paid, nil, func(w *world) { w.payments[paid].Version++ }},
	{10, "the history ends elsewhere than the row", silent, []int{12}, func(w *world) {
		p := w.payments[silent]
		p.Events[3].States = "RELEASED"
		p.Legs[0].State = "RELEASED"
		p.Legs[0].State, p.Events[3].States = "DECLINED", "VOIDED"
	}},
	{10, "a leg moves as none may", declined, nil, func(w *world) { w.payments[declined].Events[2].States = "RELEASED,CAPTURED" }},
	{10, "a leg is given back before UNDOING is committed", declined, nil, func(w *world) {
		p := w.payments[declined]
		p.Events = slices.Insert(p.Events, 1, Event{Seq: 2, From: "PROCESSING", To: "PROCESSING", States: "RELEASED,DECLINED", At: w.now})
		p.Events[1].At = p.Events[0].At
		for i := range p.Events {
			p.Events[i].Seq = uint32(i + 1)
		}
		p.Version++
	}},
	{10, "UNDOING with a leg that may be on its way", silent, nil, func(w *world) { w.payments[silent].Events[2].States = "PENDING" }},
	{10, "PAID in one step from nothing", async, []int{16}, func(w *world) {
		p := w.payments[async]
		p.Events = p.Events[:1]
		p.Version = 1
	}},
	{10, "a cancellation of a payment that is not paid yet", kept, nil, func(w *world) {
		p := w.payments[kept]
		p.Events[1], p.Events[2] = p.Events[2], p.Events[1]
		p.Events[1].Seq, p.Events[2].Seq = 2, 3
	}},
	{10, "a cancellation's move that is not in the table", kept, nil, func(w *world) {
		p := w.payments[kept]
		p.Events = append(p.Events, Event{Seq: 5, Cancellation: 1, From: "FAILED", To: "PROCESSING", States: "PENDING", At: w.now})
		p.Version, p.Cancellations[0].Version = 5, 3
	}},
	{10, "the row of a cancellation has another version", kept, nil, func(w *world) { w.payments[kept].Cancellations[0].Version++ }},
	{10, "the first cancellation is the second", kept, nil, func(w *world) {
		p := w.payments[kept]
		p.Cancellations[0].Seq, p.Events[2].Cancellation, p.Events[3].Cancellation = 2, 2, 2
		i := slices.IndexFunc(w.journal, func(e record.Entry) bool { return e.Kind == "c" && e.Number == kept && e.Status == 201 })
		w.journal[i].Seq = 2
	}},
	{10, "a cancellation without a history", kept, nil, func(w *world) {
		p := w.payments[kept]
		p.Events, p.Version = p.Events[:2], 2
	}},
	{10, "a cancellation has SUCCEEDED with a refund on its way", canceled, nil, func(w *world) {
		events := w.payments[canceled].Events
		events[len(events)-1].States = "REFUNDED,PENDING,REFUNDED"
	}},
	{10, "a refund moves as none may", canceled, nil, func(w *world) {
		events := w.payments[canceled].Events
		events[len(events)-2].States = "REFUSED,PENDING,PENDING"
	}},
	{12, "FAILED while the charge was live", silent, nil, func(w *world) { w.booked(silent, "voided").At = w.now.Add(time.Minute) }},
	{12, "FAILED while the points were held", declined, nil, func(w *world) {
		e := w.booked(declined, "released")
		e.Effect, e.At = "expired", w.now.Add(time.Minute)
	}},
	{12, "charged after it FAILED", absent, []int{2, 3}, func(w *world) {
		w.moves(absent, 0, "charged")
		w.lines = w.lines[:len(w.lines)-1]
		w.book[len(w.book)-1].At = w.now.Add(time.Minute)
	}},
	{12, "ABSENT without a proof", absent, nil, func(w *world) { w.booked(absent, "canceled").Effect = "refused" }},
	{12, "ABSENT, and the book knows nothing of it", absent, nil, func(w *world) {
		w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Order == w.payments[absent].Order })
		w.renumber()
	}},
	{12, "ABSENT at a PG that keeps no tombstone, too early", absent, nil, func(w *world) { w.booked(absent, "canceled").Code = "no_tombstone" }},
	{12, "DECLINED, and nobody declined", absent, nil, func(w *world) {
		p := w.payments[absent]
		p.Legs[0].State, p.Events[3].States = "DECLINED", "DECLINED"
	}},
	{12, "VOIDED, and nobody voided", absent, nil, func(w *world) {
		p := w.payments[absent]
		p.Legs[0].State, p.Events[3].States = "VOIDED", "VOIDED"
	}},
}
