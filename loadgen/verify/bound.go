package verify

// refundBound is invariant 4. In the book: at every prefix, what was given back of an original is no more than what was
// captured under it, so it is no more for the payment either. In the database: the refunds of each cancellation sum to
// its amount; what the cancellations claim of a leg is no more than was captured, so it is not in total either; a coupon
// goes back whole; and canceled_amount is the sum of the cancellations that SUCCEEDED.
func refundBound(v *Verdict, c *Case) {
	boundInBook(v, c)
	if c.Row == nil || len(c.Row.Cancellations) == 0 && c.Row.Canceled == 0 {
		return
	}
	v.check(4, 1)
	var succeeded int64
	byLeg := map[uint8]int64{}
	for _, of := range c.Row.Cancellations {
		if of.Missing {
			v.violated(4, c, "", "the database has %d refunds of cancellation %d, and no such cancellation", len(of.Refunds), of.Seq)
			return
		}
		var refunds int64
		for _, r := range of.Refunds {
			refunds += r.Amount
			if of.State != "FAILED" {
				byLeg[r.Leg] += r.Amount
			}
		}
		if refunds != of.Amount || of.Amount <= 0 {
			v.violated(4, c, "", "cancellation %d is of %d, and its refunds sum to %d", of.Seq, of.Amount, refunds)
			return
		}
		if of.State == "SUCCEEDED" {
			succeeded += of.Amount
		}
	}
	if claim, leg := overClaimed(c.Row, byLeg); leg != "" {
		v.violated(4, c, "", "the cancellations claim %d of leg %s, which has captured less or is a coupon", claim, leg)
	} else if c.Row.Canceled != succeeded {
		v.violated(4, c, "", "canceled_amount is %d, and the cancellations that SUCCEEDED sum to %d", c.Row.Canceled, succeeded)
	}
}

// overClaimed finds a leg of which more is claimed than was captured, or a part of a coupon.
func overClaimed(row *Payment, byLeg map[uint8]int64) (claim int64, reference string) {
	for seq, claim := range byLeg {
		leg := row.leg(seq)
		switch {
		case leg == nil:
			return claim, "(no such leg)"
		case leg.State != "CAPTURED" || claim > leg.Amount || leg.Means == "COUPON" && claim != leg.Amount:
			return claim, leg.Reference
		}
	}
	return 0, ""
}

// boundInBook plays the payment's entries and tells the first prefix that breaks the bound.
func boundInBook(v *Verdict, c *Case) {
	played := map[string]*live{} // by the original's reference
	for i := range c.Booked {
		m := &c.Booked[i]
		original := m.Reference
		if m.Effect == "refunded" {
			original = m.Original
			v.check(4, 1)
		}
		if played[original] == nil {
			played[original] = &live{}
		}
		played[original].play(m)
		if played[original].net() < 0 {
			v.violated(4, c, m.Order, "at seq %d of the book, more has been given back of %s than was captured, by %d %s",
				m.Seq, original, -played[original].net(), m.Currency)
			return
		}
	}
}
