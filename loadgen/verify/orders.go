package verify

import (
	"encoding/binary"

	"gazua.example/loadgen/verify/sorted"
)

// order is an order and the amount that may be charged for it: as the client planned it, or as a payment's row has it.
type order struct {
	merchant uint32
	name     string
	amount   int64
	hash     Hash   // of the key that asked for it
	planned  bool   // by the client
	refused  bool   // planned, and every attempt was refused with a 4xx
	payment  uint64 // 0: it was planned
	holds    bool   // the payment has not FAILED and so holds the order
}

// ordersByName sorts them; those with one name stay in the order in which they were added: the client's plans first.
func ordersByName(space *sorted.Space) *sorted.Values[order] {
	return sorted.NewValues(space, "the orders", sorted.Codec[order]{
		Key: func(to []byte, o *order) []byte { return byOrder(to, o.merchant, o.name) }, Encode: packOrder, Decode: unpackOrder,
	})
}

func packOrder(to []byte, o *order) []byte {
	to = binary.AppendUvarint(to, uint64(o.merchant))
	to = packText(to, o.name)
	to = binary.AppendVarint(to, o.amount)
	to = append(to, o.hash[:]...)
	to = packFlag(packFlag(to, o.planned), o.refused)
	return packFlag(binary.AppendUvarint(to, o.payment), o.holds)
}

func unpackOrder(text []byte, o *order) error {
	p := packed{rest: text}
	*o = order{
		merchant: p.small(), name: p.text(), amount: p.signed(), hash: p.hash(), planned: p.flag(), refused: p.flag(), payment: p.unsigned(), holds: p.flag(),
	}
	return p.end()
}

// addOrder adds that of a payment's row.
func (f *facts) addOrder(row *Payment) error {
	o := order{merchant: row.Merchant, name: row.Order, amount: row.Amount, hash: row.KeyHash, payment: row.ID, holds: row.State != "FAILED"}
	return f.orders.Add(&o)
}
