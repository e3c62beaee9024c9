package verify

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"gazua.example/loadgen/record"
)

// tellHistories reads the sources once more, for the offenders only. There are at most fifty of them, so what it keeps
// is small however large the run was. seen is sorted by payment.
func (v *Verdict) tellHistories(ctx context.Context, from Sources, seen []Seen) error {
	var offenders []*Offender
	for i := range v.Invariants {
		for k := range v.Invariants[i].Offenders {
			offenders = append(offenders, &v.Invariants[i].Offenders[k])
		}
	}
	if len(offenders) == 0 {
		return nil
	}
	for _, o := range offenders {
		i, known := slices.BinarySearchFunc(seen, o.id, func(s Seen, id uint64) int { return cmp.Compare(s.ID, id) })
		if known && o.id != 0 && o.Order == "" { // what was found by its id alone
			o.Order = seen[i].Order
		}
	}
	if err := tellJournal(from.Journal, offenders); err != nil {
		return err
	}
	for entry, err := range from.Book.Entries(ctx, v.Scope.FromSeq) {
		if err != nil {
			return err
		}
		name, _ := ParseReference(entry.Reference)
		for _, o := range offenders {
			if o.id != 0 && o.id == name.Payment || o.Order != "" && o.Order == entry.Order {
				o.Book = append(o.Book, line(entry))
			}
		}
	}
	for _, o := range offenders {
		if err := from.Database.tell(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func tellJournal(path string, offenders []*Offender) error {
	numbers := map[int][]*Offender{}
	return record.Read(path, func(e record.Entry) error {
		if e.Kind == "p" {
			for _, o := range offenders {
				if o.Order == e.Order {
					numbers[e.Number] = append(numbers[e.Number], o)
				}
			}
		}
		if e.Kind == "w" {
			for _, o := range offenders {
				if o.PaymentID != "" && o.PaymentID == e.ID {
					o.Journal = append(o.Journal, line(e))
				}
			}
		} else if e.Kind != "h" {
			for _, o := range numbers[e.Number] {
				o.Journal = append(o.Journal, line(e))
			}
		}
		return nil
	})
}

// tell adds the payment's row and all that hangs on it.
func (d *Database) tell(ctx context.Context, o *Offender) error {
	for _, ask := range []struct{ what, query string }{
		{"payment", `SELECT CONCAT_WS(' ', order_id, amount, currency, mode, state, CONCAT('v', version), CONCAT('canceled ', canceled_amount), reason, created_at) FROM payment WHERE id = ?`},
		{"leg", `SELECT CONCAT_WS(' ', reference, means, amount, state, transaction_id, code) FROM payment_leg WHERE payment_id = ? ORDER BY seq`},
		{"open work", `SELECT CONCAT_WS(' ', 'cancellation', cancellation_seq, 'due', due_at, 'lease', lease_until, owner, 'attempts', attempts) FROM open_payment WHERE payment_id = ?`},
		{"event", `SELECT CONCAT_WS(' ', at, seq, CONCAT('c', cancellation_seq), from_state, '->', to_state, cause, legs, actor) FROM payment_event WHERE payment_id = ? ORDER BY seq`},
		{"cancellation", `SELECT CONCAT_WS(' ', seq, state, CONCAT('v', version), amount, reason, created_at, settled_at) FROM cancellation WHERE payment_id = ? ORDER BY seq`},
		{"refund", `SELECT CONCAT_WS(' ', reference, means, amount, state, transaction_id, code) FROM refund WHERE payment_id = ? ORDER BY cancellation_seq, leg_seq`},
		{"entry", `SELECT CONCAT_WS(' ', posting, account, amount, currency, reference, business_day) FROM journal_entry WHERE payment_id = ? ORDER BY seq`},
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
