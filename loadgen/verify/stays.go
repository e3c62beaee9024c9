package verify

import (
	"context"
	"database/sql"
	"slices"
)

// delivered is the part of invariant 11 that a payment tells itself:
//
//   - An asynchronous payment has at least one row in the outbox (unless it is so old that the row may have been swept), and
//     a synchronous one none.
//   - Each stay in ACCEPTED ends in one event, which names why: a message came, it had been deferred and was due, it was
//     rescued, or it expired.
//   - It was not rescued: with a broker that was there all the time, a rescue is a message that was lost.
func delivered(v *Verdict, c *Case) {
	row := c.Row
	if v.Messages == nil || row == nil {
		return
	}
	switch {
	case row.Missing && row.Outbox > 0:
		v.violated(11, c, "", "the outbox has %d rows for it, and there is no payment", row.Outbox)
	case row.Missing:
	case row.Mode == "ASYNC" && row.Outbox == 0 && row.Swept:
		v.Messages.Swept++
	case row.Mode == "ASYNC" && row.Outbox == 0:
		v.violated(11, c, "", "it is asynchronous, and the outbox has no row for it")
	case row.Mode != "ASYNC" && row.Outbox > 0:
		v.violated(11, c, "", "it is %s, and the outbox has %d rows for it", row.Mode, row.Outbox)
	}
	stays(v, c)
}

// endings are the causes that may end a stay in ACCEPTED, by the state that follows.
var endings = map[string][]string{"PROCESSING": {"message", "deferred", "rescued"}, "FAILED": {"expired"}}

func stays(v *Verdict, c *Case) {
	staying := false
	for i := range c.Row.Events {
		e := &c.Row.Events[i]
		if e.Cancellation != 0 || e.From != "ACCEPTED" && e.To != "ACCEPTED" {
			continue
		}
		if e.From == "ACCEPTED" {
			if !staying {
				v.violated(11, c, "", "version %d (%s) ends its stay in ACCEPTED, which had ended before", e.Seq, e.Cause)
				continue
			}
			staying = false
			stayEnds(v, c, e)
		}
		if e.To == "ACCEPTED" {
			staying = true
			v.check(11, 1)
		}
	}
	if staying && !c.Row.Missing {
		v.violated(11, c, "", "its stay in ACCEPTED has no end")
	}
}

func stayEnds(v *Verdict, c *Case, e *Event) {
	if !slices.Contains(endings[e.To], e.Cause) {
		v.violated(11, c, "", "version %d ends its stay in ACCEPTED with %s, and the cause %q is none for that", e.Seq, e.To, e.Cause)
		return
	}
	v.Messages.StaysByCause[e.Cause]++
	if e.Cause == "rescued" && !v.Scope.RescueExpected {
		v.violated(11, c, "", "version %d: it was rescued, and the broker was never away: its message was lost", e.Seq)
	}
}

// messages counts the payments' rows in the outbox, and marks the payments that are so old that a row may have been swept:
// that happens a day after it was sent, which is after its payment was made.
func (s *Snapshot) messages(ctx context.Context, found page, from, until uint64) error {
	err := s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var count int
		err := rows.Scan(&id, &count)
		found.of(id).Outbox = count
		return err
	}, "SELECT payment_id, COUNT(*) FROM outbox WHERE payment_id > ? AND payment_id <= ? GROUP BY payment_id ORDER BY NULL", from, until)
	if err != nil {
		return err
	}
	return s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		err := rows.Scan(&id)
		found.of(id).Swept = true
		return err
	}, `SELECT id FROM payment WHERE id > ? AND id <= ? AND mode = 'ASYNC' AND created_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY`, from, until)
}
