package sorted

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Record is one of a list. Its bytes are valid until the next one is asked for.
type Record struct {
	Key, Value []byte
	frame      []byte
}

// run is a part of a sort's file.
type run struct {
	offset, size, count int64
	sum                 uint32 // CRC-32C of its frames
}

// A frame is the length of the key, the length of the value, both as uvarints, the key and the value.
var (
	errShort = errors.New("a record is cut off")
	errFrame = errors.New("a record has lengths that none can have")
)

// cut takes the record off the start of the text. errShort says that the text has to be longer, by at least one byte; need
// is then the length of the frame as far as it is known.
func cut(text []byte) (r Record, need int, err error) {
	key, n := binary.Uvarint(text)
	if n == 0 {
		return Record{}, len(text) + 1, errShort
	}
	value, m := binary.Uvarint(text[max(n, 0):])
	if n > 0 && m == 0 && key <= maxRecord {
		return Record{}, len(text) + 1, errShort
	}
	if n < 0 || m <= 0 || key > maxRecord || value > maxRecord-key {
		return Record{}, 0, errFrame
	}
	start := n + m
	end := start + int(key+value)
	if end > len(text) {
		return Record{}, end, errShort
	}
	return Record{Key: text[start : start+int(key)], Value: text[start+int(key) : end], frame: text[:end]}, end, nil
}

// mustCut takes one off memory, where it stands as it was added.
func mustCut(text []byte) Record {
	r, _, err := cut(text)
	if err != nil {
		panic("sorted: " + err.Error())
	}
	return r
}

// source gives a run's records in their order; io.EOF is its end.
type source interface {
	next() (Record, error)
}

// memory is a run that was never written.
type memory struct {
	sort *Sort
	at   int
}

func (m *memory) next() (Record, error) {
	if m.at == len(m.sort.held) {
		return Record{}, io.EOF
	}
	m.at++
	return mustCut(m.sort.frame(m.sort.held[m.at-1])), nil
}

// disk reads a run back, and holds it against what was written.
type disk struct {
	run
	text  *bufio.Reader
	used  int    // bytes of the buffer that the record given last stands in
	large []byte // of a record that is larger than the buffer
	read  int64
	sum   uint32
}

func newDisk(file io.ReaderAt, r run, buffer int) *disk {
	return &disk{run: r, text: bufio.NewReaderSize(io.NewSectionReader(file, r.offset, r.size), buffer)}
}

func (d *disk) next() (Record, error) {
	if _, err := d.text.Discard(d.used); err != nil {
		return Record{}, err
	}
	d.used = 0
	if d.read == d.count {
		if _, err := d.text.Peek(1); !errors.Is(err, io.EOF) || d.sum != d.run.sum {
			return Record{}, errors.New("a run on disk is not what was written there")
		}
		return Record{}, io.EOF
	}
	r, err := d.record()
	if err != nil {
		return Record{}, fmt.Errorf("read record %d of %d of a run back: %w", d.read+1, d.count, err)
	}
	d.read++
	d.sum = crc32.Update(d.sum, castagnoli, r.frame)
	return r, nil
}

// record takes the frame out of the buffer without a copy where it fits in.
func (d *disk) record() (Record, error) {
	head, err := d.text.Peek(min(d.text.Size(), max(d.text.Buffered(), 2*binary.MaxVarintLen32)))
	if err != nil && !errors.Is(err, io.EOF) { // near its end there is less
		return Record{}, err
	}
	r, need, err := cut(head)
	switch {
	case !errors.Is(err, errShort):
	case need > d.text.Size():
		return d.whole(need)
	case need > len(head):
		if head, err = d.text.Peek(need); err != nil {
			return Record{}, errShort
		}
		r, need, err = cut(head)
	}
	if err == nil {
		d.used = need
	}
	return r, err
}

// whole reads a record that is larger than the buffer.
func (d *disk) whole(size int) (Record, error) {
	d.large = append(d.large[:0], make([]byte, size)...)
	if _, err := io.ReadFull(d.text, d.large); err != nil {
		return Record{}, errShort
	}
	r, _, err := cut(d.large)
	return r, err
}
