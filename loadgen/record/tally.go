package record

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Tally is everything counted while the run goes on. It is safe for concurrent use.
type Tally struct {
	Planned, Sent, Unsent          atomic.Int64
	Paid, Failed, Rejected, GaveUp atomic.Int64
	Accepted, Attempts, Looks      atomic.Int64
	Cancels, Probes                Errands
	Callbacks, CallbacksRefused    atomic.Int64
	CallbacksUntaken               atomic.Int64
	Backlog                        atomic.Int64 // accepted and not final
	SyncResponse, Response         *Latency     // planned → answer, synchronous; sent → answer, every request
	Completion, Lateness           *Latency     // planned → final; planned → really sent
	mu                             sync.Mutex   // guards groups
	groups                         map[groupKey]*Group
	faultsSeen                     atomic.Int64
}

// Errands counts one sort of what merchants do about a payment beside asking for it.
type Errands struct{ Begun, Done, Failed, Rejected, GaveUp, Attempts, Looks atomic.Int64 }

// NewTally starts at zero.
func NewTally() *Tally {
	return &Tally{
		SyncResponse: NewLatency(), Response: NewLatency(), Completion: NewLatency(), Lateness: NewLatency(),
		groups: map[groupKey]*Group{},
	}
}

// Try says where in the life of a payment, a cancellation or a probe a fault was met.
type Try string

// The tries: a first attempt that fails is what the network does; a fault that is left after all repeats is what the
// merchant suffers.
const (
	First  Try = "first attempt"
	Repeat Try = "repeat"
	Look   Try = "look"
	Left   Try = "left after all repeats"

	Callback Try = "callback" // one that was received and not taken
)

// Group is all faults of one kind.
type Group struct {
	Try   Try       `json:"try"`
	Phase string    `json:"phase"`
	Class string    `json:"class"`
	Code  string    `json:"code"`
	Count int64     `json:"count"`
	First time.Time `json:"first_seen"`
	Last  time.Time `json:"last_seen"`
}

type groupKey struct {
	try                Try
	phase, class, code string
}

// maxGroups bounds the memory that a target with inventive errors can take.
const maxGroups = 1000

// Fault counts one fault in its group.
func (t *Tally) Fault(try Try, phase, class, code string, at time.Time) {
	if try != Left { // its attempts are counted
		t.faultsSeen.Add(1)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := groupKey{try, phase, class, code}
	if len(t.groups) >= maxGroups && t.groups[key] == nil {
		key = groupKey{try, phase, "other", "more kinds than are kept"}
	}
	g := t.groups[key]
	if g == nil {
		g = &Group{Try: try, Phase: phase, Class: key.class, Code: key.code, First: at}
		t.groups[key] = g
	}
	g.Count++
	g.Last = at
}

// Faults is how many there were so far.
func (t *Tally) Faults() int64 { return t.faultsSeen.Load() }

// Groups lists the faults, the most frequent first.
func (t *Tally) Groups() []Group {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Group, 0, len(t.groups))
	for _, g := range t.groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Try, b.Try), cmp.Compare(a.Phase, b.Phase),
			cmp.Compare(a.Class+a.Code, b.Class+b.Code))
	})
	return list
}
