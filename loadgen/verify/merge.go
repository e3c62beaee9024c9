package verify

import (
	"cmp"
	"context"
	"iter"
	"strconv"
	"strings"
)

// Case is all that the sources say about one payment id. Its lists are valid until the next case.
type Case struct {
	ID     uint64
	Seen   []Seen   // empty: the client saw no 2xx for it; two name one payment only by a fault of the system
	Row    *Payment // nil: not in the database
	Booked []movement
	Stated []stated
	Called []call // what arrived, believed or not
}

// nobody is no payment's id.
const nobody = ^uint64(0)

// merge walks the facts and the rows, all in the order of payment ids, and hands out one case an id.
func (f *facts) merge(rows iter.Seq2[*Payment, error], judge func(*Case) error) error {
	seen := newStream("the client's payments", f.promises.All(), func(s *Seen) uint64 { return s.ID })
	defer seen.stop()
	booked := newStream("the book", f.booked.All(), func(m *movement) uint64 { return m.Payment })
	defer booked.stop()
	lines := newStream("the statements", f.stated.All(), func(l *stated) uint64 { return l.payment })
	defer lines.stop()
	calls := newStream("the callbacks", f.calls.All(), func(c *call) uint64 { return c.payment })
	defer calls.stop()
	payments := newStream("the database", rows, func(p **Payment) uint64 { return (*p).ID })
	defer payments.stop()
	for streams := []headed[uint64]{seen, booked, lines, calls, payments}; ; {
		id, more, err := lowest(cmp.Compare[uint64], streams)
		if err != nil || !more {
			return err
		}
		c := Case{ID: id, Seen: seen.take(id), Booked: booked.take(id), Stated: lines.take(id), Called: calls.take(id)}
		for _, row := range payments.take(id) {
			c.Row = row
		}
		if err := firstError(streams); err != nil {
			return err
		}
		if err := judge(&c); err != nil {
			return err
		}
	}
}

// judgePayments judges every payment with what all sources say about it, and keeps of its row what is judged by order and by
// key afterwards.
func (f *facts) judgePayments(ctx context.Context, v *Verdict, database pages) error {
	return f.merge(database.Payments(ctx, v.Scope.firstID(), v.Scope.lastID()), func(c *Case) error {
		if !c.belongsTo(v.Scope, v.Run) {
			return nil
		}
		if v.unread(c.ID) {
			v.Unread++
			return nil
		}
		v.counts(c)
		judge(v, c)
		if c.Row == nil || c.Row.Missing {
			return nil
		}
		if err := f.addOrder(c.Row); err != nil {
			return err
		}
		return f.addUses(c.Row)
	})
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
func (v *Verdict) counts(c *Case) {
	if c.Row == nil {
		return
	}
	v.Payments++
	v.Cancellations += len(c.Row.Cancellations)
	if len(c.Seen) == 0 && !strings.HasPrefix(c.Row.Order, v.Run+"-") {
		v.Foreign++
	}
}
