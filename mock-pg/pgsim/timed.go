package pgsim

import (
	"log/slog"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"gazua.example/mock-pg/pgsim/script"
)

// timetable is the timed fault schedule: what the means suffers from, and when, apart from what tokens ask for.
//
//	requests:  override ─► the token's script ─► fault ─► the schedule       the first that speaks of the operation
//
//	entry 0:        ├────── charge=5xx/503 ──────┤
//	entry 1:                 ├─ charge=silent ─┤                             where two are active, the later in the
//	charges:   ok · │ 503  · │ silent          │ 503 │ ok                    document goes first
//
// It runs by the monotonic clock, from the moment the document is taken. Which entries are active is a function of the
// time alone, so a request pays for one atomic load, and with a schedule for a look at the clock; the timer only tells the
// log. A new document replaces the one before it.
type timetable struct {
	log  *slog.Logger
	live atomic.Pointer[timedRun] // nil: nothing is planned any more

	mu    sync.Mutex
	last  *timedRun   // for whoever asks; also when it is over
	timer *time.Timer // of the next change
}

// timedRun is one document, running. What it struck changes, and nothing else.
type timedRun struct {
	began   time.Time
	entries []timedEntry
	struck  []atomic.Int64 // by entry
	changes []change       // by time
	stopped time.Duration  // when it was ended before its time; 0: it was not. The timetable's lock guards it
}

// change says which entries are active from a moment on, until the next: the later ones in the document first.
type change struct {
	at     time.Duration
	active []int
}

func newTimedRun(entries []timedEntry) *timedRun {
	r := &timedRun{began: time.Now(), entries: entries, struck: make([]atomic.Int64, len(entries))}
	var moments []time.Duration
	for _, e := range entries {
		moments = append(moments, e.after, e.after+e.lasts)
	}
	slices.Sort(moments)
	for _, at := range slices.Compact(moments) {
		c := change{at: at}
		for i := len(entries) - 1; i >= 0; i-- {
			if e := entries[i]; e.after <= at && at < e.after+e.lasts {
				c.active = append(c.active, i)
			}
		}
		r.changes = append(r.changes, c)
	}
	return r
}

// activeAt lists the entries that are active.
func (r *timedRun) activeAt(elapsed time.Duration) []int {
	next := sort.Search(len(r.changes), func(i int) bool { return r.changes[i].at > elapsed })
	if next == 0 {
		return nil
	}
	return r.changes[next-1].active
}

// step is what a request meets now, of the entries that override, or of the others; false: nothing.
func (t *timetable) step(override bool, means string, seed uint64, op script.Op, nth int) (script.Step, bool) {
	if t == nil {
		return script.Step{}, false
	}
	r := t.live.Load()
	if r == nil {
		return script.Step{}, false
	}
	for _, i := range r.activeAt(time.Since(r.began)) {
		e := &r.entries[i]
		if e.override != override || e.means != "" && e.means != means || !e.strikes(i, seed, op, nth) {
			continue
		}
		if step, ok := e.script.Step(op, nth); ok {
			r.struck[i].Add(1)
			return step, true
		}
	}
	return script.Step{}, false
}

// strikes draws whether the request is among the share: the same seed, operation, number and entry give the same answer.
func (e *timedEntry) strikes(index int, seed uint64, op script.Op, nth int) bool {
	return e.share >= 1 || script.Chance(seed^uint64(index+1)<<48, op, nth) < e.share
}

// wanted is the step of the n-th request of op.
func (e *engine) wanted(plan script.Plan, op script.Op, nth int) script.Step {
	if step, ok := e.timed.step(true, e.means, plan.Seed, op, nth); ok {
		return step
	}
	if step, ok := plan.Script.Step(op, nth); ok {
		return step
	}
	if step, ok := e.timed.step(false, e.means, plan.Seed, op, nth); ok {
		return step
	}
	step, _ := e.schedule.Load().Step(op, nth)
	return step
}

// set starts a document; what ran before it is over.
func (t *timetable) set(entries []timedEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
	r := newTimedRun(entries)
	t.last = r
	t.live.Store(r)
	t.log.Info("timed faults planned", "entries", len(entries), "until", r.began.Add(r.changes[len(r.changes)-1].at).UTC())
	t.follow(r, 0)
}

// stop ends what runs.
func (t *timetable) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
}

func (t *timetable) end() {
	r := t.live.Swap(nil)
	if r == nil {
		return
	}
	t.timer.Stop()
	r.stopped = max(time.Since(r.began), 1)
	t.log.Info("timed faults ended before their time", "after", r.stopped)
}

// follow tells the log of each change when it comes. The lock is held.
func (t *timetable) follow(r *timedRun, next int) {
	t.timer = time.AfterFunc(time.Until(r.began.Add(r.changes[next].at)), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.live.Load() != r {
			return
		}
		scripts := []string{}
		for _, i := range r.changes[next].active {
			scripts = append(scripts, r.entries[i].text)
		}
		t.log.Info("timed faults", "active", scripts)
		if next+1 == len(r.changes) {
			t.live.Store(nil)
			return
		}
		t.follow(r, next+1)
	})
}
