package verify

import (
	"encoding/binary"

	"gazua.example/loadgen/verify/sorted"
)

// claim is a key of which something is expected: that it left nothing behind, or that it still leads to its payment.
type claim struct {
	claimed
	refused bool // every request with it was refused with a 4xx; else probes were sent with it, and it was answered
	order   string
	payment uint64 // that it was answered with
	status  int
	body    uint64
}

// keyUse is a key that made something, by the row of what it made.
type keyUse struct {
	claimed
	payment      uint64
	cancellation uint32 // 0: the payment itself
	order        string
}

func claimsByKey(space *sorted.Space) *sorted.Values[claim] {
	return sorted.NewValues(space, "the keys of requests", sorted.Codec[claim]{
		Key: func(to []byte, c *claim) []byte { return byKey(to, &c.claimed) }, Encode: packClaim, Decode: unpackClaim,
	})
}

func usesByKey(space *sorted.Space) *sorted.Values[keyUse] {
	return sorted.NewValues(space, "the keys of rows", sorted.Codec[keyUse]{
		Key: func(to []byte, u *keyUse) []byte { return byKey(to, &u.claimed) }, Encode: packUse, Decode: unpackUse,
	})
}

func packClaim(to []byte, c *claim) []byte {
	to = packText(packFlag(byKey(to, &c.claimed), c.refused), c.order)
	to = binary.AppendUvarint(to, c.payment)
	return binary.AppendUvarint(binary.AppendVarint(to, int64(c.status)), c.body)
}

func unpackClaim(text []byte, c *claim) error {
	p := packed{rest: text}
	*c = claim{claimed: p.claimed(), refused: p.flag(), order: p.text(), payment: p.unsigned(), status: int(p.signed()), body: p.unsigned()}
	return p.end()
}

func packUse(to []byte, u *keyUse) []byte {
	to = binary.AppendUvarint(byKey(to, &u.claimed), u.payment)
	return packText(binary.AppendUvarint(to, uint64(u.cancellation)), u.order)
}

func unpackUse(text []byte, u *keyUse) error {
	p := packed{rest: text}
	*u = keyUse{claimed: p.claimed(), payment: p.unsigned(), cancellation: p.small(), order: p.text()}
	return p.end()
}

func (p *packed) claimed() claimed {
	if len(p.rest) < 4 {
		p.rest, p.broken = nil, true
		return claimed{}
	}
	merchant := binary.BigEndian.Uint32(p.rest)
	p.rest = p.rest[4:]
	return claimed{merchant, p.hash()}
}

// addClaims takes over the keys that a payment's requests were sent with.
func (f *facts) addClaims(s *Seen) error {
	c := claim{claimed: claimed{s.Merchant, s.Key}, refused: s.createdNothing(), order: s.Order, payment: s.ID, status: s.status, body: s.body}
	if c.refused || s.probes > 0 && s.Answers > 0 {
		if err := f.claims.Add(&c); err != nil {
			return err
		}
	}
	for i := range s.Cancels {
		if of := &s.Cancels[i]; of.createdNothing() {
			c := claim{claimed: claimed{s.Merchant, of.Key}, refused: true, order: s.Order, payment: s.ID}
			if err := f.claims.Add(&c); err != nil {
				return err
			}
		}
	}
	return nil
}

// addUses takes over the keys that made a payment and its cancellations.
func (f *facts) addUses(row *Payment) error {
	u := keyUse{claimed: claimed{row.Merchant, row.KeyHash}, payment: row.ID, order: row.Order}
	if err := f.uses.Add(&u); err != nil {
		return err
	}
	for _, of := range row.Cancellations {
		if of.Missing {
			continue
		}
		u.hash, u.cancellation = of.KeyHash, of.Seq
		if err := f.uses.Add(&u); err != nil {
			return err
		}
	}
	return nil
}
