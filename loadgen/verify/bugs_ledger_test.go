package verify

import "slices"

// Bugs of the double entry and of the statement.
var ledgerBugs = []bug{
	{5, "a posting does not sum to zero", async, nil, func(w *world) { w.payments[async].Entries[1].Amount++ }},
	{5, "a posting sums to zero over two currencies only", async, nil, func(w *world) { w.payments[async].Entries[1].Currency = "USD" }},
	{5, "a capture is not posted", paid, []int{13}, func(w *world) { w.unpost(paid, 0) }},
	{5, "a leg is not posted", paid, []int{13}, func(w *world) { w.payments[paid].Entries = w.payments[paid].Entries[:2] }},
	{5, "a capture is posted twice", async, []int{13}, func(w *world) {
		w.payments[async].Entries = append(w.payments[async].Entries, w.payments[async].Entries...)
	}},
	{5, "a cancellation is not posted", canceled, []int{13}, func(w *world) { w.unpost(canceled, 2) }},
	{5, "a cancellation that FAILED is posted", kept, []int{13}, func(w *world) {
		w.posts(kept, 1, payable, "receivable:PG", w.payments[kept].Cancellations[0].Refunds[0].Reference, 800)
	}},
	{5, "a payment that FAILED is posted", declined, []int{13}, func(w *world) {
		w.posts(declined, 0, "receivable:POINT", payable, w.payments[declined].Legs[0].Reference, 100)
	}},
	{5, "a capture is posted to another account", async, []int{13}, func(w *world) { w.payments[async].Entries[0].Account = "receivable:POINT" }},
	{5, "a person's settlement that nobody made", canceled, nil, func(w *world) { w.posts(canceled, settledByHand+1, payable, byHand, "", 5) }},
	{5, "a refund is posted against the suspense", canceled, nil, func(w *world) {
		for i := range w.payments[canceled].Entries {
			if e := &w.payments[canceled].Entries[i]; e.Posting == 1 && e.Account == payable {
				e.Account = suspense
			}
		}
	}},
	{13, "missing there: a capture", async, nil, func(w *world) { w.unstate(async, "capture") }},
	{13, "missing there: a refund", canceled, nil, func(w *world) { w.unstate(canceled, "refund") }},
	{13, "missing here: a capture of a payment that FAILED", silent, nil, func(w *world) {
		w.states("capture", *w.booked(silent, "charged"))
	}},
	{13, "missing here: one capture stands there twice", async, nil, func(w *world) { w.states("capture", *w.booked(async, "charged")) }},
	{13, "amount", paid, nil, func(w *world) { w.stated(paid, "capture").Amount++ }},
	{13, "amounts that sum to the same", paid, nil, func(w *world) {
		w.stated(paid, "capture").Amount += 500
		w.stated(async, "capture").Amount -= 500
	}},
	{13, "currency", async, nil, func(w *world) { w.stated(async, "capture").Currency = "USD" }},
	{13, "timing: entered for the day after", async, nil, func(w *world) {
		for i := range w.payments[async].Entries {
			e := &w.payments[async].Entries[i]
			e.Day = e.Day.AddDate(0, 0, 1)
		}
	}},
}

func (w *world) stated(n int, kind string) *stated {
	for i := range w.lines {
		if name, _ := ParseReference(w.lines[i].Reference); name.Payment == w.payments[n].ID && w.lines[i].Kind == kind {
			return &w.lines[i]
		}
	}
	panic("no such line")
}

func (w *world) unstate(n int, kind string) {
	l := *w.stated(n, kind)
	w.lines = slices.DeleteFunc(w.lines, func(s stated) bool { return s == l })
}
