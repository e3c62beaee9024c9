package payment_test

import "gazua.example/payment-api/payment"

// The verbs of payment.CancellationStore.

func (d *database) claimCancellation(n *payment.NewCancellation) payment.ClaimedCancellation {
	key := keyID{n.Merchant, n.KeyHash}
	if k := d.keys[key]; k != nil {
		return payment.ClaimedCancellation{Key: k.record()}
	}
	r := d.row(n.Payment)
	if r == nil || r.payment.Merchant != n.Merchant {
		return payment.ClaimedCancellation{}
	}
	c, err := n.Allocate(d.read(r), r.copies())
	if err != nil {
		return payment.ClaimedCancellation{Err: err}
	}
	c.KeyHash, c.Created = n.KeyHash, d.now()
	d.keys[key] = &keyRow{requestHash: n.RequestHash, payment: n.Payment, cancellation: c.Seq}
	r.cancellations = append(r.cancellations, cloneCancellation(c))
	r.event(d, c.Seq, "", string(c.State), "created")
	r.open(d, payment.WorkID{Payment: n.Payment, Cancellation: c.Seq}, payment.Work{Due: n.Due, Lease: n.Lease}, false, n.Actor)
	d.referee.allocated(r, c)
	return payment.ClaimedCancellation{Payment: d.read(r), Cancellation: c}
}

func (r *row) copies() []*payment.Cancellation {
	list := make([]*payment.Cancellation, len(r.cancellations))
	for i, c := range r.cancellations {
		list[i] = cloneCancellation(c)
	}
	return list
}

func (d *database) applyCancellation(c *payment.CancellationChange) error {
	r := d.row(c.Payment)
	if r == nil || int(c.Cancellation.Seq) > len(r.cancellations) {
		return payment.ErrMissed
	}
	before := r.cancellations[c.Cancellation.Seq-1]
	if before.State != c.From || before.Version != c.FromVersion {
		return payment.ErrMissed
	}
	d.referee.movesCancellation(r, before, c)
	after := cloneCancellation(c.Cancellation)
	after.Created, after.KeyHash = before.Created, before.KeyHash
	r.cancellations[after.Seq-1] = after
	r.event(d, after.Seq, string(c.From), string(after.State), c.Cause)
	r.post(d, c.Posting)
	if after.State == payment.CancelSucceeded {
		r.payment.Canceled += after.Amount
	}
	id := payment.WorkID{Payment: c.Payment, Cancellation: after.Seq}
	if !after.State.Final() {
		r.open(d, id, c.Work, after.State == payment.CancelReview, c.Actor)
		return nil
	}
	r.done(id)
	var callback *payment.Callback
	if c.Callback != nil {
		callback = c.Callback(d.read(r))
	}
	r.end(d, keyID{r.payment.Merchant, after.KeyHash}, after.Seq, c.Answer, callback)
	return nil
}
