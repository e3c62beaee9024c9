package record

import (
	"sync"
	"sync/atomic"
)

// Tally is everything counted while the run goes on. It is safe for concurrent use.
type Tally struct {
	Planned, Sent, Unsent          atomic.Int64
	Paid, Failed, Rejected, GaveUp atomic.Int64
	Accepted, Attempts, Looks      atomic.Int64
	Cancels, Probes                Errands
	Callbacks, CallbacksRefused    atomic.Int64
	CallbacksUntaken               atomic.Int64
	Expected, Unmet                atomic.Int64 // expectations of flows: checked, and found otherwise
	Backlog                        Backlog      // accepted and not final
	SyncResponse, Response         *Latency     // planned → answer, synchronous; sent → answer, every request
	Completion, Lateness           *Latency     // planned → final; planned → really sent
	Own                            *Latency     // planned → response, synchronous and PAID, less the delays that the outcome plan asked for
	mu                             sync.Mutex   // guards groups
	groups                         map[groupKey]*Group
	faultsSeen                     atomic.Int64
}

// Backlog counts what was answered with a promise only: requested, and completed since.
type Backlog struct{ requested, completed atomic.Int64 }

// Add 1 for what was accepted and is not final, -1 when its end was seen.
func (b *Backlog) Add(n int64) {
	if n > 0 {
		b.requested.Add(n)
	} else {
		b.completed.Add(-n)
	}
}

// Load is how many are on their way.
func (b *Backlog) Load() int64 {
	completed := b.completed.Load() // first: nothing completes before it is requested
	return b.requested.Load() - completed
}

// Requested and Completed are the async monitor's counts.
func (b *Backlog) Requested() int64 { return b.requested.Load() }

// Completed is how many have come to their end.
func (b *Backlog) Completed() int64 { return b.completed.Load() }

// Errands counts one sort of what merchants do about a payment beside asking for it.
type Errands struct{ Begun, Done, Failed, Rejected, GaveUp, Attempts, Looks atomic.Int64 }

// NewTally starts at zero.
func NewTally() *Tally {
	return &Tally{
		SyncResponse: NewLatency(), Response: NewLatency(), Completion: NewLatency(), Lateness: NewLatency(),
		Own:    NewLatency(),
		groups: map[groupKey]*Group{},
	}
}
