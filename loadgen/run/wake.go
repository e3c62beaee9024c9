package run

import (
	"context"
	"time"
)

// When the engine wakes up.

// longestSleep is that of an engine that waits for answers only.
const longestSleep = time.Second

// followUpSlack is how late a follow-up may go out for the sake of a shared wake-up.
const followUpSlack = 2 * time.Millisecond

// sleep waits until something is due. Sleeps below a millisecond are rounded up to about one by the runtime's poller;
// nothing is lost by that: at the next wake-up everything that is due by then goes out as one batch, and lateness says
// how late it was.
func (e *Engine) sleep(load, settle context.Context, timer *time.Timer, next int, arriving bool) {
	wakeAt, stopped := time.Since(e.start)+longestSleep, load.Done()
	if arriving {
		wakeAt = min(wakeAt, e.nextArrival(next))
	} else {
		stopped = nil // it has done its work
	}
	// Published before the heap is read: a follow-up added in between either is seen here or sees wakeAt.
	e.wakeAt.Store(int64(wakeAt))
	if due, ok := e.later.earliest(); ok {
		// A follow-up may be a little late: it shares a wake-up with its neighbours, and wake-ups are what a generator
		// costs. (One that found no worker free is due already, and tries again then.)
		wakeAt = min(wakeAt, max(due.Sub(e.start), time.Since(e.start))+followUpSlack)
		e.wakeAt.Store(int64(wakeAt)) // what is due later than this need not wake anybody
	}
	timer.Reset(max(wakeAt-time.Since(e.start), 0))
	select {
	case <-timer.C:
	case <-e.wake:
	case <-stopped:
	case <-settle.Done():
	}
}

// schedule puts the next request into the heap.
func (e *Engine) schedule(o *open, due time.Time) {
	o.due = due
	due = e.later.add(o)
	if int64(due.Sub(e.start)+followUpSlack) < e.wakeAt.Load() {
		e.poke()
	}
}

func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default: // it wakes already
	}
}
