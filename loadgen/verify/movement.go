package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"strconv"

	"gazua.example/loadgen/verify/sorted"
)

// movement is one entry of a book, with what its reference names.
type movement struct {
	Entry
	Name     // zero: the reference names nothing
	merchant uint32
	instance int    // whose book it is in
	moment   uint64 // when it counts as booked: never before an earlier entry of its book
}

// readBook keeps what belongs to the run, by payment and by order. A reference that names no payment is kept always.
//
// The books of several instances become one: by booking time, then by instance. Within a book the order is that of its seq,
// whatever its clock did; and all that is about one leg is in one book.
func readBook(ctx context.Context, book Book, scope Scope, f *facts, v *Verdict) error {
	moment, last, followed := uint64(0), -1, wallets{}
	err := book.each(ctx, scope.FromSeq, func(instance int, entry *Entry) error {
		if instance != last {
			moment, last = 0, instance
		}
		if at := entry.At.UnixNano(); at > 0 {
			moment = max(moment, uint64(at))
		}
		followed.follow(v, instance, entry)
		if entry.Effect == "funded" {
			return nil // about a wallet, and no payment
		}
		m := movement{Entry: *entry, instance: instance, moment: moment}
		name, ok := ParseReference(entry.Reference)
		if ok {
			m.Name = name
		}
		if ok && !scope.contains(name.Payment, entry.Order, v.Run) {
			return nil // the end of an earlier run, or the start of a later one
		}
		merchant, _ := strconv.ParseUint(entry.Merchant, 10, 32) // 0 for a merchant that is none: judged as a wrong one
		m.merchant = uint32(merchant)
		if m.movesMoney() {
			v.Booked++
		}
		if err := f.note(&m); err != nil {
			return err
		}
		if err := f.booked.Add(&m); err != nil {
			return err
		}
		return f.bookedOrders.Add(&m)
	})
	return cmp.Or(err, f.booked.Seal(), f.bookedOrders.Seal())
}

// movesMoney says that the entry moved money or a hold.
func (m *movement) movesMoney() bool {
	return m.Effect != "declined" && m.Effect != "refused" && m.Effect != "canceled"
}

func movementsByPayment(space *sorted.Space) *sorted.Values[movement] {
	return sorted.NewValues(space, "the book by payment", sorted.Codec[movement]{
		Key: func(to []byte, m *movement) []byte { return m.when(byID(to, m.Payment)) }, Encode: packMovement, Decode: unpackMovement,
	})
}

func movementsByOrder(space *sorted.Space) *sorted.Values[movement] {
	return sorted.NewValues(space, "the book by order", sorted.Codec[movement]{
		Key: func(to []byte, m *movement) []byte { return m.when(byOrder(to, m.merchant, m.Order)) }, Encode: packMovement, Decode: unpackMovement,
	})
}

func (m *movement) when(to []byte) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(to, m.moment), uint16(m.instance))
}

func packMovement(to []byte, m *movement) []byte {
	to = binary.AppendUvarint(to, m.Seq)
	to = packMoment(to, m.At)
	for _, text := range []string{m.Means, m.Op, m.Effect, m.Reference, m.Original, m.Order, m.Merchant} {
		to = packText(to, text)
	}
	to = binary.AppendVarint(to, m.Amount)
	to = packText(to, m.Currency)
	to = packText(to, m.Transaction)
	to = packText(to, m.Code)
	to = binary.AppendUvarint(to, m.Payment)
	to = binary.AppendUvarint(to, uint64(m.Leg))
	to = binary.AppendUvarint(to, uint64(m.Cancellation))
	to = binary.AppendUvarint(to, uint64(m.merchant))
	to = binary.AppendUvarint(to, uint64(m.instance))
	return binary.AppendUvarint(to, m.moment)
}

func unpackMovement(text []byte, m *movement) error {
	p := packed{rest: text}
	m.Seq, m.At = p.unsigned(), p.moment()
	for _, text := range []*string{&m.Means, &m.Op, &m.Effect, &m.Reference, &m.Original, &m.Order, &m.Merchant} {
		*text = p.text()
	}
	m.Amount, m.Currency, m.Transaction, m.Code = p.signed(), p.text(), p.text(), p.text()
	m.Payment, m.Leg, m.Cancellation = p.unsigned(), uint8(p.bounded(255)), p.small()
	m.merchant, m.instance, m.moment = p.small(), int(p.bounded(1<<16-1)), p.unsigned()
	return p.end()
}
