package verify

import "slices"

// judgeOrders judges what is known of each order, one after another: the orders of the journal and of the database, and the
// books by order.
func (f *facts) judgeOrders(v *Verdict) error {
	orders := newStream("the orders", f.orders.All(), func(o *order) merchantOrder { return merchantOrder{o.merchant, o.name} })
	defer orders.stop()
	booked := newStream("the book by order", f.bookedOrders.All(), func(m *movement) merchantOrder { return merchantOrder{m.merchant, m.Order} })
	defer booked.stop()
	for streams := []headed[merchantOrder]{orders, booked}; ; {
		of, more, err := lowest(merchantOrder.compare, streams)
		if err != nil || !more {
			return err
		}
		placed, movements := orders.take(of), booked.take(of)
		if err := firstError(streams); err != nil {
			return err
		}
		onePaymentAnOrder(v, placed)
		atMostOnce(v, placed, movements)
		nothingOfRefused(v, placed, movements)
	}
}

// onePaymentAnOrder is the part of invariant 1 that the database tells: no more than one payment of an order has not FAILED.
func onePaymentAnOrder(v *Verdict, placed []order) {
	holder := uint64(0)
	for _, o := range placed {
		switch {
		case !o.holds:
		case holder != 0:
			v.violated(1, &Case{ID: o.payment}, o.name, "two payments of one order have not FAILED, %d and this one", holder)
		default:
			holder = o.payment
		}
	}
}

// atMostOnce is invariant 1: at every prefix of the book, an order has at most one live charge of each of the means, and they
// sum to no more than its amount, before refunds: what was given back does not make room for another charge. Only an order's
// own entries change that, so each order's are played by themselves. It tells the first prefix that breaks the rule.
func atMostOnce(v *Verdict, placed []order, entries []movement) {
	if len(entries) == 0 {
		return
	}
	v.check(1, 1)
	var amount int64 // an order that nobody placed may be charged nothing
	if len(placed) > 0 {
		amount = placed[0].amount // the client's plan stands before the database's row
	}
	var alive []movement
	for i := range entries {
		m := &entries[i]
		switch m.Effect {
		case "charged", "captured":
			alive = append(alive, *m)
		case "voided":
			alive = slices.DeleteFunc(alive, func(a movement) bool {
				return a.instance == m.instance && a.Means == m.Means && a.Transaction == m.Transaction
			})
		}
		var sum int64
		count := 0
		for k := range alive {
			sum += alive[k].Amount
			if alive[k].Means == m.Means {
				count++
			}
		}
		c := &Case{ID: m.Payment}
		if count > 1 {
			v.violated(1, c, m.Order, "at seq %d of the book, %s has %d live charges for one order", m.Seq, m.Means, count)
			return
		}
		if sum > amount {
			v.violated(1, c, m.Order, "at seq %d of the book, %d is live for an order of %d", m.Seq, sum, amount)
			return
		}
	}
}

// nothingOfRefused is a part of invariant 8: where every request for an order was refused, there is no payment of that order,
// and the book has nothing. A payment that one of those very keys made is told by its key.
func nothingOfRefused(v *Verdict, placed []order, entries []movement) {
	refused := 0
	for _, o := range placed {
		if o.planned && !o.refused {
			return // something may have come through
		}
		if o.planned {
			refused++
		}
	}
	if refused == 0 {
		return
	}
	if len(entries) > 0 {
		m := &entries[0]
		v.violated(8, &Case{ID: m.Payment}, m.Order, "every attempt was refused with a 4xx, and the book has %s under %s", m.Effect, m.Reference)
	}
	for _, o := range placed {
		byKey := slices.ContainsFunc(placed, func(p order) bool { return p.planned && p.hash == o.hash })
		if !o.planned && !byKey {
			v.violated(8, &Case{ID: o.payment}, o.name, "every attempt for its order was refused with a 4xx, and there is a payment")
		}
	}
}
