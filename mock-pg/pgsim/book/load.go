package book

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line of the book; the longest that Append writes is well below.
const maxLine = 8192

// load reads the file from its start. A last line without its newline was being written when the process died: nobody was
// answered for it, so it is cut off. Anything else that cannot be read is somebody's damage and stops the start.
func (b *Book) load() (cut int64, err error) {
	lines := bufio.NewReaderSize(b.file, 1<<20)
	for number := 1; ; number++ {
		text, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return int64(len(text)), b.cutTo(b.index.end)
		}
		if err == nil && len(text) > maxLine {
			err = bufio.ErrBufferFull
		}
		if err != nil {
			return 0, fmt.Errorf("read the book %s, line %d: %w", b.path, number, err)
		}
		entry, err := ParseLine(bytes.TrimSuffix(text, []byte("\n")))
		if err == nil && entry.Seq != b.seq+1 {
			err = fmt.Errorf("seq is %d, not %d", entry.Seq, b.seq+1)
		}
		if err == nil {
			err = b.set.Replay(&entry)
		}
		if err != nil {
			return 0, fmt.Errorf("the book %s is damaged at line %d: %w", b.path, number, err)
		}
		b.seq, b.last = entry.Seq, entry.At
		b.index.add(entry.Seq, int64(len(text)))
	}
}

func (b *Book) cutTo(length int64) error {
	b.index.written = length
	if err := b.file.Truncate(length); err != nil {
		return fmt.Errorf("cut the torn last line off the book %s: %w", b.path, err)
	}
	return nil
}
