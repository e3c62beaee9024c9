package verify

import (
	"encoding/binary"
	"strconv"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify/sorted"
)

// call is a callback that a merchant received.
type call struct {
	payment      uint64
	named        string // as it named the payment
	merchant     uint32 // whose address was called
	cancellation uint32
	version      uint32
	kind         string // such as payment.paid
	state        string // in its body
	canceled     int64
	fault        string // why it was not taken
}

// refusedOnPurpose is the fault of a callback that the merchant refused so that it must come again.
const refusedOnPurpose = "refused"

// believed says that it is the system's word: nothing but the merchant's whim kept it from being taken.
func (c *call) believed() bool { return c.fault == "" || c.fault == refusedOnPurpose }

// received is a callback as the merchant got it. One without a valid signature was not taken, whatever else is said of it.
func received(e *record.Entry) call {
	fault := e.Class
	if !e.Signed && (fault == "" || fault == refusedOnPurpose) {
		fault = "signature"
	}
	id, _ := strconv.ParseUint(e.ID, 10, 63) // 0: it names no payment
	return call{
		payment: id, named: e.ID, merchant: e.Merchant, cancellation: uint32(max(e.Seq, 0)), version: uint32(max(e.Revision, 0)),
		kind: e.What, state: e.State, canceled: e.Amount, fault: fault,
	}
}

func callsByPayment(space *sorted.Space) *sorted.Values[call] {
	return sorted.NewValues(space, "the callbacks", sorted.Codec[call]{
		Key: func(to []byte, c *call) []byte { return byID(to, c.payment) }, Encode: packCall, Decode: unpackCall,
	})
}

func packCall(to []byte, c *call) []byte {
	to = packText(binary.AppendUvarint(to, c.payment), c.named)
	for _, n := range []uint32{c.merchant, c.cancellation, c.version} {
		to = binary.AppendUvarint(to, uint64(n))
	}
	to = packText(packText(to, c.kind), c.state)
	return packText(binary.AppendVarint(to, c.canceled), c.fault)
}

func unpackCall(text []byte, c *call) error {
	p := packed{rest: text}
	*c = call{
		payment: p.unsigned(), named: p.text(), merchant: p.small(), cancellation: p.small(), version: p.small(),
		kind: p.text(), state: p.text(), canceled: p.signed(), fault: p.text(),
	}
	return p.end()
}
