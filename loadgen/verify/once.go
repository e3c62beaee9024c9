package verify

import (
	"cmp"
	"slices"
)

// order is an order and the amount that may be charged for it.
type order struct {
	merchant uint32
	name     string
	amount   int64
	payment  uint64 // that has not FAILED and so holds the order, 0: this is a plan, or a payment that holds nothing
}

func plannedOrders(seen []Seen) []order {
	orders := make([]order, 0, len(seen))
	for i := range seen {
		s := &seen[i]
		orders = append(orders, order{merchant: s.Merchant, name: s.Order, amount: s.Amount})
	}
	return orders
}

// addOrder adds that of a payment's row.
func (c *Case) addOrder(orders []order) []order {
	if c.Row == nil || c.Row.Missing {
		return orders
	}
	o := order{merchant: c.Row.Merchant, name: c.Row.Order, amount: c.Row.Amount}
	if c.Row.State != "FAILED" {
		o.payment = c.ID
	}
	return append(orders, o)
}

// judgeOrders is invariant 1: at every prefix of the book, each order has at most one live charge of each of the means,
// and they sum to no more than its amount, before refunds: what was given back does not make room for another charge. Only
// an order's own entries change that, so the book is sorted by order, and within an order by seq. And in the database no
// more than one payment of an order has not FAILED. It sorts both lists in place.
func judgeOrders(v *Verdict, orders []order, movements []movement) {
	slices.SortStableFunc(orders, func(a, b order) int {
		return cmp.Or(cmp.Compare(a.merchant, b.merchant), cmp.Compare(a.name, b.name))
	})
	onePaymentAnOrder(v, orders)
	slices.SortFunc(movements, func(a, b movement) int {
		return cmp.Or(cmp.Compare(a.merchant, b.merchant), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Seq, b.Seq))
	})
	for len(movements) > 0 {
		first, n := movements[0], 1
		for n < len(movements) && movements[n].merchant == first.merchant && movements[n].Order == first.Order {
			n++
		}
		for len(orders) > 0 && (orders[0].merchant < first.merchant || orders[0].merchant == first.merchant && orders[0].name < first.Order) {
			orders = orders[1:]
		}
		var amount int64 // an order that nobody placed may be charged nothing
		if len(orders) > 0 && orders[0].merchant == first.merchant && orders[0].name == first.Order {
			amount = orders[0].amount // the client's plan stands before the database's row
		}
		v.check(1, 1)
		atMostOnce(v, movements[:n], amount)
		movements = movements[n:]
	}
}

func onePaymentAnOrder(v *Verdict, sorted []order) {
	holder := order{}
	for _, o := range sorted {
		switch {
		case o.payment == 0:
		case holder.payment != 0 && holder.merchant == o.merchant && holder.name == o.name:
			v.violated(1, &Case{ID: o.payment}, o.name, "two payments of one order have not FAILED, %d and this one", holder.payment)
		default:
			holder = o
		}
	}
}

// atMostOnce plays one order's entries and tells the first prefix that breaks the rule.
func atMostOnce(v *Verdict, entries []movement, amount int64) {
	var alive []movement
	for _, m := range entries {
		switch m.Effect {
		case "charged", "captured":
			alive = append(alive, m)
		case "voided":
			alive = slices.DeleteFunc(alive, func(a movement) bool { return a.Means == m.Means && a.Transaction == m.Transaction })
		}
		var sum int64
		count := 0
		for _, a := range alive {
			sum += a.Amount
			if a.Means == m.Means {
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
