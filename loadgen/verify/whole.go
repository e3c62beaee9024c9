package verify

import (
	"slices"
	"strings"
)

// allOrNothing is invariant 3: PAID if and only if the captured legs sum to the amount; FAILED means nothing live; a
// cancellation that SUCCEEDED has given back all that it says, one that FAILED nothing; and canceled in full means nothing
// live. What a person decided is left to that person, except that the books agree (2, 4, 5, 13).
func allOrNothing(v *Verdict, c *Case, booked map[uint8]*live) {
	if c.Row == nil {
		return
	}
	v.check(3, 1)
	if c.Row.Missing {
		if legs, steps, cancellations := len(c.Row.Legs), len(c.Row.Events), len(c.Row.Cancellations); legs+steps+cancellations > 0 {
			v.violated(3, c, "", "the database has %d legs, %d steps of a history and %d cancellations, and no payment", legs, steps, cancellations)
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
	alive := c.alive(booked)
	switch row := c.Row; {
	case planned != row.Amount:
		v.violated(3, c, "", "its legs sum to %d, and its amount is %d", planned, row.Amount)
	case row.State == "PAID" && captured != row.Amount:
		v.violated(3, c, "", "PAID, and its captured legs sum to %d of %d", captured, row.Amount)
	case row.State == "FAILED" && captured > 0:
		v.violated(3, c, "", "FAILED, and %d of its legs are CAPTURED", captured)
	case row.State == "FAILED" && len(alive) > 0:
		v.violated(3, c, "", "FAILED, and the book has something live under %s", strings.Join(alive, ", "))
	case row.Canceled == row.Amount && len(alive) > 0 && !slices.ContainsFunc(row.Cancellations, row.decidedByHand):
		v.violated(3, c, "", "canceled in full, and the book has something live under %s", strings.Join(alive, ", "))
	}
	for _, cancellation := range c.Row.Cancellations {
		if !cancellation.Missing {
			v.check(3, 1)
			wholeCancellation(v, c, cancellation, booked)
		}
	}
}

func wholeCancellation(v *Verdict, c *Case, of *Cancellation, booked map[uint8]*live) {
	if c.Row.decidedByHand(of) {
		return
	}
	var refunded int64
	for _, r := range of.Refunds {
		if r.State == "REFUNDED" {
			refunded += r.Amount
		}
	}
	given := 0
	for _, leg := range booked {
		for _, m := range leg.refunds {
			if m.Cancellation == of.Seq {
				given++
			}
		}
	}
	switch {
	case of.State == "SUCCEEDED" && refunded != of.Amount:
		v.violated(3, c, "", "cancellation %d has SUCCEEDED, and %d of %d is REFUNDED", of.Seq, refunded, of.Amount)
	case of.State == "FAILED" && (refunded > 0 || given > 0):
		v.violated(3, c, "", "cancellation %d has FAILED, and %d of it is REFUNDED; the book has %d refunds", of.Seq, refunded, given)
	}
}
