package raw

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// tables are those that a payment writes. Each has a twin raw_….
var tables = []string{"payment", "payment_leg", "payment_event", "idempotency_key", "order_guard", "open_payment", "outbox", "callback", "journal_entry"}

func makeTables(ctx context.Context, db *sql.DB) error {
	for _, t := range tables {
		if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS raw_"+t+" LIKE "+t); err != nil {
			return fmt.Errorf("make the table raw_%s: %w", t, err)
		}
	}
	return nil
}

// counted is one thing that is counted after the load.
type counted struct {
	what  string
	each  int64 // a payment
	query string
}

// count looks for every row of the run. Nothing else writes ids of these nodes from these ids on.
func (f *Figures) count(ctx context.Context, db *sql.DB, writers []*writer, o Options) error {
	legs, version, later := int64(o.Legs), 2, int64(0)
	answered := "status = 201"
	if o.Async {
		version, later, answered = 3, 1, "status = 202"
	}
	all := []counted{
		{"payments that are PAID", 1, fmt.Sprintf("SELECT COUNT(*) FROM raw_payment WHERE id BETWEEN ? AND ? AND id >> 12 & 1023 = ? AND state = 'PAID' AND version = %d", version)},
		{"legs that are CAPTURED", legs, "SELECT COUNT(*) FROM raw_payment_leg WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ? AND state = 'CAPTURED'"},
		{"events", int64(version), "SELECT COUNT(*) FROM raw_payment_event WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ?"},
		{"entries", 2 * legs, "SELECT COUNT(*) FROM raw_journal_entry WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ?"},
		{"keys with their answer", 1, "SELECT COUNT(*) FROM raw_idempotency_key WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ? AND body IS NOT NULL AND " + answered},
		{"order guards", 1, "SELECT COUNT(*) FROM raw_order_guard WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ?"},
		{"open work", 0, "SELECT COUNT(*) FROM raw_open_payment WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ?"},
		{"messages that are sent", later, "SELECT COUNT(*) FROM raw_outbox WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ? AND sent_at IS NOT NULL"},
		{"callbacks", later, "SELECT COUNT(*) FROM raw_callback WHERE payment_id BETWEEN ? AND ? AND payment_id >> 12 & 1023 = ?"},
	}
	f.Verdict = Rows
	for _, c := range all {
		wrote, found := c.each*f.Payments, int64(0)
		for _, w := range writers {
			n := int64(0)
			if err := db.QueryRowContext(ctx, c.query, w.first, w.ids.last, w.ids.node).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("count the %s of the raw run: %w", c.what, err)
			}
			found += n
		}
		f.Wrote, f.Found = f.Wrote+wrote, f.Found+found
		if wrote != found {
			f.Verdict = Fail
			f.Reasons = append(f.Reasons, fmt.Sprintf("%s: %d were written, %d are there", c.what, wrote, found))
		}
	}
	return nil
}
