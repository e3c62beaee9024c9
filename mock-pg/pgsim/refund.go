package pgsim

import (
	"sync"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// refund is what became of one refund's reference. Its first result is its result for ever, also when that was a refusal:
// who was not answered may ask again as often as needed, and nothing is booked a second time.
//
// A refund is a part of its original, so it is decided under the lock of the original's record; and it has a name of its
// own, so whoever comes with that name holds the name's lock first, whatever original the request speaks of:
//
//	lock of the refund's reference ─► lock of the original's shard ─► decide, book, apply
//
// asked needs the first lock only. The rest is written once, under both, and read under either.
type refund struct {
	asked     uint8  // requests so far, saturating
	seq       uint64 // of its entry: also the transaction's id when money went back; 0: nothing is booked yet
	reference string
	original  string
	currency  string
	amount    int64
	code      string // why it was refused; empty: refunded
	at        int64  // ns since 1970
	before    *refund
}

// refundShard holds the names of refunds.
type refundShard struct {
	mu     sync.Mutex
	byName map[string]*refund
}

// named finds the name, or starts to remember it. Both the caller and the replay of a book ask here.
func (s *refundShard) named(reference string) *refund {
	f := s.byName[reference]
	if f == nil {
		f = &refund{reference: reference}
		if s.byName == nil {
			s.byName = map[string]*refund{}
		}
		s.byName[reference] = f
	}
	return f
}

func (e *engine) refundShard(reference string) *refundShard {
	return &e.refunds[hashOf(reference)%uint64(len(e.refunds))]
}

// takeRefund runs a refund through the engine. The script is that of the original's token.
func (e *engine) takeRefund(r *request) (done taken, err error) {
	names := e.refundShard(r.Reference)
	names.mu.Lock()
	defer names.mu.Unlock()
	f := names.named(r.Reference)
	f.asked = more(f.asked)

	hash := hashOf(r.Original)
	s := e.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.records[r.Original]
	if rec == nil {
		rec = &record{plan: script.Plan{Seed: hash}}
	}
	e.receive(&done, rec.plan, r.op, int(f.asked))
	if done.step.Decided() {
		err = e.settle(s, rec, f, r, &done)
	}
	if rec.last != 0 {
		s.records[r.Original] = rec
	}
	return done, err
}

// decideRefund is the same for all means: what was captured goes back, in parts or as a whole, until nothing is left.
func (t *turn) decideRefund() verdict {
	x := t.record.oldestCaptured()
	switch {
	case t.refund.seq != 0 && !t.refund.isOf(t.request):
		return verdict{answer: answer{result: "refused", code: codeAnother}}
	case t.refund.seq != 0:
		return verdict{answer: t.refund.answer()}
	case t.decline != "":
		return t.refuse(t.decline)
	case x == nil || t.request.Currency != t.record.currency:
		return t.refuse(codeNotFound)
	case t.request.Amount > x.amount-t.record.refunded():
		return t.refuse(codeExceeds)
	}
	return t.book("refunded", t.entry(book.Refunded, ""))
}

func (f *refund) isOf(r *request) bool {
	return f.original == r.Original && f.amount == r.Amount && f.currency == r.Currency
}

// answer is the first result again.
func (f *refund) answer() answer {
	if f.code != "" {
		return answer{result: "refused", code: f.code, repeated: true}
	}
	return answer{
		result: "refunded", transaction: f.seq, amount: f.amount, currency: f.currency, bookedAt: time.Unix(0, f.at).UTC(), repeated: true,
	}
}

// apply makes the change that the entry stands for, live and when the book is read again.
func (f *refund) apply(r *record, e *book.Entry) {
	r.last = e.Seq
	f.asked = max(f.asked, uint8(e.Nth))
	f.seq, f.original, f.amount, f.currency, f.code, f.at = e.Seq, e.Original, e.Amount, e.Currency, e.Code, e.At.UnixNano()
	if e.Effect == book.Refunded {
		f.before, r.refunds = r.refunds, f
	}
}

// refunded is how much of the original has gone back.
func (r *record) refunded() (sum int64) {
	for f := r.refunds; f != nil; f = f.before {
		sum += f.amount
	}
	return sum
}

// oldestCaptured is the taking of money that refunds go back on: none of them can be voided any more once one did.
func (r *record) oldestCaptured() *transaction {
	for x := range r.transactions {
		if x.status == captured {
			return x
		}
	}
	return nil
}
