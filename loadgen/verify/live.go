package verify

import "slices"

// live is what the book says of one leg, at its end or at a prefix.
type live struct {
	charges []movement // charged or captured, and not voided
	refunds []movement
	held    bool // reserved, and neither captured nor released nor expired

	declined, voided, released, expired bool // something under its reference was
	tombstone                           bool // a net-cancel that stays: what comes later under the reference is refused
	turnedAway                          bool // a charge or reserve came and was refused
}

// net is the money that the leg's means still has of it.
func (l *live) net() (sum int64) {
	for _, c := range l.charges {
		sum += c.Amount
	}
	for _, r := range l.refunds {
		sum -= r.Amount
	}
	return sum
}

// balance plays the book's entries of one payment, by leg.
func balance(booked []movement) map[uint8]*live {
	legs := map[uint8]*live{}
	for i := range booked {
		m := &booked[i]
		l := legs[m.Leg]
		if l == nil {
			l = &live{}
			legs[m.Leg] = l
		}
		l.play(m)
	}
	return legs
}

func (l *live) play(m *movement) {
	switch m.Effect {
	case "charged":
		l.charges = append(l.charges, *m)
	case "held":
		l.held = true
	case "captured":
		l.held = false
		l.charges = append(l.charges, *m)
	case "refunded":
		l.refunds = append(l.refunds, *m)
	case "released":
		l.held, l.released = false, true
	case "expired":
		l.held, l.expired = false, true
	case "voided":
		l.voided = true
		l.charges = slices.DeleteFunc(l.charges, func(c movement) bool { return c.Transaction == m.Transaction })
	case "declined":
		l.declined = l.declined || m.Cancellation == 0
	case "refused":
		l.turnedAway = l.turnedAway || m.Op == "charge" || m.Op == "reserve"
	case "canceled":
		l.tombstone = l.tombstone || m.Code != "no_tombstone" // a PG with a late-arrival bound keeps none
	}
}

// alive lists the references under which something is charged and not given back, or held. That more was given back than
// was charged is for invariant 4.
func (c *Case) alive(booked map[uint8]*live) (references []string) {
	for _, leg := range sortedLegs(booked) {
		if booked[leg].net() > 0 || booked[leg].held {
			references = append(references, c.reference(leg))
		}
	}
	return references
}

func sortedLegs(booked map[uint8]*live) []uint8 {
	seqs := make([]uint8, 0, len(booked))
	for seq := range booked {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	return seqs
}
