package pgsim

import (
	"time"

	"gazua.example/mock-pg/pgsim/book"
)

// A hold ends when its time has run out. Whoever touches the reference next books that (settle), and the sweeper books it
// for those that nobody touches, so that the book shows every end.

// sweep books the expiry of every hold that is overdue.
func (e *engine) sweep() error {
	now := e.now()
	for i := range e.shards {
		if err := e.sweepShard(&e.shards[i], now); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) sweepShard(s *shard, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		reference, ok := s.expiry.takeDue(now.UnixNano())
		if !ok {
			return nil
		}
		// Most holds were confirmed or released long before; those are not overdue.
		if rec := s.records[reference]; rec.overdue(now) {
			if err := e.expire(rec, reference); err != nil {
				return err
			}
		}
	}
}

// expire books the end of a hold. Nobody waits for it: whoever reads it waits for the record's newest entry.
func (e *engine) expire(rec *record, reference string) error {
	entries := []book.Entry{{
		Means: e.means, Op: "expire", Effect: book.Expired, Reference: reference, OrderID: rec.orderID, Merchant: rec.merchant,
		Amount: rec.first.amount, Currency: rec.currency, Transaction: rec.first.id,
	}}
	if w := rec.wallet; w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		entries[0].Source = w.key.source
	}
	if _, err := e.book.Append(entries); err != nil {
		return err
	}
	if rec.wallet != nil {
		rec.wallet.apply(&entries[0])
	}
	rec.apply(&entries[0])
	return nil
}
