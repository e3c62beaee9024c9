package payment_test

import (
	"time"

	"gazua.example/payment-api/payment"
)

// The verbs of payment.Payments. by is the goroutine that asks: whoever creates a payment PROCESSING, or moves it there,
// may reserve and charge, and nobody else.

func (d *database) claim(n *payment.NewPayment, by any) payment.Claimed {
	p := n.Payment
	key := keyID{p.Merchant, p.KeyHash}
	if k := d.keys[key]; k != nil {
		return payment.Claimed{Key: k.record()}
	}
	if holder, taken := d.guards[d.guard(p)]; taken {
		return payment.Claimed{Guard: &payment.GuardRecord{Payment: holder, State: d.row(holder).payment.State}}
	}
	d.keys[key] = &keyRow{requestHash: n.RequestHash, payment: p.ID, answer: n.Answer}
	d.guards[d.guard(p)] = p.ID
	r := &row{payment: *clone(p)}
	d.rows = append(d.rows, r)
	r.payment.Version = 0
	if p.State == payment.Processing {
		r.payment.StartedAt, r.starter = d.now(), by
	} else {
		r.payment.ExpiresAt = d.now().Add(n.Expires)
	}
	r.event(d, 0, "", string(p.State), "created")
	r.open(d, payment.WorkID{Payment: p.ID}, payment.Work{Due: n.Due, Lease: n.Lease}, false, n.Actor)
	r.leased(by, payment.WorkID{Payment: p.ID})
	d.referee.created(r)
	return payment.Claimed{}
}

func (k *keyRow) record() *payment.KeyRecord {
	record := &payment.KeyRecord{RequestHash: k.requestHash, Payment: k.payment, Cancellation: k.cancellation}
	if k.answer != nil {
		answer := *k.answer
		record.Answer = &answer
	}
	return record
}

func (d *database) apply(c *payment.Change, by any) error {
	r := d.row(c.Payment.ID)
	if r == nil || r.payment.State != c.From || r.payment.Version != c.FromVersion {
		return payment.ErrMissed
	}
	d.referee.moves(r, c)
	before, to := r.payment, c.Payment.State
	r.payment = *clone(c.Payment)
	r.payment.Version = before.Version
	r.payment.StartedAt, r.payment.UndoingAt, r.payment.ExpiresAt, r.payment.Canceled = before.StartedAt, before.UndoingAt, before.ExpiresAt, before.Canceled
	r.payment.ReadAt = time.Time{}
	switch {
	case c.From == payment.Accepted && to == payment.Processing:
		r.payment.StartedAt, r.starter = d.now(), by
	case to != payment.Processing:
		r.starter = nil
	}
	if c.From != payment.Undoing && to == payment.Undoing {
		r.payment.UndoingAt = d.now()
	}
	r.event(d, 0, string(c.From), string(to), c.Cause)
	r.post(d, c.Posting)
	id := payment.WorkID{Payment: r.payment.ID}
	if !to.Final() {
		r.open(d, id, c.Work, to == payment.Review, c.Actor)
		r.leased(by, id)
		return nil
	}
	r.done(id)
	r.end(d, keyID{r.payment.Merchant, r.payment.KeyHash}, 0, c.Answer, c.Callback)
	if to == payment.Failed && d.guards[d.guard(&r.payment)] == r.payment.ID {
		delete(d.guards, d.guard(&r.payment))
	}
	return nil
}

func (d *database) load(ids []payment.ID) []*payment.Payment {
	var found []*payment.Payment
	for _, id := range ids {
		if r := d.row(id); r != nil {
			found = append(found, d.read(r))
		}
	}
	return found
}

func (d *database) answer(key keyID, a payment.Answer) payment.Answer {
	if d.keys[key].answer == nil {
		d.keys[key].answer = &a
	}
	return *d.keys[key].answer
}
