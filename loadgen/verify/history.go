package verify

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"gazua.example/loadgen/record"
)

// tellHistories reads the sources once more, for the offenders only. There are at most ten of them for an invariant, so what
// it keeps is small however large the run was.
func (v *Verdict) tellHistories(ctx context.Context, from Sources, f *facts) error {
	offenders := v.offenders()
	if len(offenders) == 0 {
		return nil
	}
	if err := f.nameOrders(offenders); err != nil {
		return err
	}
	if err := tellJournal(from.Journal, offenders); err != nil {
		return err
	}
	if err := tellBook(ctx, from.Book, v.Scope.FromSeq, offenders); err != nil {
		return err
	}
	if err := f.tellStatement(offenders); err != nil {
		return err
	}
	if err := from.Kafka.tell(ctx, v.Scope.FromOffsets, offenders); err != nil {
		return err
	}
	for _, o := range offenders {
		if err := from.Database.tell(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verdict) offenders() (list []*Offender) {
	for i := range v.Invariants {
		for k := range v.Invariants[i].Offenders {
			list = append(list, &v.Invariants[i].Offenders[k])
		}
	}
	return list
}

// by groups the offenders by what they are looked for.
func by[K comparable](offenders []*Offender, of func(*Offender) (K, bool)) map[K][]*Offender {
	grouped := map[K][]*Offender{}
	for _, o := range offenders {
		if key, ok := of(o); ok {
			grouped[key] = append(grouped[key], o)
		}
	}
	return grouped
}

func byPayment(offenders []*Offender) map[uint64][]*Offender {
	return by(offenders, func(o *Offender) (uint64, bool) { return o.id, o.id != 0 })
}

func byName(offenders []*Offender) map[string][]*Offender {
	return by(offenders, func(o *Offender) (string, bool) { return o.Order, o.Order != "" })
}

// nameOrders finds the orders of those that were found by their id alone.
func (f *facts) nameOrders(offenders []*Offender) error {
	nameless := by(offenders, func(o *Offender) (uint64, bool) { return o.id, o.id != 0 && o.Order == "" })
	if len(nameless) == 0 {
		return nil
	}
	for s, err := range f.promises.All() {
		if err != nil {
			return err
		}
		for _, o := range nameless[s.ID] {
			o.Order = cmp.Or(o.Order, s.Order)
		}
	}
	return nil
}

// maxTold bounds what is told of one offender from one source.
const maxTold = 1_000

func tell(lines *[]string, text string) {
	switch n := len(*lines); {
	case n < maxTold:
		*lines = append(*lines, text)
	case n == maxTold:
		*lines = append(*lines, "and more")
	}
}

func tellBook(ctx context.Context, from Book, after Positions, offenders []*Offender) error {
	ids, names := byPayment(offenders), byName(offenders)
	return from.each(ctx, after, func(_ int, entry *Entry) error {
		name, _ := ParseReference(entry.Reference)
		for _, o := range ids[name.Payment] {
			tell(&o.Book, line(entry))
		}
		for _, o := range names[entry.Order] {
			if o.id == 0 || o.id != name.Payment {
				tell(&o.Book, line(entry))
			}
		}
		return nil
	})
}

func (f *facts) tellStatement(offenders []*Offender) error {
	ids := byPayment(offenders)
	for s, err := range f.stated.All() {
		if err != nil {
			return err
		}
		for _, o := range ids[s.payment] {
			tell(&o.Statement, line(s.Line))
		}
	}
	return nil
}

func tellJournal(path string, offenders []*Offender) error {
	names, numbers := byName(offenders), map[int][]*Offender{}
	ids := by(offenders, func(o *Offender) (string, bool) { return o.PaymentID, o.PaymentID != "" })
	return record.Read(path, func(e record.Entry) error {
		about := numbers[e.Number]
		switch e.Kind {
		case "h":
			return nil
		case "w":
			about = ids[e.ID]
		case "p":
			if found := names[e.Order]; len(found) > 0 {
				numbers[e.Number] = append(about, found...)
				about = numbers[e.Number]
			}
		}
		for _, o := range about {
			tell(&o.Journal, line(e))
		}
		return nil
	})
}

// tell adds the payment's row and all that hangs on it.
func (d *Database) tell(ctx context.Context, o *Offender) error {
	if d.legacy {
		return d.tellLegacy(ctx, o)
	}
	for _, ask := range []struct{ what, query string }{
		{"payment", `SELECT CONCAT_WS(' ', order_id, amount, currency, mode, state, CONCAT('v', version), CONCAT('canceled ', canceled_amount), reason, created_at) FROM payment WHERE id = ?`},
		{"leg", `SELECT CONCAT_WS(' ', reference, means, amount, state, transaction_id, code) FROM payment_leg WHERE payment_id = ? ORDER BY seq`},
		{"open work", `SELECT CONCAT_WS(' ', 'cancellation', cancellation_seq, 'due', due_at, 'lease', lease_until, owner, 'attempts', attempts) FROM open_payment WHERE payment_id = ?`},
		{"event", `SELECT CONCAT_WS(' ', at, seq, CONCAT('c', cancellation_seq), from_state, '->', to_state, cause, legs, actor) FROM payment_event WHERE payment_id = ? ORDER BY seq`},
		{"cancellation", `SELECT CONCAT_WS(' ', seq, state, CONCAT('v', version), amount, reason, created_at, settled_at) FROM cancellation WHERE payment_id = ? ORDER BY seq`},
		{"refund", `SELECT CONCAT_WS(' ', reference, means, amount, state, transaction_id, code) FROM refund WHERE payment_id = ? ORDER BY cancellation_seq, leg_seq`},
		{"entry", `SELECT CONCAT_WS(' ', posting, account, amount, currency, reference, business_day) FROM journal_entry WHERE payment_id = ? ORDER BY seq`},
		{"outbox", `SELECT CONCAT_WS(' ', id, 'created', created_at, 'sent', sent_at, CONCAT(kafka_partition, '/', kafka_offset)) FROM outbox WHERE payment_id = ? ORDER BY id`},
		{"callback", `SELECT CONCAT_WS(' ', CONCAT('v', version), type, state, 'attempts', attempts, last_status, last_error) FROM callback WHERE payment_id = ? ORDER BY version`},
	} {
		lines, err := d.lines(ctx, ask.query, o.id)
		if err != nil {
			return fmt.Errorf("read the history of payment %d: %w", o.id, err)
		}
		for _, l := range lines {
			o.Database = append(o.Database, ask.what+" "+l)
		}
	}
	return nil
}

func (d *Database) lines(ctx context.Context, query string, id uint64) (lines []string, err error) {
	rows, err := d.db.QueryContext(ctx, query, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		lines = append(lines, text.String)
	}
	return lines, rows.Err()
}

func line(v any) string {
	text, _ := json.Marshal(v) // cannot fail: plain fields
	return string(text)
}
