package verify

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
)

// legacyLegs are the groups of columns of legacy_payment, in the order of the numbers that references name.
var legacyLegs = []struct {
	means, columns string
}{{"COUPON", "coupon"}, {"POINT", "point"}, {"PG", "pg"}}

// legacyPayments yields the rows with from < id ≤ to in the order of their ids, page by page, as payments with legs.
func (s *Snapshot) legacyPayments(ctx context.Context, from, to uint64) iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		for {
			found, err := s.legacyPage(ctx, from, to)
			if err != nil {
				yield(nil, fmt.Errorf("read the payments of legacy_payment after %d: %w", from, err))
				return
			}
			for _, p := range found {
				if !yield(p, nil) {
					return
				}
				from = p.ID
			}
			if len(found) < pageSize {
				return
			}
		}
	}
}

func (s *Snapshot) legacyPage(ctx context.Context, from, to uint64) (found []*Payment, err error) {
	query := "SELECT id, merchant_id, order_id, amount, currency, state, reason"
	for _, l := range legacyLegs {
		query += fmt.Sprintf(", %[1]s_amount, COALESCE(%[1]s_state, ''), COALESCE(%[1]s_reference, ''), COALESCE(%[1]s_transaction_id, '')", l.columns)
	}
	query += " FROM legacy_payment WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
	err = s.each(ctx, func(rows *sql.Rows) error {
		p := &Payment{Mode: "SYNC"}
		into := []any{&p.ID, &p.Merchant, &p.Order, &p.Amount, &p.Currency, &p.State, &p.Reason}
		amounts, legs := make([]sql.NullInt64, len(legacyLegs)), make([]Leg, len(legacyLegs))
		for i := range legs {
			into = append(into, &amounts[i], &legs[i].State, &legs[i].Reference, &legs[i].Transaction)
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, l := range legs {
			if amounts[i].Valid {
				l.Seq, l.Means, l.Amount = uint8(i+1), legacyLegs[i].means, amounts[i].Int64
				p.Legs = append(p.Legs, l)
			}
		}
		found = append(found, p)
		return nil
	}, query, from, to, pageSize)
	return found, err
}

// tellLegacy adds the payment's row, which is all that there is about it.
func (d *Database) tellLegacy(ctx context.Context, o *Offender) error {
	lines, err := d.lines(ctx, `SELECT CONCAT_WS(' ', 'payment', order_id, amount, currency, state, reason,
		'| coupon', coupon_amount, coupon_state, coupon_reference, coupon_transaction_id, coupon_code,
		'| point', point_amount, point_state, point_reference, point_transaction_id, point_code,
		'| pg', pg_amount, pg_state, pg_reference, pg_transaction_id, pg_code, '|', created_at, updated_at) FROM legacy_payment WHERE id = ?`, o.id)
	if err != nil {
		return fmt.Errorf("read the history of payment %d: %w", o.id, err)
	}
	o.Database = append(o.Database, lines...)
	return nil
}
