package payment

import (
	"errors"
	"strconv"
	"sync"
	"time"
)

// ID names a payment and carries its time of creation: 41 bits of milliseconds since 2026-01-01, 10 of the node that
// made it, 12 of a sequence within the millisecond. So a day is a range of ids, which is what the partitions are cut by.
type ID uint64

const (
	sequenceBits = 12
	nodeBits     = 10
	// Nodes is how many processes can make ids at one time.
	Nodes = 1 << nodeBits
)

var idEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// FirstIDAt is the smallest id of that millisecond; the border of a partition. Times that no id can have (before 2026,
// after 2095) count as the first or the last that one can.
func FirstIDAt(t time.Time) ID {
	const last = 1<<(63-nodeBits-sequenceBits) - 1
	return ID(min(max(t.Sub(idEpoch).Milliseconds(), 0), last)) << (nodeBits + sequenceBits)
}

// Time is when the payment was created, to the millisecond, by the clock of the API that did it.
func (id ID) Time() time.Time {
	return idEpoch.Add(time.Duration(id>>(nodeBits+sequenceBits)) * time.Millisecond)
}

func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }

// ParseID reads what String wrote.
func ParseID(text string) (ID, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n>>63 != 0 || text[0] == '0' || text[0] == '+' {
		return 0, errors.New("a payment id is a decimal number")
	}
	return ID(n), nil
}

// IDs makes ids for one node. Its time never goes back: when the clock does, the last time goes on.
type IDs struct {
	clock Clock
	node  uint64

	mu   sync.Mutex
	last uint64 // (ms << sequenceBits) | sequence; an overflowing sequence borrows the next millisecond
}

// NewIDs makes a source of ids; node is given out by the database at each start of a process.
func NewIDs(clock Clock, node uint64) *IDs {
	return &IDs{clock: clock, node: node % Nodes}
}

// Next returns an id greater than each one before.
func (s *IDs) Next() ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := uint64(s.clock.Now().Sub(idEpoch).Milliseconds()) << sequenceBits
	s.last = max(now, s.last+1)
	ms, sequence := s.last>>sequenceBits, s.last&(1<<sequenceBits-1)
	return ID(ms<<(nodeBits+sequenceBits) | s.node<<sequenceBits | sequence)
}
