package run

import (
	"container/heap"
	"sync"
	"time"
)

// followUps holds what waits for its next request, the earliest on top. Its size is bounded by the engine's bound on open
// payments.
type followUps struct {
	mu       sync.Mutex // guards all below, and place and told of each open
	waiting  byDue
	expected map[event]*open // accepted and not ended, by what a callback would tell of
}

// event is what a callback tells of: a payment, or one of its cancellations.
type event struct {
	id  string
	seq int
}

// add returns when it is really due: at once when a callback came while it was looked at.
func (f *followUps) add(o *open) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.told {
		o.told, o.due = false, time.Now()
	}
	heap.Push(&f.waiting, o)
	return o.due
}

// rouse makes the turn of a walk due now, wherever it is, and returns when it is due.
func (f *followUps) rouse(o *open, now time.Time) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case o.place > 0 && o.due.After(now):
		o.due = now
		heap.Fix(&f.waiting, o.place-1)
	case o.idle:
		o.idle, o.due = false, now
		heap.Push(&f.waiting, o)
	case o.place == 0:
		o.told = true // a worker has it, and may have looked around already
	}
	return now
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

// expect notes that a callback may come for what was accepted.
func (f *followUps) expect(o *open) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.expected == nil {
		f.expected = map[event]*open{}
	}
	f.expected[event{o.id, o.seq}] = o
}

func (f *followUps) forget(o *open) {
	if !o.accepted {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.expected, event{o.id, o.seq})
}

// hurry makes the next look at it due now. False: nothing waits for it here (any more, or yet).
func (f *followUps) hurry(told event, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.expected[told]
	if o == nil {
		return false
	}
	if o.place == 0 {
		o.told = true // the look that is on its way may have been answered before the end
		return false
	}
	if o.due.After(now) {
		o.due = now
		heap.Fix(&f.waiting, o.place-1)
	}
	return true
}

// byDue is a heap.Interface.
type byDue []*open

func (b byDue) Len() int           { return len(b) }
func (b byDue) Less(i, k int) bool { return b[i].due.Before(b[k].due) }
func (b byDue) Swap(i, k int) {
	b[i], b[k] = b[k], b[i]
	b[i].place, b[k].place = i+1, k+1
}

func (b *byDue) Push(x any) {
	o := x.(*open)
	*b = append(*b, o)
	o.place = len(*b)
}

func (b *byDue) Pop() any {
	last := len(*b) - 1
	o := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	o.place = 0
	return o
}
