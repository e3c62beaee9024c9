// Package verify judges a run. It compares three sources that share no code with the system: the client's journal, the
// payment database, and the mock PG's book of what was really booked.
//
// Each source becomes a stream sorted by payment id; the streams are merged, and each payment is judged with what all
// three say about it. Invariant 1 is judged a second way, by order, because it must hold at every prefix of the book.
// The invariants keep the numbers that they have in the project's rules; 4, 5 and 8 to 15 are not judged here yet.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scope is what belongs to the run.
type Scope struct {
	FromID  uint64 `json:"payments_after_id"`      // the newest payment when the run started
	ToID    uint64 `json:"payments_up_to_id"`      // the newest when it had settled; 0: up to now
	FromSeq uint64 `json:"book_entries_after_seq"` // the newest entry of the book when the run started
}

// idSkew is how far an id may lie below FromID and yet be younger: ids carry the clock of the machine that made them, and
// two of them may each be 5 s off. 22 bits below the milliseconds.
const idSkew = 10_000 << 22

// contains says whether a payment is the run's to judge.
func (s Scope) contains(id uint64, order, run string) bool {
	return (id > s.FromID || strings.HasPrefix(order, run+"-")) && (s.ToID == 0 || id <= s.ToID)
}

func (s Scope) firstID() uint64 {
	if s.FromID < idSkew {
		return 0
	}
	return s.FromID - idSkew
}

func (s Scope) lastID() uint64 { return cmp.Or(s.ToID, 1<<63-1) }

// Sources are where the facts come from.
type Sources struct {
	Journal  string // path
	Database *Database
	Book     Book
}

// verifyBound is far above what ten million payments take: a source that stopped in the middle of an answer must not
// hold a run for ever.
const verifyBound = 30 * time.Minute

// Verify reads everything and judges it. An error means that there is no verdict.
func Verify(ctx context.Context, from Sources, scope Scope) (*Verdict, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, verifyBound)
	defer cancel()
	run, seen, err := readJournal(from.Journal)
	if err != nil {
		return nil, err
	}
	movements, err := readBook(ctx, from.Book, scope, run)
	if err != nil {
		return nil, err
	}
	verdict := newVerdict(run, scope, began)
	verdict.Sent, verdict.Booked = len(seen), len(movements)

	orders := make([]order, 0, len(seen))
	for i := range seen {
		s := &seen[i]
		verdict.check(7, int64(s.Answers))
		orders = append(orders, order{merchant: s.Merchant, name: s.Order, amount: s.Amount})
	}
	slices.SortStableFunc(seen, func(a, b Seen) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(movements, func(a, b movement) int { return cmp.Compare(a.payment, b.payment) })

	for c, err := range merge(seen, from.Database.Payments(ctx, scope.firstID(), scope.lastID()), movements) {
		if err != nil {
			return nil, err
		}
		if c.Row != nil && !scope.contains(c.ID, c.Row.Order, run) && c.Seen == nil && len(c.Booked) == 0 {
			continue
		}
		if c.Row != nil {
			verdict.Payments++
			orders = append(orders, order{merchant: c.Row.Merchant, name: c.Row.Order, amount: c.Row.Amount})
		}
		if c.Row != nil && c.Seen == nil && !strings.HasPrefix(c.Row.Order, run+"-") {
			verdict.Foreign++
		}
		judge(verdict, &c)
	}
	judgeOrders(verdict, orders, movements)
	verdict.close()
	if err := verdict.tellHistories(ctx, from); err != nil {
		return nil, fmt.Errorf("collect the histories of the offenders: %w", err)
	}
	return verdict, nil
}

// Case is all that the three sources say about one payment id.
type Case struct {
	ID     uint64
	Seen   *Seen    // nil: the client saw no 2xx for it
	Row    *Payment // nil: not in the database
	Booked []movement
}

// merge walks the three streams, each sorted by payment id.
func merge(seen []Seen, rows iter.Seq2[Payment, error], booked []movement) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for len(seen) > 0 && seen[0].ID == 0 {
			seen = seen[1:] // nothing was promised, so there is nothing to compare
		}
		next, stop := iter.Pull2(rows)
		defer stop()
		row, err, more := next()
		for len(seen) > 0 || len(booked) > 0 || more {
			if err != nil {
				yield(Case{}, err)
				return
			}
			c := Case{ID: ^uint64(0)}
			if len(seen) > 0 {
				c.ID = seen[0].ID
			}
			if len(booked) > 0 {
				c.ID = min(c.ID, booked[0].payment)
			}
			if more {
				c.ID = min(c.ID, row.ID)
			}
			// Two payments of the client may name one id only by a fault of the system: each is a case of its own.
			if len(seen) > 0 && seen[0].ID == c.ID {
				c.Seen, seen = &seen[0], seen[1:]
			}
			again := len(seen) > 0 && seen[0].ID == c.ID
			if more && row.ID == c.ID {
				found := row
				c.Row = &found
				if !again {
					row, err, more = next()
				}
			}
			if !again {
				n := 0
				for n < len(booked) && booked[n].payment == c.ID {
					n++
				}
				c.Booked, booked = booked[:n], booked[n:]
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// movement is one entry of the book, with what its reference names.
type movement struct {
	Entry
	payment  uint64 // 0: the reference names no payment
	leg      uint8
	merchant uint32
}

// readBook keeps what moves money and belongs to the run. A reference that names no payment is kept always.
func readBook(ctx context.Context, book Book, scope Scope, run string) ([]movement, error) {
	var kept []movement
	for entry, err := range book.Entries(ctx, scope.FromSeq) {
		if err != nil {
			return nil, err
		}
		switch entry.Effect {
		case "declined", "refused", "canceled": // moved nothing
			continue
		}
		m := movement{Entry: entry}
		id, leg, ok := entry.Payment()
		if ok {
			m.payment, m.leg = id, leg
		}
		if ok && !scope.contains(id, entry.Order, run) {
			continue // the end of an earlier run, or the start of a later one
		}
		merchant, _ := strconv.ParseUint(entry.Merchant, 10, 32) // 0 for a merchant that is none: judged as a wrong one
		m.merchant = uint32(merchant)
		kept = append(kept, m)
	}
	return kept, nil
}
