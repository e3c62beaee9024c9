package verify

import (
	"encoding/binary"

	"gazua.example/loadgen/verify/sorted"
)

// promisesByPayment sorts what the client was told by the payment that it was told about.
func promisesByPayment(space *sorted.Space) *sorted.Values[Seen] {
	return sorted.NewValues(space, "the client's payments by id", sorted.Codec[Seen]{
		Key:    func(to []byte, s *Seen) []byte { return byID(to, s.ID) },
		Encode: packSeen,
		Decode: unpackSeen,
	})
}

func packSeen(to []byte, s *Seen) []byte {
	to = packAsked(to, &s.Asked)
	to = binary.AppendUvarint(to, uint64(s.Number))
	to = binary.AppendUvarint(to, uint64(s.Merchant))
	to = packText(to, s.Order)
	to = binary.AppendVarint(to, s.Amount)
	to = binary.AppendUvarint(to, s.ID)
	to = binary.AppendUvarint(to, uint64(s.Told))
	to = packFlag(to, s.Accepted)
	to = packText(to, s.Final)
	to = append(to, byte(s.Given))
	to = packText(to, s.Contrary)
	to = binary.AppendUvarint(to, uint64(len(s.Cancels)))
	for i := range s.Cancels {
		c := &s.Cancels[i]
		to = packAsked(to, &c.Asked)
		to = binary.AppendUvarint(to, uint64(c.Index))
		to = binary.AppendVarint(to, c.Amount)
		to = binary.AppendUvarint(to, uint64(c.Seq))
		to = binary.AppendVarint(to, c.Named)
		to = packText(to, c.Final)
		to = packText(to, c.Contrary)
	}
	return to
}

func unpackSeen(text []byte, s *Seen) error {
	p := packed{rest: text}
	*s = Seen{
		Asked: p.asked(), Number: int(p.bounded(maxPayments)), Merchant: p.small(), Order: p.text(), Amount: p.signed(), ID: p.unsigned(),
		Told: p.small(), Accepted: p.flag(), Final: p.text(), Given: given(p.bounded(uint64(all))), Contrary: p.text(),
	}
	for n := p.bounded(uint64(len(p.rest))); n > 0 && !p.broken; n-- {
		s.Cancels = append(s.Cancels, SeenCancel{
			Asked: p.asked(), Index: int(p.bounded(1<<62 - 1)), Amount: p.signed(), Seq: p.small(), Named: p.signed(), Final: p.text(), Contrary: p.text(),
		})
	}
	return p.end()
}

func packAsked(to []byte, a *Asked) []byte {
	to = append(to, a.Key[:]...)
	to = binary.AppendUvarint(to, uint64(a.Requests))
	to = binary.AppendUvarint(to, uint64(a.Refused))
	to = binary.AppendUvarint(to, uint64(a.Answers))
	to = packFlag(to, a.Promised)
	to = packFlag(to, a.reused)
	to = binary.AppendUvarint(to, uint64(a.probes))
	to = binary.AppendVarint(to, int64(a.status))
	to = binary.AppendUvarint(to, a.body)
	to = binary.AppendVarint(to, a.answered)
	return packText(to, a.difference)
}

func (p *packed) asked() Asked {
	return Asked{
		Key: p.hash(), Requests: p.small(), Refused: p.small(), Answers: p.small(), Promised: p.flag(), reused: p.flag(), probes: p.small(),
		status: int(p.signed()), body: p.unsigned(), answered: p.signed(), difference: p.text(),
	}
}
