package mysql

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// GroupOptions bound how the work of several requests shares one transaction. The commit is what costs, so what comes
// while one is under way is gathered and committed together.
type GroupOptions struct {
	Max        int           // members of one transaction. 1 is the plain way: a transaction a step, as many at a time as there are connections
	Bytes      int           // a transaction that holds so many takes no more members; 0: no bound
	Wait       time.Duration // how long a transaction that is not full waits for more while another one is under way
	Committers int           // transactions of one kind under way at one time; few beat many
}

// DefaultGroup is what docs/measurements/speed.md found best: with two committers each transaction has half of the members.
func DefaultGroup() GroupOptions {
	return GroupOptions{Max: 128, Bytes: 1 << 20, Wait: time.Millisecond, Committers: 1}
}

// group gathers members and hands them, together, to run.
//
//	request ─► do ─┐
//	request ─► do ─┼─► committer: the first of them and all that wait already
//	request ─► do ─┘            ─► run(batch): one transaction ─► each gets its own result
//
// A lone request never waits: nobody else is committing.
type group[T, R any] struct {
	options GroupOptions
	kind[T, R]
	waiting chan member[T, R]
	commits *commits
	busy    atomic.Int32 // committers at work
	working sync.WaitGroup
	mu      sync.RWMutex // held for reading by who hands over: nobody does any more once closed is set
	closed  bool
}

// errClosed: who works on after the store was closed would wait for a committer that is gone.
var errClosed = errors.New("the store is closed")

// kind is what a group has to know of its members.
type kind[T, R any] struct {
	name string
	step func(T) string                 // what a member does, in metrics and spans
	run  func(context.Context, []T) []R // in one transaction; one result a member
	size func(T) int                    // about how many bytes a member sends
	// failed is the result of a member whose transaction was not begun.
	failed func(T, error) R
	// lapses says that a member is not begun when its caller has given up; one that does not is committed all the same.
	lapses func(T) bool
}

type member[T, R any] struct {
	item   T
	caller context.Context
	result chan R
	handed handedOver
}

// groupBound is the backstop for one transaction; statements and locks have shorter ones of their own.
const groupBound = 30 * time.Second

func newGroup[T, R any](o GroupOptions, k kind[T, R]) *group[T, R] {
	g := &group[T, R]{options: o, kind: k, waiting: make(chan member[T, R], o.Max), commits: newCommits(k.name)}
	if o.Max > 1 {
		for range o.Committers {
			g.working.Go(g.commit)
		}
	}
	return g
}

// do hands members over and waits for all their results, in order. It does not give up early: a row that is in a batch is
// committed or not whether its caller waits or not, and the caller has to know.
func (g *group[T, R]) do(ctx context.Context, items []T) []R {
	if len(items) == 0 {
		return nil
	}
	step := g.step(items[0]) // a caller's items are all of one
	span := g.commits.handed(ctx, step)
	if span != nil {
		defer span.End()
	}
	members := make([]member[T, R], len(items))
	for i, item := range items {
		members[i] = member[T, R]{item, ctx, make(chan R, 1), handedOver{step, time.Now(), span}}
	}
	g.handOver(members)
	results := make([]R, len(items))
	for i := range members {
		results[i] = <-members[i].result
	}
	return results
}

func (g *group[T, R]) handOver(members []member[T, R]) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for i, m := range members {
		switch {
		case g.closed:
			m.result <- g.failed(m.item, errClosed)
		case g.options.Max == 1:
			g.working.Go(func() { g.flush(members[i : i+1]) })
		default:
			g.waiting <- m
		}
	}
}

// end stops the committers, after what was handed over; who comes later is refused.
func (g *group[T, R]) end() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	close(g.waiting)
	g.working.Wait()
}

func (g *group[T, R]) commit() {
	for first := range g.waiting {
		others := g.busy.Add(1) > 1
		g.flush(g.gather(first, others))
		g.busy.Add(-1)
	}
}

// flush commits a batch and tells each member its result.
func (g *group[T, R]) flush(batch []member[T, R]) {
	if batch = g.dropped(batch); len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), groupBound)
	defer cancel()
	items, handed := make([]T, len(batch)), make([]handedOver, len(batch))
	for i := range batch {
		items[i], handed[i] = batch[i].item, batch[i].handed
	}
	began := time.Now()
	results := g.run(g.commits.begun(ctx, began, handed), items)
	g.commits.ended(ctx, began)
	for i, result := range results {
		batch[i].result <- result
	}
}

// dropped takes out the members whose callers gave up while they waited for their turn.
func (g *group[T, R]) dropped(batch []member[T, R]) []member[T, R] {
	return slices.DeleteFunc(batch, func(m member[T, R]) bool {
		err := m.caller.Err()
		if err == nil {
			return false
		}
		lapses := g.lapses(m.item)
		if lapses {
			m.result <- g.failed(m.item, err)
		}
		return lapses
	})
}

// gather is a batch: first, and what waits already; while others are committing, what comes within the wait, too.
func (g *group[T, R]) gather(first member[T, R], others bool) []member[T, R] {
	batch, bytes := []member[T, R]{first}, g.size(first.item)
	var enough <-chan time.Time
	for len(batch) < g.options.Max && (g.options.Bytes == 0 || bytes < g.options.Bytes) {
		select {
		case next, more := <-g.waiting:
			if !more {
				return batch
			}
			batch, bytes = append(batch, next), bytes+g.size(next.item)
			continue
		default:
		}
		if !others || g.options.Wait <= 0 {
			return batch
		}
		if enough == nil {
			enough = time.After(g.options.Wait)
		}
		select {
		case next, more := <-g.waiting:
			if !more {
				return batch
			}
			batch, bytes = append(batch, next), bytes+g.size(next.item)
		case <-enough:
			return batch
		}
	}
	return batch
}

// smaller does a batch again, in parts, that failed as a whole: in halves, so that one bad member is found in a few steps. A lock that was not
// given is waited for by every part that wants it, so there each goes alone and only one waits again.
func smaller[T, R any](batch []T, err error, do func([]T) []R) (results []R) {
	size := (len(batch) + 1) / 2
	if isServerError(err, errLockWait) {
		size = 1
	}
	for part := range slices.Chunk(batch, size) {
		results = append(results, do(part)...)
	}
	return results
}
