package verify

import (
	"slices"
	"strings"
)

// judge holds one payment against invariants 2, 3, 6 and 7.
func judge(v *Verdict, c *Case) {
	booked := balance(c.Booked)
	matchLegs(v, c, booked)
	allOrNothing(v, c, booked)
	settled(v, c)
	acknowledged(v, c)
}

// live is what the book has left of one leg at its end.
type live struct {
	charges []movement // charged or captured, and not voided
	held    bool       // reserved, and neither captured nor released nor expired
}

// balance plays the book's entries of one payment, by leg.
func balance(booked []movement) map[uint8]*live {
	legs := map[uint8]*live{}
	for _, m := range booked {
		l := legs[m.leg]
		if l == nil {
			l = &live{}
			legs[m.leg] = l
		}
		switch m.Effect {
		case "charged":
			l.charges = append(l.charges, m)
		case "held":
			l.held = true
		case "captured":
			l.held = false
			l.charges = append(l.charges, m)
		case "released", "expired":
			l.held = false
		case "voided":
			l.charges = slices.DeleteFunc(l.charges, func(c movement) bool { return c.Transaction == m.Transaction })
		}
	}
	return legs
}

// matchLegs is invariant 2: charges that live in the book and legs that the database calls CAPTURED match one to one.
func matchLegs(v *Verdict, c *Case, booked map[uint8]*live) {
	claimed := map[uint8]bool{}
	if c.Row != nil {
		for _, leg := range c.Row.Legs {
			if leg.State != "CAPTURED" {
				continue
			}
			claimed[leg.Seq] = true
			v.check(2, 1)
			matchLeg(v, c, &leg, booked[leg.Seq])
		}
	}
	for _, seq := range sortedLegs(booked) {
		for _, charge := range booked[seq].charges {
			if claimed[seq] {
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

// allOrNothing is invariant 3: PAID if and only if the captured legs sum to the amount; FAILED means nothing live.
func allOrNothing(v *Verdict, c *Case, booked map[uint8]*live) {
	if c.Row == nil {
		return
	}
	v.check(3, 1)
	if c.Row.Missing {
		if len(c.Row.Legs) > 0 {
			v.violated(3, c, "", "the database has %d legs and no payment", len(c.Row.Legs))
		}
		return
	}
	var planned, captured int64
	for _, leg := range c.Row.Legs {
		planned += leg.Amount
		if leg.State == "CAPTURED" {
			captured += leg.Amount
		}
	}
	var alive []string
	for _, seq := range sortedLegs(booked) {
		if len(booked[seq].charges) > 0 || booked[seq].held {
			alive = append(alive, c.reference(seq))
		}
	}
	switch row := c.Row; {
	case planned != row.Amount:
		v.violated(3, c, "", "its legs sum to %d, and its amount is %d", planned, row.Amount)
	case row.State == "PAID" && captured != row.Amount:
		v.violated(3, c, "", "PAID, and its captured legs sum to %d of %d", captured, row.Amount)
	case row.State == "FAILED" && captured > 0:
		v.violated(3, c, "", "FAILED, and %d of its legs are CAPTURED", captured)
	case row.State == "FAILED" && len(alive) > 0:
		v.violated(3, c, "", "FAILED, and the book has something live under %s", strings.Join(alive, ", "))
	}
}

// settled is invariant 6: what was accepted is final, in the database and for the client.
func settled(v *Verdict, c *Case) {
	if c.Row == nil {
		return // a promise that the database does not know is invariant 7's
	}
	v.check(6, 1)
	if c.Row.Missing {
		if c.Row.Open {
			v.violated(6, c, "", "open_payment has work for it, and there is no payment")
		}
		return
	}
	unknown := slices.ContainsFunc(c.Row.Legs, func(l Leg) bool { return l.State == "UNKNOWN" || l.State == "PENDING" })
	switch state := c.Row.State; {
	case state != "PAID" && state != "FAILED":
		v.violated(6, c, "", "it is %s, not final", state)
	case unknown:
		v.violated(6, c, "", "%s, and a leg is UNKNOWN or PENDING", state)
	case c.Row.Open:
		v.violated(6, c, "", "%s, and open_payment still has work for it", state)
	case c.Seen != nil && c.Seen.Final == "":
		v.violated(6, c, "", "%s, and the client that was promised an end has not seen it", state)
	}
}

// acknowledged is invariant 7: what the client saw in a 2xx is a prefix of the payment's history. Its count of what was
// checked is the number of 2xx answers.
func acknowledged(v *Verdict, c *Case) {
	if c.Seen == nil {
		return
	}
	switch s, row := c.Seen, c.Row; {
	case s.Contrary != "":
		v.violated(7, c, s.Order, "%s", s.Contrary)
	case row == nil || row.Missing:
		v.violated(7, c, s.Order, "the client got a 2xx for it, and the database does not have it")
	case row.Order != s.Order || row.Merchant != s.Merchant || row.Amount != s.Amount:
		v.violated(7, c, s.Order, "the client asked for order %s of merchant %d, %d; the database has %s of %d, %d",
			s.Order, s.Merchant, s.Amount, row.Order, row.Merchant, row.Amount)
	case s.Final != "" && row.State != s.Final:
		v.violated(7, c, s.Order, "the client saw %s, and the database has %s", s.Final, row.State)
	case s.Accepted && row.Mode != "ASYNC":
		v.violated(7, c, s.Order, "the client saw ACCEPTED, and the payment is %s, which never is", row.Mode)
	}
}

func legState(row *Payment, seq uint8) string {
	if row == nil {
		return "no such payment"
	}
	for _, leg := range row.Legs {
		if leg.Seq == seq {
			return "the leg " + leg.State
		}
	}
	return "no such leg"
}

func sortedLegs(booked map[uint8]*live) []uint8 {
	seqs := make([]uint8, 0, len(booked))
	for seq := range booked {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	return seqs
}
