package run

import (
	"container/heap"
	"sync"
	"time"
)

// followUps holds the payments that wait for their next request, the earliest on top. Its size is bounded by the
// engine's bound on open payments.
type followUps struct {
	mu      sync.Mutex // guards waiting
	waiting byDue
}

func (f *followUps) add(o *open) {
	f.mu.Lock()
	defer f.mu.Unlock()
	heap.Push(&f.waiting, o)
}

// take removes the earliest if it is due, else returns nil.
func (f *followUps) take(now time.Time) *open {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) == 0 || f.waiting[0].due.After(now) {
		return nil
	}
	return heap.Pop(&f.waiting).(*open)
}

// earliest says when the next one is due.
func (f *followUps) earliest() (due time.Time, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) == 0 {
		return time.Time{}, false
	}
	return f.waiting[0].due, true
}

// byDue is a heap.Interface.
type byDue []*open

func (b byDue) Len() int           { return len(b) }
func (b byDue) Less(i, k int) bool { return b[i].due.Before(b[k].due) }
func (b byDue) Swap(i, k int)      { b[i], b[k] = b[k], b[i] }
func (b *byDue) Push(o any)        { *b = append(*b, o.(*open)) }
func (b *byDue) Pop() any {
	last := len(*b) - 1
	o := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	return o
}
