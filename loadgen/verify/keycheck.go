package verify

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
)

// keyCheck judges what hangs on idempotency keys and not on a payment's id:
//
// Invariant 8: a request all of whose attempts were answered, each with a 4xx that speaks of this request, has left no key,
// no payment and no cancellation behind; nor, where no other request for its order came through, a payment of that order or
// anything in the book.
//
// Invariant 9, second part: a key that probes were sent with still leads to the payment that it made, with the answer that
// the client has; and no two payments were made by one key.
type keyCheck struct {
	refused map[claimed]*Seen // by the key that was refused
	orders  map[merchantOrder]*Seen
	probed  map[claimed]*Seen
	used    []keyUse // by every payment
}

type keyUse struct {
	claimed
	payment uint64
	order   string
}

type merchantOrder struct {
	merchant uint32
	order    string
}

func newKeyCheck(seen []Seen) *keyCheck {
	k := &keyCheck{refused: map[claimed]*Seen{}, orders: map[merchantOrder]*Seen{}, probed: map[claimed]*Seen{}}
	through := map[merchantOrder]bool{} // orders for which something may have come through
	for i := range seen {
		s := seen[i] // a copy: the list is sorted later
		key := claimed{s.Merchant, s.Key}
		if s.createdNothing() {
			k.refused[key] = &s
			k.orders[merchantOrder{s.Merchant, s.Order}] = &s
		} else if s.probes > 0 && s.Answers > 0 {
			k.probed[key] = &s
		}
		for n := range s.Cancels {
			if s.Cancels[n].createdNothing() {
				k.refused[claimed{s.Merchant, s.Cancels[n].Key}] = &s
			}
		}
	}
	for i := range seen {
		if s := &seen[i]; len(k.orders) > 0 && !s.createdNothing() {
			through[merchantOrder{s.Merchant, s.Order}] = true
		}
	}
	maps.DeleteFunc(k.orders, func(of merchantOrder, _ *Seen) bool { return through[of] })
	return k
}

// judgeBook is the part of invariant 8 that the book tells.
func (k *keyCheck) judgeBook(v *Verdict, booked []movement) {
	v.check(8, int64(len(k.refused)))
	told := map[merchantOrder]bool{}
	for i := range booked {
		m := &booked[i]
		if of := (merchantOrder{m.merchant, m.Order}); k.orders[of] != nil && !told[of] {
			told[of] = true
			v.violated(8, &Case{ID: m.Payment}, m.Order, "every attempt was refused with a 4xx, and the book has %s under %s", m.Effect, m.Reference)
		}
	}
}

// judgeRow is the part that a payment's row tells.
func (k *keyCheck) judgeRow(v *Verdict, c *Case) {
	if c.Row == nil || c.Row.Missing {
		return
	}
	key := claimed{c.Row.Merchant, c.Row.KeyHash}
	if s := k.refused[key]; s != nil {
		v.violated(8, c, s.Order, "every attempt was refused with a 4xx, and the payment was made by that key")
	} else if k.orders[merchantOrder{c.Row.Merchant, c.Row.Order}] != nil {
		v.violated(8, c, c.Row.Order, "every attempt for its order was refused with a 4xx, and there is a payment")
	}
	for _, of := range c.Row.Cancellations {
		if s := k.refused[claimed{c.Row.Merchant, of.KeyHash}]; s != nil {
			v.violated(8, c, s.Order, "every attempt to cancel with that key was refused with a 4xx, and it made cancellation %d", of.Seq)
		}
	}
	k.used = append(k.used, keyUse{key, c.ID, c.Row.Order})
}

// judgeUses is the part of invariant 9 that all rows together tell.
func (k *keyCheck) judgeUses(v *Verdict) {
	slices.SortFunc(k.used, func(a, b keyUse) int {
		return cmp.Or(cmp.Compare(a.merchant, b.merchant), bytes.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.payment, b.payment))
	})
	for i := 1; i < len(k.used); i++ {
		if first, second := k.used[i-1], k.used[i]; first.claimed == second.claimed {
			v.violated(9, &Case{ID: second.payment}, second.order, "one key made two payments, %d and this one", first.payment)
		}
	}
}

// judgeStored looks the keys themselves up.
func (k *keyCheck) judgeStored(ctx context.Context, v *Verdict, snapshot *Snapshot) error {
	wanted := slices.AppendSeq(slices.Collect(maps.Keys(k.refused)), maps.Keys(k.probed))
	kept := map[claimed]bool{}
	err := snapshot.Keys(ctx, wanted, func(key claimed, stored storedKey) {
		kept[key] = true
		if s := k.refused[key]; s != nil {
			v.violated(8, &Case{ID: stored.payment}, s.Order, "every attempt with one of its keys was refused with a 4xx, and that key is kept")
			return
		}
		s := k.probed[key]
		if stored.payment != s.ID || stored.status != s.status || stored.body != s.body {
			v.violated(9, &Case{ID: s.ID}, s.Order, "the client has %d with body %016x for payment %d, and its key stands for %d with body %016x for payment %d",
				s.status, s.body, s.ID, stored.status, stored.body, stored.payment)
		}
	})
	if err != nil {
		return err
	}
	for key, s := range k.probed {
		v.check(9, 1)
		if !kept[key] {
			v.violated(9, &Case{ID: s.ID}, s.Order, "its key is gone, so the same request again would pay again")
		}
	}
	return nil
}

// replayed is the first part of invariant 9: whoever repeats a request, the merchant or a probe, gets the first finished
// answer again, byte by byte and marked; another request with the key gets 422; and the payment was made by the key that it
// is answered for.
func replayed(v *Verdict, c *Case) {
	for i := range c.Seen {
		s := &c.Seen[i]
		v.check(9, int64(max(s.Answers, s.probes)))
		switch {
		case s.difference != "":
			v.violated(9, c, s.Order, "%s", s.difference)
		case i == 0 && c.Row != nil && !c.Row.Missing && s.Answers > 0 && c.Row.KeyHash != s.Key:
			v.violated(9, c, s.Order, "the payment was made by another key than the one that is answered with it")
		}
		for k := range s.Cancels {
			asked := &s.Cancels[k]
			v.check(9, int64(asked.Answers))
			if asked.difference != "" {
				v.violated(9, c, s.Order, "a cancellation: %s", asked.difference)
				continue
			}
			if c.Row == nil || asked.Answers == 0 {
				continue
			}
			if of := c.Row.cancellation(asked.Seq); of != nil && !of.Missing && of.KeyHash != asked.Key {
				v.violated(9, c, s.Order, "cancellation %d was made by another key than the one that is answered with it", of.Seq)
			}
		}
	}
}
