package payment_test

import (
	"cmp"
	"slices"
	"time"

	"gazua.example/payment-api/payment"
)

// The verbs of payment.OpenWork and payment.Pages.

func (d *database) take(owner string, limit int, lease time.Duration, by any) []*work {
	var due []*work
	for _, r := range d.rows {
		for _, w := range r.work {
			if d.free(w) {
				due = append(due, w)
			}
		}
	}
	slices.SortStableFunc(due, func(a, b *work) int { return a.due.Compare(b.due) })
	due = due[:min(limit, len(due))]
	for _, w := range due {
		w.lease, w.owner = d.now().Add(lease), owner
		w.attempts++
		d.row(w.id.Payment).leased(by, w.id)
	}
	return due
}

// task is a piece of work as it is read now.
func (d *database) task(w *work) payment.Task {
	r := d.row(w.id.Payment)
	t := payment.Task{Payment: d.read(r), Attempts: w.attempts, Deferred: w.deferred}
	if w.id.Cancellation > 0 {
		t.Cancellation = cloneCancellation(r.cancellations[w.id.Cancellation-1])
	}
	return t
}

// free says that the work is due and nobody's.
func (d *database) free(w *work) bool {
	return !w.parked && !w.due.After(d.now()) && w.lease.Before(d.now())
}

// nextDue is when the next piece of work can be taken; false: there is none.
func (d *database) nextDue() (next time.Time, some bool) {
	for _, r := range d.rows {
		for _, w := range r.work {
			at := w.due
			if !w.lease.IsZero() && !w.lease.Before(at) {
				at = w.lease.Add(time.Microsecond)
			}
			if !w.parked && (!some || at.Before(next)) {
				next, some = at, true
			}
		}
	}
	return next, some
}

func (d *database) postpone(owner string, l payment.Later) {
	r := d.row(l.Work.Payment)
	if r == nil {
		return
	}
	w := r.workOf(l.Work)
	if w == nil || w.parked || w.owner != "" && w.owner != owner && !w.lease.Before(d.now()) {
		return
	}
	w.due, w.lease, w.owner, w.deferred = d.now().Add(l.Wait), time.Time{}, "", w.deferred || l.Deferred
}

// open is the work that is not ended; parked: only what waits for a person, else only what does not.
func (d *database) open(parked bool) (list []*work) {
	for _, r := range d.rows {
		for _, w := range r.work {
			if w.parked == parked {
				list = append(list, w)
			}
		}
	}
	return list
}

func (d *database) between(merchant payment.MerchantID, first, before payment.ID, limit int) []*payment.Payment {
	var found []*payment.Payment
	for _, r := range d.rows {
		if p := &r.payment; p.Merchant == merchant && p.ID >= first && p.ID < before {
			found = append(found, d.read(r))
		}
	}
	slices.SortFunc(found, func(a, b *payment.Payment) int { return cmp.Compare(a.ID, b.ID) })
	return found[:min(limit, len(found))]
}
