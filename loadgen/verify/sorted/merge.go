package sorted

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// All gives the records by key, and those with the same key in the order in which they were added. It ends the adding, and
// may be walked as often as wanted. A record is valid until the next one.
func (s *Sort) All() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := s.merge(func(r Record) bool { return yield(r, nil) }); err != nil {
			yield(Record{}, fmt.Errorf("sort %s: %w", s.name, err))
		}
	}
}

// Buffers of the runs while they are merged: together no more than the budget, each large enough to read at a stretch.
const (
	maxBuffer = 256 << 10
	minBuffer = 1 << 10
)

func (s *Sort) merge(take func(Record) bool) error {
	if err := s.Seal(); err != nil {
		return err
	}
	heads := make([]head, 0, len(s.runs)+1)
	for i, r := range s.runs {
		buffer := min(maxBuffer, max(minBuffer, s.space.budget/len(s.runs)))
		heads = append(heads, head{from: newDisk(s.file, r, buffer), run: i})
	}
	if len(s.held) > 0 {
		heads = append(heads, head{from: &memory{sort: s}, run: len(s.runs)})
	}
	merging, err := newHeap(heads)
	if err != nil {
		return err
	}
	for len(merging) > 0 {
		if !take(merging[0].record) {
			return nil
		}
		if err := merging.advance(); err != nil {
			return err
		}
	}
	return nil
}

// head is a run with the record that it stands at.
type head struct {
	from   source
	run    int // the earlier run has the earlier records
	prefix uint64
	record Record
}

func (h *head) next() (err error) {
	if h.record, err = h.from.next(); err == nil {
		h.prefix = prefix(h.record.Key)
	}
	return err
}

func (h *head) before(other *head) bool {
	if h.prefix != other.prefix {
		return h.prefix < other.prefix
	}
	if c := bytes.Compare(h.record.Key, other.record.Key); c != 0 {
		return c < 0
	}
	return h.run < other.run
}

// heap keeps the run with the smallest record first.
type heap []head

func newHeap(heads []head) (heap, error) {
	h := heap(heads[:0])
	for _, of := range heads {
		err := of.next()
		if errors.Is(err, io.EOF) {
			continue
		}
		if err != nil {
			return nil, err
		}
		h = append(h, of)
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	return h, nil
}

// advance takes the next record of the first run, or the run out when it has no more.
func (h *heap) advance() error {
	err := (*h)[0].next()
	if errors.Is(err, io.EOF) {
		last := len(*h) - 1
		(*h)[0] = (*h)[last]
		*h = (*h)[:last]
	} else if err != nil {
		return err
	}
	h.down(0)
	return nil
}

func (h *heap) down(i int) {
	for list := *h; ; {
		smallest := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(list) && list[child].before(&list[smallest]) {
				smallest = child
			}
		}
		if smallest == i {
			return
		}
		list[i], list[smallest] = list[smallest], list[i]
		i = smallest
	}
}
