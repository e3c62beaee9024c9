package record

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Counts is the conservation of a run: Planned = Sent + Unsent, and
// Sent = Paid + Failed + Rejected + GaveUp + Pending. Pending is what was given up because the run was ended before its
// payment was.
type Counts struct {
	Planned  int64 `json:"planned"`
	Sent     int64 `json:"sent"` // payments, not attempts
	Unsent   int64 `json:"unsent"`
	Paid     int64 `json:"paid"`
	Failed   int64 `json:"failed"`
	Rejected int64 `json:"rejected"` // a definite 4xx
	GaveUp   int64 `json:"gave_up"`  // the merchant's deadline passed
	Pending  int64 `json:"pending"`
	Accepted int64 `json:"accepted"` // promised with a 2xx
	Attempts int64 `json:"attempts"`
	Looks    int64 `json:"looks"` // GETs
}

// Tally is everything counted while the run goes on. It is safe for concurrent use.
type Tally struct {
	Planned, Sent, Unsent          atomic.Int64
	Paid, Failed, Rejected, GaveUp atomic.Int64
	Accepted, Attempts, Looks      atomic.Int64
	Backlog                        atomic.Int64 // accepted and not final
	SyncResponse, Response         *Latency     // planned → answer, synchronous; sent → answer, every request
	Completion, Lateness           *Latency     // planned → final; planned → really sent
	mu                             sync.Mutex   // guards groups
	groups                         map[groupKey]*Group
	faultsSeen                     atomic.Int64
}

// NewTally starts at zero.
func NewTally() *Tally {
	return &Tally{
		SyncResponse: NewLatency(), Response: NewLatency(), Completion: NewLatency(), Lateness: NewLatency(),
		groups: map[groupKey]*Group{},
	}
}

// Counts reads the counters. The sums hold once the run is over.
func (t *Tally) Counts() Counts {
	c := Counts{
		Planned: t.Planned.Load(), Sent: t.Sent.Load(), Unsent: t.Unsent.Load(), Paid: t.Paid.Load(), Failed: t.Failed.Load(),
		Rejected: t.Rejected.Load(), GaveUp: t.GaveUp.Load(), Accepted: t.Accepted.Load(), Attempts: t.Attempts.Load(),
		Looks: t.Looks.Load(),
	}
	c.Pending = c.Sent - c.Paid - c.Failed - c.Rejected - c.GaveUp
	return c
}

// Try says where in a payment's life a fault was met.
type Try string

// The tries: a first attempt that fails is what the network does; a fault that is left after all repeats is what the
// merchant suffers.
const (
	First  Try = "first attempt"
	Repeat Try = "repeat"
	Look   Try = "look"
	Left   Try = "left after all repeats"
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
