package pgsim

import (
	"sync"
	"sync/atomic"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// engine is one payment means: its records, in shards with a lock each, and the state machine that its requests run
// through. The order of a request is: take the shard's lock → which step of its script → decide → append to the book (in
// memory) → apply to the record → give the lock back; the caller then waits for the book without holding anything.
type engine struct {
	means    string
	decide   func(*turn) verdict
	book     *book.Book
	library  *script.Library
	schedule *atomic.Pointer[script.Script] // for what has no script
	now      func() time.Time
	shards   [64]shard
}

type shard struct {
	mu      sync.Mutex
	records map[string]*record
	expiry  queue[string] // of references with a hold
	scratch [4]book.Entry
}

// taken is what became of a request.
type taken struct {
	answer answer
	step   script.Step
	delay  time.Duration
	ticket book.Ticket // the answer must not leave before it
}

func newEngine(means string, decide func(*turn) verdict, library *script.Library, schedule *atomic.Pointer[script.Script], now func() time.Time) *engine {
	e := &engine{means: means, decide: decide, library: library, schedule: schedule, now: now}
	for i := range e.shards {
		e.shards[i].records = map[string]*record{}
	}
	return e
}

// take runs a request through the engine. A script error is the client's fault, and comes as errScript; any other error
// means that the book refuses, and nothing may be answered as done.
func (e *engine) take(r *request) (taken, error) {
	hash := hashOf(r.Reference)
	s := &e.shards[hash%uint64(len(e.shards))]
	var plan script.Plan
	if r.opens() {
		var err error
		if plan, err = e.library.Read(r.Token, hash); err != nil {
			return taken{}, scriptError{err}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.record(r, plan, hash)
	nth := rec.ask(r.op)
	step, scripted := rec.plan.Script.Step(r.op, nth)
	if !scripted {
		step, _ = e.schedule.Load().Step(r.op, nth)
	}
	done := taken{step: step, delay: step.Delay.Draw(rec.plan.Seed, r.op, nth)}
	if step.Fault != nil && !step.After {
		return done, nil
	}
	err := e.settle(s, rec, r, nth, &done)
	return done, err
}

// settle decides, books and applies. The shard is locked.
func (e *engine) settle(s *shard, rec *record, r *request, nth int, done *taken) error {
	now := e.now()
	if rec.overdue(now) {
		if err := e.expire(rec, r.Reference); err != nil {
			return err
		}
	}
	t := turn{means: e.means, request: r, record: rec, decline: done.step.Decline, nth: nth, now: now, scratch: s.scratch[:0]}
	v := e.decide(&t)
	done.answer = v.answer
	if len(v.entries) == 0 {
		var err error
		done.ticket, err = e.book.Written(rec.last)
		return err
	}
	ticket, err := e.book.Append(v.entries)
	if err != nil {
		return err
	}
	done.ticket = ticket
	done.answer.stamp(&v.entries[0])
	for i := range v.entries {
		s.apply(rec, &v.entries[i])
	}
	return nil
}

// replay applies an entry of a book that is being read again.
func (e *engine) replay(entry *book.Entry) error {
	hash := hashOf(entry.Reference)
	s := &e.shards[hash%uint64(len(e.shards))]
	rec := s.records[entry.Reference]
	if rec == nil {
		rec = &record{plan: script.Plan{Seed: hash}}
		s.records[entry.Reference] = rec
	}
	if entry.Token != "" {
		plan, err := e.library.Read(entry.Token, hash)
		if err != nil {
			return err
		}
		rec.plan = plan
	}
	s.apply(rec, entry)
	return nil
}

// record finds the reference, and remembers it from its first charge, reservation or ending on. Asking about a reference
// leaves no trace.
func (s *shard) record(r *request, plan script.Plan, hash uint64) *record {
	rec := s.records[r.Reference]
	if rec == nil {
		rec = &record{plan: script.Plan{Seed: hash}}
		if r.op != script.Inquiry {
			s.records[r.Reference] = rec
		}
	}
	if r.opens() {
		rec.plan = plan
	}
	return rec
}

func (s *shard) apply(rec *record, entry *book.Entry) {
	rec.apply(entry)
	if entry.Effect == book.Held {
		s.expiry.add(entry.ExpiresAt.UnixNano(), entry.Reference)
	}
}

func (r *record) ask(op script.Op) int {
	if r.asked[op] < 255 {
		r.asked[op]++
	}
	return int(r.asked[op])
}

// scriptError is a token whose script cannot be read.
type scriptError struct{ error }

// hashOf is FNV-1a: it picks the shard, and is the seed of a reference whose token has none, so it must be the same in
// every run.
func hashOf(reference string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(reference) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
