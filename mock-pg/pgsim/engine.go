package pgsim

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// engine is one payment means: its records, in shards with a lock each, and the state machine that its requests run
// through. The order of a request is: take the shard's lock → which step of its script → decide → append to the book (in
// memory) → apply to the record → give the lock back; the caller then waits for the book without holding anything.
// A refund stands in the record of its original, and takes that one's lock: see refund.go.
type engine struct {
	means    string
	decide   func(*turn) verdict
	book     *book.Book
	library  *script.Library
	schedule *atomic.Pointer[script.Script] // for what has no script
	timed    *timetable                     // what goes before it, for a time
	now      func() time.Time
	shards   [64]shard
	refunds  [64]refundShard
	wallets  wallets

	walletBalance int64 // what a wallet has that nobody has funded; 0: it is not bounded
}

type shard struct {
	mu      sync.Mutex
	records map[string]*record
	expiry  queue[string] // of references with a hold
	scratch [4]book.Entry
}

// taken is what became of a request. One whose step is not Decided has no answer: nothing was booked for it (yet).
type taken struct {
	answer   answer
	step     script.Step
	nth      int
	received time.Time
	delay    time.Duration
	ticket   book.Ticket // the answer must not leave before it
}

func newEngine(means string, decide func(*turn) verdict, library *script.Library, schedule *atomic.Pointer[script.Script], now func() time.Time) *engine {
	e := &engine{means: means, decide: decide, library: library, schedule: schedule, now: now}
	for i := range e.shards {
		e.shards[i].records = map[string]*record{}
	}
	return e
}

// take runs a request through the engine. A script error is the client's fault, and comes as scriptError; any other error
// means that the book refuses, and nothing may be answered as done.
func (e *engine) take(r *request) (done taken, err error) {
	if r.op == script.Refund {
		return e.takeRefund(r)
	}
	hash := hashOf(r.Reference)
	plan, err := e.plan(r, hash)
	if err != nil {
		return done, err
	}
	s := e.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.record(r, plan, hash)
	e.receive(&done, rec.plan, r.op, rec.ask(r.op))
	if done.step.Decided() {
		err = e.settle(s, rec, nil, r, &done)
	}
	return done, err
}

// arrive decides a request that was late, now that it is here.
func (e *engine) arrive(r *request, done *taken) error {
	hash := hashOf(r.Reference)
	plan, err := e.plan(r, hash)
	if err != nil {
		return err
	}
	s := e.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.settle(s, s.record(r, plan, hash), nil, r, done)
}

func (e *engine) shard(hash uint64) *shard { return &e.shards[hash%uint64(len(e.shards))] }

func (e *engine) plan(r *request, hash uint64) (script.Plan, error) {
	if !r.opens() {
		return script.Plan{}, nil
	}
	plan, err := e.library.Read(r.Token, hash)
	if err != nil {
		return script.Plan{}, scriptError{err}
	}
	return plan, nil
}

// receive looks up what the n-th request of op shall meet.
func (e *engine) receive(done *taken, plan script.Plan, op script.Op, nth int) {
	step := e.wanted(plan, op, nth)
	done.step, done.nth, done.delay = step, nth, step.Delay.Draw(plan.Seed, op, nth)
	done.received = e.now()
}

// settle decides, books and applies. The shard is locked, and for a refund its name too.
func (e *engine) settle(s *shard, rec *record, f *refund, r *request, done *taken) error {
	now := e.now()
	if rec.overdue(now) {
		if err := e.expire(rec, r.account()); err != nil {
			return err
		}
	}
	w := e.walletOf(rec, r)
	if w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := e.openWallet(w, r.op); err != nil {
			return err
		}
	}
	t := turn{
		means: e.means, request: r, record: rec, refund: f, wallet: w,
		decline: done.step.Decline, nth: done.nth, received: done.received, now: now, scratch: s.scratch[:0],
	}
	v := e.decide(&t)
	done.answer = v.answer
	if len(v.entries) == 0 {
		var err error
		done.ticket, err = e.book.Written(t.newest())
		return err
	}
	ticket, err := e.book.Append(v.entries)
	if err != nil {
		return err
	}
	done.ticket = ticket
	done.answer.stamp(&v.entries[0])
	for i := range v.entries {
		s.apply(rec, f, w, &v.entries[i])
	}
	return nil
}

// newest is the entry that must be written before anything is said about what the turn looks at.
func (t *turn) newest() uint64 {
	if t.refund != nil {
		return max(t.record.last, t.refund.seq) // the first of its name may have been another original's
	}
	return t.record.last
}

// replay applies an entry of a book that is being read again.
func (e *engine) replay(entry *book.Entry) error {
	if entry.Effect == book.Funded {
		e.wallets.find(walletKey{entry.Source, entry.Currency}).apply(entry)
		return nil
	}
	account, f := entry.Reference, (*refund)(nil)
	if entry.Original != "" {
		account, f = entry.Original, e.refundShard(entry.Reference).named(entry.Reference)
	}
	hash := hashOf(account)
	s := e.shard(hash)
	rec := s.records[account]
	if rec == nil {
		rec = &record{plan: script.Plan{Seed: hash}}
		s.records[account] = rec
	}
	if entry.Token != "" {
		plan, err := e.library.Read(entry.Token, hash)
		if err != nil {
			return err
		}
		rec.plan = plan
	}
	if entry.Effect == book.Captured && rec.find(entry.Transaction) == nil {
		return fmt.Errorf("%s was never held", book.AppendTransactionID(nil, entry.Transaction))
	}
	w := rec.wallet
	if entry.Effect == book.Held && entry.Source != "" {
		w = e.wallets.find(walletKey{entry.Source, entry.Currency})
	}
	s.apply(rec, f, w, entry)
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

func (s *shard) apply(rec *record, f *refund, w *wallet, entry *book.Entry) {
	if w != nil {
		w.apply(entry)
	}
	if f != nil {
		f.apply(rec, entry)
		return
	}
	rec.apply(entry)
	if entry.Effect == book.Held {
		rec.wallet = w
		s.expiry.add(entry.ExpiresAt.UnixNano(), entry.Reference)
	}
}

func (r *record) ask(op script.Op) int {
	r.asked[op] = more(r.asked[op])
	return int(r.asked[op])
}

// more counts up to the end of its range, and stays there.
func more(n uint8) uint8 { return n + min(1, 255-n) }

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
