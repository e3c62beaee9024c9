package mysqlproxy

import "encoding/binary"

// answer follows what MySQL says to a query until the last of its statements is done, and keeps all of it.
//
//	OK(more) ─► OK(more) ─► OK                                         each statement has its own; the last is the COMMIT's
//	OK(more) ─► columns, definitions, [EOF,] rows, EOF(more) ─► OK      of one that reads
//	OK(more) ─► ERR                                                    nothing behind it was run
type answer struct {
	deprecateEOF bool
	kept         []byte
	at           int // where the next packet begins
	stage        stage
	columns      uint64 // definitions still to come
}

// stage is what the next packet is.
type stage int

const (
	result      stage = iota // how a statement's result begins
	definitions              // of a column
	definitionsEnd
	rows
)

// verdict is what is known so far.
type verdict int

const (
	pending   verdict = iota
	committed         // every statement was done
	refused           // one was not, or the answer is none that we know
)

// maxKept is far above what statements answer that change rows, and less than a packet that goes on in another.
const maxKept = 8 << 20

const (
	okHeader, errHeader, eofHeader, localHeader = 0x00, 0xff, 0xfe, 0xfb

	moreResults = 0x0008 // of the status flags
)

// hear takes the next bytes.
func (a *answer) hear(b []byte) verdict {
	if a.kept = append(a.kept, b...); len(a.kept) > maxKept {
		return refused
	}
	for {
		rest := a.kept[a.at:]
		if len(rest) < headerSize || len(rest) < headerSize+lengthOf(rest) {
			return pending
		}
		p := packet(rest[:headerSize+lengthOf(rest)])
		a.at += len(p)
		if v := a.read(p.payload()); v != pending {
			return v
		}
	}
}

func (a *answer) read(payload []byte) verdict {
	if len(payload) == 0 || payload[0] == errHeader {
		return refused
	}
	switch a.stage {
	case result:
		return a.begin(payload)
	case definitions:
		if a.columns--; a.columns == 0 {
			a.stage = definitionsEnd
			if a.deprecateEOF {
				a.stage = rows
			}
		}
	case definitionsEnd:
		a.stage = rows
	case rows:
		if payload[0] == eofHeader {
			return a.end(payload)
		}
	}
	return pending
}

func (a *answer) begin(payload []byte) verdict {
	switch payload[0] {
	case okHeader:
		return a.end(payload)
	case localHeader, eofHeader:
		return refused
	}
	columns, _, ok := lenenc(payload)
	if !ok || columns == 0 {
		return refused
	}
	a.stage, a.columns = definitions, columns
	return pending
}

// end reads an OK, or the EOF behind rows, which has the form of an OK unless the client wants the old one.
func (a *answer) end(payload []byte) verdict {
	status, ok := statusOf(payload[1:])
	if payload[0] == eofHeader && !a.deprecateEOF {
		if len(payload) != 5 {
			return pending // a row, whose first value is long
		}
		status, ok = binary.LittleEndian.Uint16(payload[3:]), true // behind the warnings
	}
	switch {
	case !ok:
		return refused
	case status&moreResults != 0:
		a.stage = result
		return pending
	}
	return committed
}

// statusOf reads what stands behind an OK's header: changed rows, last id, status.
func statusOf(b []byte) (uint16, bool) {
	for range 2 {
		var ok bool
		if _, b, ok = lenenc(b); !ok {
			return 0, false
		}
	}
	if len(b) < 2 {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b), true
}
