package book

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

// index knows where entries stand in the file: one offset for every indexStep entries, so that a reader who wants the end
// of a long book does not read all of it, and ten million entries cost 80 kB.
type index struct {
	offsets []int64 // offsets[i] is where the entry with seq i*indexStep+1 starts
	end     int64   // where the next entry will start
	written int64   // how much of the file is written
}

const indexStep = 1024

func (x *index) add(seq uint64, length int64) {
	if (seq-1)%indexStep == 0 {
		x.offsets = append(x.offsets, x.end)
	}
	x.end += length
}

// Section is the lines of the book behind one seq, complete up to Position, as they were when Since was called.
type Section struct {
	*bufio.Reader
	Position uint64
	file     *os.File
}

// Close gives the file back.
func (s *Section) Close() error { return s.file.Close() }

// Since opens the entries with a seq above from. Later bookings do not show; the writer is not held up by a slow reader.
func (b *Book) Since(from uint64) (*Section, error) {
	b.mu.Lock()
	position, written := b.position.Load(), b.index.written
	from = min(from, position)
	start, skip := written, uint64(0)
	if from < position {
		start, skip = b.index.offsets[from/indexStep], from%indexStep
	}
	file, err := os.Open(b.path) // under the lock: after a reset it is another file
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("read the book: %w", err)
	}
	lines := bufio.NewReaderSize(io.NewSectionReader(file, start, written-start), 64<<10)
	for ; skip > 0; skip-- {
		if _, err := lines.ReadSlice('\n'); err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("read the book from seq %d: %w", from, err)
		}
	}
	return &Section{Reader: lines, Position: position, file: file}, nil
}
