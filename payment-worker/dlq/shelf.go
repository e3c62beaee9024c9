package dlq

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Place is where a dead letter lies.
type Place struct {
	Partition int
	Offset    int64
}

func (p Place) String() string { return fmt.Sprintf("%d/%d", p.Partition, p.Offset) }

// ParsePlace reads PARTITION/OFFSET.
func ParsePlace(text string) (Place, error) {
	first, second, found := strings.Cut(text, "/")
	partition, err1 := strconv.Atoi(first)
	offset, err2 := strconv.ParseInt(second, 10, 64)
	if !found || err1 != nil || err2 != nil || partition < 0 || offset < 0 {
		return Place{}, fmt.Errorf("%q is not PARTITION/OFFSET of a dead letter, such as 3/14", text)
	}
	return Place{partition, offset}, nil
}

// shelf is one partition of the dead letters: those from next to end that are not in replayed wait for a person.
type shelf struct {
	partition int
	next, end int64
	replayed  []int64 // behind next, in order
}

// maxReplayed bounds the metadata of a commit: Kafka takes 4096 bytes (offset.metadata.max.bytes).
const maxReplayed = 200

// mark notes a letter as replayed.
func (s *shelf) mark(offset int64) {
	if i, known := slices.BinarySearch(s.replayed, offset); !known {
		s.replayed = slices.Insert(slices.Clone(s.replayed), i, offset) // a copy of a shelf keeps its own
	}
	s.from(s.next)
}

// from says that everything before an offset is done with; next goes on from there past what was replayed.
func (s *shelf) from(offset int64) {
	s.next = max(s.next, offset)
	for len(s.replayed) > 0 && s.replayed[0] <= s.next {
		if s.replayed[0] == s.next {
			s.next++
		}
		s.replayed = s.replayed[1:]
	}
}

// full says that no more letters can be remembered one by one.
func (s *shelf) full() error {
	if len(s.replayed) <= maxReplayed {
		return nil
	}
	return fmt.Errorf("%d letters of partition %d were replayed one by one, more cannot be remembered: replay %s first, or --all", maxReplayed, s.partition, Place{s.partition, s.next})
}

// metadata names what was replayed behind next.
func (s *shelf) metadata() string {
	parts := make([]string, len(s.replayed))
	for i, offset := range s.replayed {
		parts[i] = strconv.FormatInt(offset-s.next, 10) // short, since relative
	}
	return strings.Join(parts, ",")
}

func (s *shelf) readMetadata(text string) {
	base := s.next
	for part := range strings.SplitSeq(text, ",") {
		if ahead, err := strconv.ParseInt(part, 10, 64); err == nil && ahead > 0 { // what is not ours is not obeyed
			s.mark(base + ahead)
		}
	}
}
