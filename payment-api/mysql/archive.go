package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gazua.example/payment-api/payment"
)

// A day leaves the partitioned tables whole, in steps that each can be done twice:
//
//	exchange each partition for an empty private table ─► look into them: anything not final ─► exchange back
//	     ─► export ─► counts and sums into archive_total ─► drop the private tables and the empty partitions
//
// The exchange comes first because what is looked at must not change any more. What step a day has reached stands in
// archive_day, so a crash anywhere is mended by doing the day again.

// Day is a day of payments, in UTC, with the range of its ids.
type Day struct {
	Date  time.Time
	First payment.ID // first ≤ id < Until
	Until payment.ID
	Step  Step
}

// Name is the day as partitions and files are called: 20260301.
func (d Day) Name() string { return d.Date.Format("20060102") }

// Step is how far a day's archiving has come. Where it is empty nothing has been done.
type Step string

// The steps of a day.
const (
	StepExchanging Step = "EXCHANGING" // rows may stand in private tables; nothing is lost, and some of it may come back
	StepTotaled    Step = "TOTALED"    // exported and counted: only dropping is left
	StepDone       Step = "DONE"
)

// NotFinalError says that a day has something that is not final, so it stays.
type NotFinalError struct {
	Day   Day
	What  string
	Count int64
}

func (e *NotFinalError) Error() string {
	return fmt.Sprintf("the day %s has %d %s that are not final, so it stays", e.Day.Date.Format(time.DateOnly), e.Count, e.What)
}

// Archive moves days. Its pool must be one for long statements (see OpenForMaintenance).
type Archive struct{ db *sql.DB }

// NewArchive moves days of db.
func NewArchive(db *sql.DB) *Archive { return &Archive{db: db} }

// archiveLock is held by whoever archives. A day may take long, and nobody need wait for it.
const (
	archiveLock     = "payment.archive"
	archiveLockWait = time.Second
)

// Alone runs do while nobody else archives; ErrHeld: somebody does.
func (a *Archive) Alone(ctx context.Context, do func() error) error {
	return locked(ctx, a.db, archiveLock, archiveLockWait, func(*sql.Conn) error { return do() })
}

// Days are those that end before a time and are not done yet, oldest first.
func (a *Archive) Days(ctx context.Context, before time.Time) ([]Day, error) {
	found, err := a.db.QueryContext(ctx, `SELECT CAST(p.partition_description AS UNSIGNED), p.partition_name, COALESCE(d.step, '')
		FROM information_schema.partitions p LEFT JOIN archive_day d ON d.until_id = CAST(p.partition_description AS UNSIGNED)
		WHERE p.table_schema = DATABASE() AND p.table_name = 'payment' ORDER BY p.partition_ordinal_position`)
	if err != nil {
		return nil, fmt.Errorf("read the days: %w", err)
	}
	defer func() { _ = found.Close() }()
	var days []Day
	first := payment.ID(1)
	for found.Next() {
		var until payment.ID
		var name string
		var step Step
		if err := found.Scan(&until, &name, &step); err != nil {
			return nil, fmt.Errorf("read the days: %w", err)
		}
		date, err := time.Parse("p20060102", name)
		if err == nil && !until.Time().After(before) { // p0 is of no day, and stays
			days = append(days, Day{Date: date, First: first, Until: until, Step: step})
		}
		first = until
	}
	return days, found.Err()
}

// Exchange takes the day's rows out of the tables, or says why it stays (a *NotFinalError).
func (a *Archive) Exchange(ctx context.Context, d Day) error {
	if err := a.noOpenWork(ctx, d); err != nil {
		return err
	}
	if _, err := a.db.ExecContext(ctx, `INSERT INTO archive_day (day, first_id, until_id, step, begun_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE step = step`, d.Date, d.First, d.Until, StepExchanging); err != nil {
		return fmt.Errorf("begin to archive: %w", err)
	}
	for _, table := range partitioned {
		if err := a.takeOut(ctx, d, table); err != nil {
			return fmt.Errorf("exchange %s of %s: %w", table, d.Name(), err)
		}
	}
	return a.look(ctx, d)
}

// look decides over rows that nobody can change any more.
func (a *Archive) look(ctx context.Context, d Day) error {
	for _, l := range []struct{ what, query string }{
		{"payments", "SELECT COUNT(*) FROM " + private("payment", d) + " WHERE state NOT IN ('PAID', 'FAILED')"},
		{"cancellations", "SELECT COUNT(*) FROM " + private("cancellation", d) + " WHERE state NOT IN ('SUCCEEDED', 'FAILED')"},
	} {
		if left, err := a.count(ctx, l.query); err != nil || left > 0 {
			return notFinal(d, l.what, left, err)
		}
	}
	return a.noOpenWork(ctx, d)
}

func (a *Archive) noOpenWork(ctx context.Context, d Day) error {
	open, err := a.count(ctx, "SELECT COUNT(*) FROM open_payment WHERE payment_id >= ? AND payment_id < ?", d.First, d.Until)
	if err != nil || open > 0 {
		return notFinal(d, "pieces of open work", open, err)
	}
	return nil
}

// Return puts the rows of a day that stays back where they were.
func (a *Archive) Return(ctx context.Context, d Day) error {
	for _, table := range partitioned {
		if err := a.putBack(ctx, d, table); err != nil {
			return fmt.Errorf("exchange %s of %s back: %w", table, d.Name(), err)
		}
	}
	_, err := a.db.ExecContext(ctx, "DELETE FROM archive_day WHERE day = ? AND step = ?", d.Date, StepExchanging)
	return err
}

// Total counts the day and notes where it was exported to. After this the day is only dropped.
func (a *Archive) Total(ctx context.Context, d Day, file, sha256 string) error {
	return inTx(ctx, a.db, func(tx *sql.Tx) error {
		if err := exec(ctx, tx, "DELETE FROM archive_total WHERE day = ?", d.Date); err != nil {
			return err
		}
		for _, table := range partitioned {
			if err := exec(ctx, tx, `INSERT INTO archive_total (day, table_name, state, currency, row_count, amount, canceled) SELECT ?, ?, `+totals[table]+
				" FROM "+private(table, d)+" GROUP BY 3, 4", d.Date, table); err != nil {
				return err
			}
		}
		return exec(ctx, tx, "UPDATE archive_day SET step = ?, file = ?, sha256 = ?, archived_at = UTC_TIMESTAMP(6) WHERE day = ?", StepTotaled, file, sha256, d.Date)
	})
}

// totals is what is kept of each table: by state or account, and currency, where there are such.
var totals = map[string]string{
	"payment":       "state, currency, COUNT(*), SUM(amount), SUM(canceled_amount)",
	"payment_leg":   "state, '', COUNT(*), SUM(amount), 0",
	"payment_event": "'', '', COUNT(*), 0, 0",
	"cancellation":  "state, '', COUNT(*), SUM(amount), 0",
	"refund":        "state, '', COUNT(*), SUM(amount), 0",
	"journal_entry": "account, currency, COUNT(*), SUM(amount), 0",
}

// Drop removes a day that was exported and counted.
func (a *Archive) Drop(ctx context.Context, d Day) error {
	for _, table := range partitioned {
		if err := a.ddl(ctx, "DROP TABLE IF EXISTS "+private(table, d)); err != nil {
			return fmt.Errorf("drop the private %s of %s: %w", table, d.Name(), err)
		}
		if n, err := a.rowsIn(ctx, d, table); err != nil || n > 0 {
			return notFinal(d, "rows of "+table, n, err)
		}
		err := a.ddl(ctx, "ALTER TABLE "+table+" DROP PARTITION p"+d.Name())
		if err != nil && !isServerError(err, errNoSuchPartition) {
			return fmt.Errorf("drop the partition %s of %s: %w", d.Name(), table, err)
		}
	}
	_, err := a.db.ExecContext(ctx, "UPDATE archive_day SET step = ? WHERE day = ?", StepDone, d.Date)
	return err
}

// Tables are those that a day leaves together.
func (a *Archive) Tables() []string { return partitioned }

func private(table string, d Day) string { return "archive_" + table + "_" + d.Name() }

func notFinal(d Day, what string, count int64, err error) error {
	if err != nil {
		return err
	}
	return &NotFinalError{Day: d, What: what, Count: count}
}
