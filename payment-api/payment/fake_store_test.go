package payment_test

import (
	"cmp"
	"context"
	"time"

	"gazua.example/payment-api/payment"
)

// ports as payment.Store. Batches are of one member: the domain makes no others, and grouping is the store's affair.

func (p *ports) Claim(_ context.Context, batch []payment.NewPayment) []payment.Claimed {
	n, claimed := &batch[0], payment.Claimed{}
	err := p.transaction("claim", func() {
		claimed = p.db.claim(n, p.gate)
		switch {
		case claimed.Key != nil:
			p.gate.tell(line{what: "claim", payment: claimed.Key.Payment, effect: "the key is taken"})
		case claimed.Guard != nil:
			p.gate.tell(line{what: "claim", payment: claimed.Guard.Payment, effect: "the order is taken"})
		default:
			p.gate.tell(line{what: "claim", payment: n.Payment.ID, to: string(n.Payment.State), effect: n.Payment.Order})
		}
	})
	if err != nil {
		if row := p.db.row(n.Payment.ID); row != nil {
			row.starter = nil // as in Apply
		}
		return []payment.Claimed{{Err: err}}
	}
	return []payment.Claimed{claimed}
}

func (p *ports) Apply(_ context.Context, batch []payment.Change) []error {
	c, row, missed := &batch[0], p.db.row(batch[0].Payment.ID), error(nil)
	err := p.transaction("apply", func() {
		missed = p.db.apply(c, p.gate)
		l := line{what: "commit", payment: c.Payment.ID, from: string(c.From), to: string(c.Payment.State), effect: c.Cause, legs: c.Payment.LegStates()}
		if missed != nil {
			l.effect = "missed: somebody else moved it"
		}
		p.gate.tell(l)
	})
	if err != nil && row.starter == p.gate {
		row.starter = nil // who cannot tell whether it claimed the payment must send nothing
	}
	return []error{cmp.Or(err, missed)}
}

func (p *ports) Load(_ context.Context, ids []payment.ID) (found []*payment.Payment, err error) {
	err = p.transaction("load", func() { found = p.db.load(ids) })
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (p *ports) Answer(_ context.Context, merchant payment.MerchantID, keyHash [32]byte, a payment.Answer) (stands payment.Answer, err error) {
	err = p.transaction("answer", func() {
		stands = p.db.answer(keyID{merchant, keyHash}, a)
		p.gate.tell(line{what: "answer", payment: p.db.keys[keyID{merchant, keyHash}].payment, answer: &stands})
	})
	return stands, err
}

func (p *ports) ClaimCancellation(_ context.Context, batch []payment.NewCancellation) []payment.ClaimedCancellation {
	n, claimed := &batch[0], payment.ClaimedCancellation{}
	err := p.transaction("claim cancellation", func() {
		claimed = p.db.claimCancellation(n)
		l := line{what: "claim cancellation", payment: n.Payment}
		switch {
		case claimed.Err != nil:
			l.effect = claimed.Err.Error()
		case claimed.Key != nil:
			l.effect = "the key is taken"
		case claimed.Payment == nil:
			l.effect = "there is no such payment"
		default:
			l.cancellation, l.to, l.legs = claimed.Cancellation.Seq, string(claimed.Cancellation.State), refundStates(claimed.Cancellation)
		}
		p.gate.tell(l)
	})
	if err != nil {
		return []payment.ClaimedCancellation{{Err: err}}
	}
	return []payment.ClaimedCancellation{claimed}
}

func (p *ports) ApplyCancellation(_ context.Context, batch []payment.CancellationChange) []error {
	c, missed := &batch[0], error(nil)
	err := p.transaction("apply cancellation", func() {
		missed = p.db.applyCancellation(c)
		l := line{
			what: "commit", payment: c.Payment, cancellation: c.Cancellation.Seq, from: string(c.From), to: string(c.Cancellation.State),
			effect: c.Cause, legs: refundStates(c.Cancellation),
		}
		if missed != nil {
			l.effect = "missed: somebody else moved it"
		}
		p.gate.tell(l)
	})
	return []error{cmp.Or(err, missed)}
}

func (p *ports) Cancellations(_ context.Context, id payment.ID) (found []*payment.Cancellation, err error) {
	err = p.transaction("cancellations", func() {
		if r := p.db.row(id); r != nil {
			found = r.copies()
		}
	})
	return found, err
}

// Take leases in one transaction and reads what it leased in the next: what stands there may be past the lease's reason.
func (p *ports) Take(_ context.Context, owner string, limit int, lease time.Duration) ([]payment.Task, error) {
	var taken []*work
	err := p.transaction("take", func() {
		for _, w := range p.db.take(owner, limit, lease, p.gate) {
			taken = append(taken, w)
			p.gate.tell(line{what: "take", payment: w.id.Payment, cancellation: w.id.Cancellation})
		}
	})
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	tasks := make([]payment.Task, len(taken))
	err = p.transaction("read", func() {
		for i, w := range taken {
			tasks[i] = p.db.task(w)
			l := line{what: "read", payment: w.id.Payment, cancellation: w.id.Cancellation, effect: string(tasks[i].Payment.State)}
			if c := tasks[i].Cancellation; c != nil {
				l.effect = string(c.State)
			}
			p.gate.tell(l)
		}
	})
	if err != nil {
		return nil, err
	}
	return tasks, nil
}

func (p *ports) Postpone(_ context.Context, owner string, batch []payment.Later) error {
	return p.transaction("postpone", func() {
		for _, l := range batch {
			p.db.postpone(owner, l)
			p.gate.tell(line{what: "postpone", payment: l.Work.Payment, cancellation: l.Work.Cancellation, wait: l.Wait})
		}
	})
}

func (p *ports) ByOrder(_ context.Context, merchant payment.MerchantID, order string) (holder payment.ID, taken bool, err error) {
	err = p.transaction("by order", func() { holder, taken = p.db.guards[orderID{merchant, order}] })
	return holder, taken, err
}

func (p *ports) Between(_ context.Context, merchant payment.MerchantID, first, before payment.ID, limit int) (found []*payment.Payment, err error) {
	err = p.transaction("between", func() { found = p.db.between(merchant, first, before, limit) })
	return found, err
}

func (p *ports) Events(_ context.Context, id payment.ID) (events []payment.Event, err error) {
	err = p.transaction("events", func() {
		if r := p.db.row(id); r != nil {
			events = r.events
		}
	})
	return events, err
}

func (p *ports) Archived(_ context.Context, id payment.ID) (archived bool, err error) {
	err = p.transaction("archived", func() { archived = id <= p.db.archived })
	return archived, err
}
