package verify

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"gazua.example/loadgen/internal/plain"
)

// What is sorted on disk is packed: whole numbers as varints, texts with their length before them, in the order of the
// fields. packed reads that; after the last field, end says whether all of it was there and nothing else.
type packed struct {
	rest   []byte
	broken bool
}

func (p *packed) unsigned() uint64 {
	n, size := binary.Uvarint(p.rest)
	p.skip(size)
	return n
}

func (p *packed) signed() int64 {
	n, size := binary.Varint(p.rest)
	p.skip(size)
	return n
}

func (p *packed) skip(size int) {
	if size <= 0 || p.broken {
		p.rest, p.broken = nil, true
		return
	}
	p.rest = p.rest[size:]
}

// bounded is a number that may not be above a bound.
func (p *packed) bounded(most uint64) uint64 {
	n := p.unsigned()
	if n > most {
		p.rest, p.broken = nil, true
		return 0
	}
	return n
}

func (p *packed) small() uint32 { return uint32(p.bounded(1<<32 - 1)) }

func (p *packed) flag() bool { return p.bounded(1) == 1 }

func (p *packed) text() string {
	n := p.unsigned()
	if n > uint64(len(p.rest)) {
		p.rest, p.broken = nil, true
		return ""
	}
	text := p.rest[:n]
	p.rest = p.rest[n:]
	if known, found := words[string(text)]; found {
		return known
	}
	return string(text)
}

func (p *packed) hash() (h Hash) {
	if len(p.rest) < len(h) {
		p.rest, p.broken = nil, true
		return h
	}
	copy(h[:], p.rest)
	p.rest = p.rest[len(h):]
	return h
}

// moment is a time to the nanosecond; all are UTC.
func (p *packed) moment() time.Time {
	seconds, nanos := p.signed(), p.bounded(999_999_999)
	if p.broken {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

func (p *packed) end() error {
	if p.broken || len(p.rest) > 0 {
		return errors.New("what was packed cannot be read back")
	}
	return nil
}

func packText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

func packFlag(to []byte, flag bool) []byte {
	if flag {
		return append(to, 1)
	}
	return append(to, 0)
}

func packMoment(to []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(to, t.Unix()), uint64(t.Nanosecond()))
}

// words stand in nearly everything that is read and sorted, so they are not made anew for each.
var words = plain.WordList(strings.Fields(`KRW PG POINT COUPON 1 2 charge reserve confirm release void refund net-cancel inquiry
	charged declined refused held captured released voided canceled expired refunded capture
	p a g x xg c cg w PAID FAILED ACCEPTED PROCESSING PARTIALLY_CANCELED CANCELED SUCCEEDED replay reuse order
	payment.paid payment.failed cancellation.succeeded cancellation.failed`)...)

// Keys are compared byte by byte, so numbers stand in them with their highest byte first.

// byID is the key of what is sorted by payment.
func byID(to []byte, id uint64) []byte { return binary.BigEndian.AppendUint64(to, id) }

// byOrder is the key of what is sorted by order. A text in a key needs an end that is before every letter.
func byOrder(to []byte, merchant uint32, order string) []byte {
	to = binary.BigEndian.AppendUint32(to, merchant)
	for i := range len(order) {
		if to = append(to, order[i]); order[i] == 0 {
			to = append(to, 0xff)
		}
	}
	return append(to, 0, 1)
}

// byKey is the key of what is sorted by idempotency key.
func byKey(to []byte, key *claimed) []byte {
	return append(binary.BigEndian.AppendUint32(to, key.merchant), key.hash[:]...)
}
