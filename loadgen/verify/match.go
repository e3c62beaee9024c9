package verify

// matchLegs is invariant 2: charges that live in the book and legs that the database calls CAPTURED match one to one.
func matchLegs(v *Verdict, c *Case, booked map[uint8]*live) {
	captured := map[uint8]bool{}
	if c.Row != nil {
		for i := range c.Row.Legs {
			leg := &c.Row.Legs[i]
			if leg.State != "CAPTURED" {
				continue
			}
			captured[leg.Seq] = true
			v.check(2, 1)
			matchLeg(v, c, leg, booked[leg.Seq])
		}
	}
	for _, seq := range sortedLegs(booked) {
		for _, charge := range booked[seq].charges {
			if captured[seq] {
				continue // judged with its leg
			}
			v.check(2, 1)
			v.violated(2, c, charge.Order, "orphan: %s has %d %s live under reference %s, and the database has %s",
				charge.Means, charge.Amount, charge.Currency, charge.Reference, legState(c.Row, seq))
		}
	}
}

func matchLeg(v *Verdict, c *Case, leg *Leg, booked *live) {
	if booked == nil || len(booked.charges) == 0 {
		v.violated(2, c, "", "phantom: leg %s (%s %d) is CAPTURED, and the book has nothing live under it", leg.Reference, leg.Means, leg.Amount)
		return
	}
	charge, order, currency := booked.charges[0], c.Row.Order, c.Row.Currency
	switch {
	case len(booked.charges) > 1:
		v.violated(2, c, "", "one leg %s is CAPTURED, and the book has %d live charges under it", leg.Reference, len(booked.charges))
	case charge.Reference != leg.Reference || charge.Means != leg.Means:
		v.violated(2, c, "", "leg %s of %s, and the book has %s of %s", leg.Reference, leg.Means, charge.Reference, charge.Means)
	case charge.Amount != leg.Amount || !c.Row.Missing && charge.Currency != currency:
		v.violated(2, c, "", "leg %s is %d %s, and the book has %d %s", leg.Reference, leg.Amount, currency, charge.Amount, charge.Currency)
	case leg.Transaction != "" && charge.Transaction != leg.Transaction:
		v.violated(2, c, "", "leg %s names transaction %s, and the book has %s", leg.Reference, leg.Transaction, charge.Transaction)
	case !c.Row.Missing && (charge.Order != order || charge.merchant != c.Row.Merchant):
		v.violated(2, c, "", "leg %s is of order %s of merchant %d, and the book has %s of %s", leg.Reference, order, c.Row.Merchant, charge.Order, charge.Merchant)
	}
}

// matchRefunds is the rest of invariant 2: refunds in the book and refunds that the database calls REFUNDED match one to
// one, whatever became of their cancellation: it has SUCCEEDED, or waits in REVIEW, or a person ended it.
func matchRefunds(v *Verdict, c *Case, booked map[uint8]*live) {
	type name struct {
		leg          uint8
		cancellation uint32
	}
	given := map[name][]movement{}
	for _, leg := range booked {
		for _, m := range leg.refunds {
			of := name{m.Leg, m.Cancellation}
			given[of] = append(given[of], m)
		}
	}
	if c.Row != nil {
		for _, cancellation := range c.Row.Cancellations {
			for i := range cancellation.Refunds {
				refund := &cancellation.Refunds[i]
				if refund.State != "REFUNDED" {
					continue
				}
				v.check(2, 1)
				of := name{refund.Leg, cancellation.Seq}
				matchRefund(v, c, refund, given[of])
				delete(given, of)
			}
		}
	}
	for of, list := range given {
		for _, m := range list {
			v.check(2, 1)
			v.violated(2, c, m.Order, "orphan: %s has given %d %s back under reference %s, and the database has %s",
				m.Means, m.Amount, m.Currency, m.Reference, refundState(c.Row, of.cancellation, of.leg))
		}
	}
}

func matchRefund(v *Verdict, c *Case, refund *Refund, booked []movement) {
	if len(booked) == 0 {
		v.violated(2, c, "", "phantom: %s (%s %d) is REFUNDED, and the book has no refund under it", refund.Reference, refund.Means, refund.Amount)
		return
	}
	switch m := booked[0]; {
	case len(booked) > 1:
		v.violated(2, c, "", "one refund %s, and the book has %d under it", refund.Reference, len(booked))
	case m.Reference != refund.Reference || m.Means != refund.Means || m.Original != c.reference(refund.Leg):
		v.violated(2, c, "", "refund %s of %s of %s, and the book has %s of %s of %s",
			refund.Reference, c.reference(refund.Leg), refund.Means, m.Reference, m.Original, m.Means)
	case m.Amount != refund.Amount || !c.Row.Missing && m.Currency != c.Row.Currency:
		v.violated(2, c, "", "refund %s is %d %s, and the book has %d %s", refund.Reference, refund.Amount, c.Row.Currency, m.Amount, m.Currency)
	case refund.Transaction != m.Transaction:
		v.violated(2, c, "", "refund %s names transaction %q, and the book has %s", refund.Reference, refund.Transaction, m.Transaction)
	case !c.Row.Missing && (m.Order != c.Row.Order || m.merchant != c.Row.Merchant):
		v.violated(2, c, "", "refund %s is of order %s of merchant %d, and the book has %s of %s", refund.Reference, c.Row.Order, c.Row.Merchant, m.Order, m.Merchant)
	}
}

func legState(row *Payment, seq uint8) string {
	if row == nil {
		return "no such payment"
	}
	if leg := row.leg(seq); leg != nil {
		return "the leg " + leg.State
	}
	return "no such leg"
}

func refundState(row *Payment, cancellation uint32, leg uint8) string {
	if row == nil {
		return "no such payment"
	}
	if found := row.cancellation(cancellation); found != nil {
		for _, r := range found.Refunds {
			if r.Leg == leg {
				return "the refund " + r.State + " of a cancellation that is " + found.State
			}
		}
	}
	return "no such refund"
}
