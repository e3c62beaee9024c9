package verify

import (
	"encoding/binary"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify/sorted"
)

// linesByNumber sorts the journal's lines about payments by the payment's number. Of a line only what is judged is kept: a
// third of what it is in the journal.
func linesByNumber(space *sorted.Space) *sorted.Values[record.Entry] {
	return sorted.NewValues(space, "the journal by payment", sorted.Codec[record.Entry]{
		Key:    func(to []byte, e *record.Entry) []byte { return binary.BigEndian.AppendUint32(to, uint32(e.Number)) },
		Encode: packLine,
		Decode: unpackLine,
	})
}

func packLine(to []byte, e *record.Entry) []byte {
	to = packText(to, e.Kind)
	to = binary.AppendUvarint(to, uint64(e.Number))
	to = binary.AppendUvarint(to, uint64(e.Cancel))
	to = packText(to, e.Order)
	to = binary.AppendUvarint(to, uint64(e.Merchant))
	to = binary.AppendVarint(to, e.Amount)
	to = packText(to, e.What)
	to = packText(to, e.Key)
	to = binary.AppendVarint(to, e.Sent)
	to = binary.AppendVarint(to, e.Done)
	to = binary.AppendVarint(to, int64(e.Status))
	to = packText(to, e.Class)
	to = packText(to, e.Problem)
	to = packText(to, e.ID)
	to = binary.AppendVarint(to, int64(e.Seq))
	to = packText(to, e.State)
	to = packText(to, e.Hash)
	return packFlag(to, e.Replayed)
}

func unpackLine(text []byte, e *record.Entry) error {
	p := packed{rest: text}
	*e = record.Entry{
		Kind: p.text(), Number: int(p.bounded(maxPayments)), Cancel: int(p.bounded(1<<62 - 1)), Order: p.text(), Merchant: p.small(), Amount: p.signed(),
		What: p.text(), Key: p.text(), Sent: p.signed(), Done: p.signed(), Status: int(p.signed()), Class: p.text(), Problem: p.text(),
		ID: p.text(), Seq: int(p.signed()), State: p.text(), Hash: p.text(), Replayed: p.flag(),
	}
	return p.end()
}
