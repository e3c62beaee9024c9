package mysqlproxy

import (
	"bytes"
	"encoding/binary"
)

// Capabilities that a client names in its first packet.
const (
	compressed      = 1 << 5
	tls             = 1 << 11
	deprecateEOF    = 1 << 24
	compressedZstd  = 1 << 26
	queryAttributes = 1 << 27
)

const comQuery = 0x03

// said follows what a client sends: where a query begins and ends, and whether it commits. Of a query it keeps the end only.
//
//	seq 1:     handshake answer ─► (authentication, seq 3, 5 …) ─► commands: each begins with seq 0, what goes on counts from 1
//
// So the sequence number alone tells a command from everything before it.
type said struct {
	greeted      bool
	capabilities uint32
	query        bool  // the command under way is a query
	goesOn       bool  // its next packet is still to come
	length       int64 // of the query's text so far
	tail         []byte
}

// maxTail is how much of a text's end is looked at. Blanks behind a COMMIT that are longer hide it.
const maxTail = 64

// hear takes the next packet and says whether it ends a query that commits.
func (s *said) hear(p packet) bool {
	text := p.payload()
	switch {
	case !s.greeted:
		s.greeted = true
		if len(text) >= 4 {
			s.capabilities = binary.LittleEndian.Uint32(text)
		}
		return false
	case s.goesOn: // whatever its number: those of a huge one begin again at 0
	case p.sequence() != 0:
		return false // authentication, or the lines of a LOAD DATA LOCAL
	default:
		s.query, s.length, s.tail = len(text) > 0 && text[0] == comQuery, 0, s.tail[:0]
		if s.query {
			text = s.text(text[1:])
		}
	}
	s.goesOn = p.goesOn()
	if !s.query {
		return false
	}
	s.length += int64(len(text))
	s.tail = append(s.tail, text[max(0, len(text)-maxTail):]...)
	s.tail = s.tail[max(0, len(s.tail)-maxTail):]
	return !s.goesOn && commits(s.tail, s.length <= maxTail)
}

// blind says that nothing can be followed behind the first packet.
func (s *said) blind() bool { return s.capabilities&(compressed|tls|compressedZstd) != 0 }

// text is a query's, without the attributes in front of it: how many there are, and in how many sets. Where there really are some,
// they stay, and only a COMMIT behind another statement is known.
func (s *said) text(query []byte) []byte {
	if s.capabilities&queryAttributes != 0 && len(query) >= 2 && query[0] == 0 {
		return query[2:]
	}
	return query
}

const blanks = " \t\r\n"

// commits says that the last statement of a text is COMMIT: nothing else, or something before a semicolon. Whole: end is the
// whole text. A comment that ends in "; COMMIT" would be taken for one.
func commits(end []byte, whole bool) bool {
	const word = "COMMIT"
	end = bytes.TrimRight(end, blanks+";")
	if len(end) < len(word) || !bytes.EqualFold(end[len(end)-len(word):], []byte(word)) {
		return false
	}
	before := bytes.TrimRight(end[:len(end)-len(word)], blanks)
	if len(before) == 0 {
		return whole
	}
	return before[len(before)-1] == ';'
}
