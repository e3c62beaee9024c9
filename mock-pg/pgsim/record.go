package pgsim

import (
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// record is everything one means knows of one reference. The shard's lock guards it.
//
// It changes in one way only: apply, with an entry of the book. So what is rebuilt from the book after a crash is what was
// there before. Two fields are the exception, since requests that book nothing change them as well: plan and asked. A
// script therefore goes on after a crash behind the last request that was booked.
type record struct {
	orderID, merchant, currency string
	plan                        script.Plan
	asked                       [script.Ops]uint8 // requests of each operation so far, saturating
	declinedFor                 string            // the code of the newest decline
	tombstone                   bool              // what was net-cancelled, or released before it came, is never booked again
	last                        uint64            // seq of the newest entry
	amount                      int64             // of the newest request that carried one and took money, if any did
	first                       transaction
	more                        []transaction // duplicates of a charge
	refunds                     *refund       // the newest that took money; each leads to the one before it
	wallet                      *wallet       // of the reservation; nil: it came from none
}

// transaction is one hold or one taking of money.
type transaction struct {
	id     uint64 // 0: there is none
	status status
	amount int64
	at     int64 // ns since 1970: when it was booked, then when it was captured
	until  int64 // ns since 1970: when a hold expires
}

type status uint8

const (
	held status = iota
	captured
	released
	expired
	voided
)

var statusNames = [...]string{"HELD", "CAPTURED", "RELEASED", "EXPIRED", "VOIDED"}

func (t *transaction) live() bool { return t.id != 0 && (t.status == held || t.status == captured) }

// apply makes the change that the entry stands for, live and when the book is read again.
func (r *record) apply(e *book.Entry) {
	r.last = e.Seq
	if op, ok := script.OpByName(e.Op); ok {
		r.asked[op] = max(r.asked[op], uint8(e.Nth))
		if (op == script.Charge || op == script.Reserve) && (r.first.id == 0 || e.Effect == book.Charged) {
			r.orderID, r.merchant, r.currency, r.amount = e.OrderID, e.Merchant, e.Currency, e.Amount
		}
	}
	switch e.Effect {
	case book.Charged:
		r.open(transaction{id: e.Transaction, status: captured, amount: e.Amount, at: e.At.UnixNano()})
	case book.Held:
		r.open(transaction{id: e.Transaction, status: held, amount: e.Amount, at: e.At.UnixNano(), until: e.ExpiresAt.UnixNano()})
	case book.Captured:
		r.end(e, captured)
		r.find(e.Transaction).at = e.At.UnixNano()
	case book.Released:
		r.end(e, released)
	case book.Voided:
		r.end(e, voided)
	case book.Expired:
		r.end(e, expired)
	case book.Declined:
		r.declinedFor = e.Code
	case book.Canceled:
		r.tombstone = r.tombstone || e.Code != codeNoTombstone
	case book.Refused:
		// A void of points that were never there is refused, and still keeps them from coming later.
		r.tombstone = r.tombstone || e.Op == script.Void.String() && e.Code == codeNotFound && e.Means != PG
	}
}

func (r *record) open(t transaction) {
	if r.first.id == 0 {
		r.first = t
		return
	}
	r.more = append(r.more, t)
}

// end moves a transaction on; an entry without one (the release of a reference never seen) leaves a tombstone.
func (r *record) end(e *book.Entry, to status) {
	if t := r.find(e.Transaction); t != nil {
		t.status = to
		return
	}
	r.tombstone = true
}

func (r *record) find(id uint64) *transaction {
	for t := range r.transactions {
		if t.id == id {
			return t
		}
	}
	return nil
}

// transactions ranges over all of them, oldest first.
func (r *record) transactions(yield func(*transaction) bool) {
	if r.first.id == 0 || !yield(&r.first) {
		return
	}
	for i := range r.more {
		if !yield(&r.more[i]) {
			return
		}
	}
}

func (r *record) liveCount() (n int) {
	for t := range r.transactions {
		if t.live() {
			n++
		}
	}
	return n
}

// current is the transaction an inquiry speaks of: the oldest live one, else the newest.
func (r *record) current() *transaction {
	current := &r.first
	for t := range r.transactions {
		if t.live() {
			return t
		}
		current = t
	}
	return current
}

// overdue tells a hold whose time has run out.
func (r *record) overdue(now time.Time) bool {
	return r.first.id != 0 && r.first.status == held && now.UnixNano() >= r.first.until
}
