package sorted

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
)

// Sort takes records in, in any order, and gives them back by key.
type Sort struct {
	name  string // in errors
	space *Space

	chunks [][]byte // frames as they stand in a file
	spare  [][]byte // chunks of a run that was written
	held   []held
	size   int // of chunks and held

	file  *os.File
	runs  []run
	ended bool
	count int64
}

// held is a record in memory: the start of its key, which decides most comparisons, and where it stands.
type held struct {
	prefix uint64
	chunk  uint32
	offset uint32
}

const (
	chunkSize = 1 << 20
	heldSize  = 16
	writeSize = 256 << 10
)

// NewSort begins one. The name says in errors what is sorted.
func NewSort(space *Space, name string) *Sort { return &Sort{name: name, space: space} }

// Len is how many records were added.
func (s *Sort) Len() int64 { return s.count }

// Add takes a record in; the bytes are copied.
func (s *Sort) Add(key, value []byte) error {
	if s.ended {
		panic("sorted: Add after All")
	}
	if len(key)+len(value) > maxRecord {
		return fmt.Errorf("sort %s: a record of %d bytes is above the bound of %d", s.name, len(key)+len(value), maxRecord)
	}
	at, chunk := s.room(len(key) + len(value) + 2*binary.MaxVarintLen32)
	chunk = binary.AppendUvarint(chunk, uint64(len(key)))
	chunk = binary.AppendUvarint(chunk, uint64(len(value)))
	s.chunks[len(s.chunks)-1] = append(append(chunk, key...), value...)
	s.held = append(s.held, held{prefix(key), uint32(len(s.chunks) - 1), uint32(at)})
	s.count++
	if s.size+len(s.held)*heldSize >= s.space.budget {
		return s.spill()
	}
	return nil
}

// room is the chunk where the next frame goes, and at which offset.
func (s *Sort) room(frame int) (at int, chunk []byte) {
	if n := len(s.chunks); n > 0 && cap(s.chunks[n-1])-len(s.chunks[n-1]) >= frame {
		return len(s.chunks[n-1]), s.chunks[n-1]
	}
	size := max(frame, min(chunkSize, max(s.space.budget/4, 64)))
	if n := len(s.spare); n > 0 && cap(s.spare[n-1]) >= frame {
		chunk, s.spare = s.spare[n-1][:0], s.spare[:n-1]
	} else {
		chunk = make([]byte, 0, size)
	}
	s.size += cap(chunk)
	s.chunks = append(s.chunks, chunk)
	return 0, chunk
}

func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var padded [8]byte
	copy(padded[:], key)
	return binary.BigEndian.Uint64(padded[:])
}

// frame is a record in memory, from its start to the end of its chunk.
func (s *Sort) frame(h held) []byte { return s.chunks[h.chunk][h.offset:] }

// order sorts what is in memory: by key, then by the order in which it came.
func (s *Sort) order() {
	slices.SortFunc(s.held, func(a, b held) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		first, second := mustCut(s.frame(a)), mustCut(s.frame(b))
		return cmp.Or(bytes.Compare(first.Key, second.Key), cmp.Compare(a.chunk, b.chunk), cmp.Compare(a.offset, b.offset))
	})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// spill writes what is in memory as one run.
func (s *Sort) spill() error {
	if len(s.held) == 0 {
		return nil
	}
	if len(s.runs) == maxRuns {
		return fmt.Errorf("sort %s: more than %d runs of %d MiB are not sorted", s.name, maxRuns, s.space.budget>>20)
	}
	if s.file == nil {
		file, err := s.space.file()
		if err != nil {
			return fmt.Errorf("sort %s: %w", s.name, err)
		}
		s.file = file
	}
	s.order()
	r := run{count: int64(len(s.held))}
	if n := len(s.runs); n > 0 {
		r.offset = s.runs[n-1].offset + s.runs[n-1].size
	}
	out := bufio.NewWriterSize(s.file, min(writeSize, max(s.space.budget/8, 512)))
	for _, h := range s.held {
		frame := mustCut(s.frame(h)).frame
		r.sum = crc32.Update(r.sum, castagnoli, frame)
		r.size += int64(len(frame))
		if _, err := out.Write(frame); err != nil {
			return s.space.spilling(s.name, err)
		}
	}
	if err := out.Flush(); err != nil {
		return s.space.spilling(s.name, err)
	}
	s.space.written += r.size
	s.runs = append(s.runs, r)
	s.spare, s.chunks, s.held, s.size = s.chunks, nil, s.held[:0], 0
	return nil
}

// Seal ends the adding, so that the memory is free for another sort: a small list stays in memory, of any other all goes to
// disk. All does the same.
func (s *Sort) Seal() error {
	if s.ended {
		return nil
	}
	if len(s.runs) > 0 || s.size+len(s.held)*heldSize > s.space.budget/keptPart {
		if err := s.spill(); err != nil {
			return err
		}
		s.chunks, s.held = nil, nil
	}
	s.order()
	s.spare, s.ended = nil, true
	return nil
}

// Close gives memory and disk back before the space is closed.
func (s *Sort) Close() {
	if s.file != nil {
		s.space.release(s.file)
	}
	*s = Sort{name: s.name, space: s.space, ended: true}
}
