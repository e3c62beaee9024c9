package verify

import (
	"context"
	"iter"
	"strconv"
	"strings"
)

// Case is all that the sources say about one payment id.
type Case struct {
	ID     uint64
	Seen   []Seen   // empty: the client saw no 2xx for it; two name one payment only by a fault of the system
	Row    *Payment // nil: not in the database
	Booked []movement
	Stated []stated
	Called []call // what arrived, believed or not
}

// merge walks the streams, each sorted by payment id.
func merge(journal *journal, booked []movement, statements []stated, rows iter.Seq2[*Payment, error]) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		seen, calls := journal.seen, journal.calls
		_ = takeAll(&seen, 0, seenID) // nothing was promised to these, so there is nothing to compare
		next, stop := iter.Pull2(rows)
		defer stop()
		row, err, more := next()
		for {
			if err != nil {
				yield(Case{}, err)
				return
			}
			id := min(first(seen, seenID), first(booked, bookedID), first(statements, statedID), first(calls, callID))
			if more {
				id = min(id, row.ID)
			}
			if id == nobody {
				return
			}
			c := Case{
				ID: id, Seen: takeAll(&seen, id, seenID), Booked: takeAll(&booked, id, bookedID),
				Stated: takeAll(&statements, id, statedID), Called: takeAll(&calls, id, callID),
			}
			if more && row.ID == id {
				c.Row = row
				row, err, more = next()
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

const nobody = ^uint64(0)

func seenID(s *Seen) uint64       { return s.ID }
func bookedID(m *movement) uint64 { return m.Payment }
func statedID(l *stated) uint64   { return l.payment }
func callID(c *call) uint64       { return c.payment }

// first is the id at the head of a stream.
func first[T any](list []T, id func(*T) uint64) uint64 {
	if len(list) == 0 {
		return nobody
	}
	return id(&list[0])
}

// takeAll takes from the head of a stream what belongs to the id.
func takeAll[T any](list *[]T, wanted uint64, id func(*T) uint64) []T {
	n := 0
	for n < len(*list) && id(&(*list)[n]) == wanted {
		n++
	}
	taken := (*list)[:n]
	*list = (*list)[n:]
	return taken
}

// belongsTo says whether the payment is the run's to judge. Its promises and its movements were chosen when they were
// read; a row, a line of a statement or a callback may be an earlier run's.
func (c *Case) belongsTo(scope Scope, run string) bool {
	if len(c.Seen) > 0 || len(c.Booked) > 0 {
		return true
	}
	if c.Row != nil {
		return scope.contains(c.ID, c.Row.Order, run)
	}
	return scope.contains(c.ID, "", run)
}

// order is the payment's, as far as any source names it.
func (c *Case) order() string {
	switch {
	case c.Row != nil && c.Row.Order != "":
		return c.Row.Order
	case len(c.Seen) > 0:
		return c.Seen[0].Order
	case len(c.Booked) > 0:
		return c.Booked[0].Order
	}
	return ""
}

func (c *Case) reference(leg uint8) string {
	return strconv.FormatUint(c.ID, 10) + "." + strconv.Itoa(int(leg))
}

// counts adds the payment to what the verdict has looked at.
func (v *Verdict) counts(c *Case, run string) {
	if c.Row == nil {
		return
	}
	v.Payments++
	v.Cancellations += len(c.Row.Cancellations)
	if len(c.Seen) == 0 && !strings.HasPrefix(c.Row.Order, run+"-") {
		v.Foreign++
	}
}

// movement is one entry of the book, with what its reference names.
type movement struct {
	Entry
	Name     // zero: the reference names nothing
	merchant uint32
}

// readBook keeps what belongs to the run. A reference that names no payment is kept always.
func readBook(ctx context.Context, book Book, scope Scope, run string) ([]movement, error) {
	var kept []movement
	for entry, err := range book.Entries(ctx, scope.FromSeq) {
		if err != nil {
			return nil, err
		}
		m := movement{Entry: entry}
		name, ok := ParseReference(entry.Reference)
		if ok {
			m.Name = name
		}
		if ok && !scope.contains(name.Payment, entry.Order, run) {
			continue // the end of an earlier run, or the start of a later one
		}
		merchant, _ := strconv.ParseUint(entry.Merchant, 10, 32) // 0 for a merchant that is none: judged as a wrong one
		m.merchant = uint32(merchant)
		kept = append(kept, m)
	}
	return kept, nil
}

// moneyMoved counts the entries that moved money or a hold.
func moneyMoved(booked []movement) (n int) {
	for i := range booked {
		switch booked[i].Effect {
		case "declined", "refused", "canceled":
		default:
			n++
		}
	}
	return n
}
