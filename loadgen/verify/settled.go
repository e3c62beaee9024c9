package verify

import "slices"

// settled is invariant 6: what was accepted is final, in the database and for the client, and nobody is still to be called
// back. Where the scenario leads cancellations to REVIEW, that is an end of theirs as well; of a payment it never is.
func settled(v *Verdict, c *Case) {
	if c.Row == nil {
		return // a promise that the database does not know is invariant 7's
	}
	v.check(6, 1)
	if c.Row.Missing {
		if len(c.Row.Open) > 0 {
			v.violated(6, c, "", "open_payment has work for it, and there is no payment")
		}
		return
	}
	row := c.Row
	unknown := slices.ContainsFunc(row.Legs, func(l Leg) bool { return l.State == "UNKNOWN" || l.State == "PENDING" })
	unseen := slices.IndexFunc(c.Seen, func(s Seen) bool { return s.Final == "" })
	switch state := row.State; {
	case state != "PAID" && state != "FAILED":
		v.violated(6, c, "", "it is %s, not final", state)
	case unknown:
		v.violated(6, c, "", "%s, and a leg is UNKNOWN or PENDING", state)
	case slices.Contains(row.Open, 0):
		v.violated(6, c, "", "%s, and open_payment still has work for it", state)
	case unseen >= 0:
		v.violated(6, c, "", "%s, and the client that was promised an end has not seen it", state)
	}
	for _, of := range row.Cancellations {
		if !of.Missing {
			v.check(6, 1)
			settledCancellation(v, c, of)
		}
	}
	for _, seq := range row.Open {
		if seq != 0 && row.cancellation(seq) == nil {
			v.violated(6, c, "", "open_payment has work for cancellation %d, and there is no such cancellation", seq)
		}
	}
	for _, callback := range row.Callbacks {
		v.check(6, 1)
		if callback.State != "DELIVERED" {
			v.violated(6, c, "", "the callback of version %d is %s, not DELIVERED", callback.Version, callback.State)
		}
	}
}

func settledCancellation(v *Verdict, c *Case, of *Cancellation) {
	pending := slices.ContainsFunc(of.Refunds, func(r Refund) bool { return r.State == "PENDING" })
	switch {
	case of.State == "REVIEW" && v.Scope.ReviewExpected: // nobody has seen its end, and a person has work
	case of.State != "SUCCEEDED" && of.State != "FAILED":
		v.violated(6, c, "", "cancellation %d is %s, not final", of.Seq, of.State)
	case pending && !c.Row.decidedByHand(of):
		v.violated(6, c, "", "cancellation %d is %s, and a refund of it is PENDING", of.Seq, of.State)
	case slices.Contains(c.Row.Open, of.Seq):
		v.violated(6, c, "", "cancellation %d is %s, and open_payment still has work for it", of.Seq, of.State)
	case c.unseenEnd(of.Seq):
		v.violated(6, c, "", "cancellation %d is %s, and the client that was promised an end has not seen it", of.Seq, of.State)
	}
}

// unseenEnd says that a client knows of the cancellation and not how it ended.
func (c *Case) unseenEnd(seq uint32) bool {
	for i := range c.Seen {
		for _, asked := range c.Seen[i].Cancels {
			if asked.Seq == seq && asked.Final == "" {
				return true
			}
		}
	}
	return false
}
