package mysqlproxy

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// A packet of MySQL's protocol. A payload of maxPayload bytes goes on in the next packet, so one of exactly that length ends
// with an empty packet.
//
//	┌──────── 3 ────────┬──── 1 ───┬───── length ─────┐
//	│ length, low first │ sequence │ payload          │
//	└───────────────────┴──────────┴──────────────────┘
const (
	headerSize = 4
	maxPayload = 1<<24 - 1
)

// packet is one as it came, header included.
type packet []byte

func lengthOf(header []byte) int { return int(header[0]) | int(header[1])<<8 | int(header[2])<<16 }

func (p packet) sequence() byte  { return p[3] }
func (p packet) payload() []byte { return p[headerSize:] }
func (p packet) goesOn() bool    { return len(p) == headerSize+maxPayload }

// packets reads one after another. It holds one packet at a time, and no more memory than has come.
type packets struct {
	from io.Reader
	held []byte
}

// Bounds of what is read at a time, and of what is kept for the next packet.
const (
	readSize = 64 << 10
	keepSize = 1 << 20
)

// next is valid until it is called again. An error in the middle of a packet is io.ErrUnexpectedEOF or the connection's.
func (r *packets) next() (packet, error) {
	if cap(r.held) > keepSize {
		r.held = nil
	}
	r.held = r.held[:0]
	if err := r.read(headerSize); err != nil {
		return nil, err
	}
	want := headerSize + lengthOf(r.held)
	for len(r.held) < want {
		err := r.read(min(want-len(r.held), max(readSize, len(r.held))))
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	return packet(r.held), nil
}

func (r *packets) read(n int) error {
	r.held = slices.Grow(r.held, n)
	part := r.held[len(r.held) : len(r.held)+n]
	if _, err := io.ReadFull(r.from, part); err != nil {
		return err
	}
	r.held = r.held[:len(r.held)+n]
	return nil
}

// lenenc reads a length-encoded integer; false: it is none, or cut.
func lenenc(b []byte) (value uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	size := map[byte]int{0xfc: 2, 0xfd: 3, 0xfe: 8}[b[0]]
	switch {
	case b[0] < 0xfb:
		return uint64(b[0]), b[1:], true
	case size == 0 || len(b) < 1+size:
		return 0, nil, false
	}
	var wide [8]byte
	copy(wide[:], b[1:1+size])
	return binary.LittleEndian.Uint64(wide[:]), b[1+size:], true
}
