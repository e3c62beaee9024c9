package fill

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// What was filled stands in a table of the fill's own. A row without an end is a fill that was cut off: some tables have its
// rows and others have not, and nobody can tell which.
const stateTable = `CREATE TABLE IF NOT EXISTS loadgen_fill (
	step     INT UNSIGNED    NOT NULL,
	payments BIGINT UNSIGNED NOT NULL,
	first_id BIGINT UNSIGNED NOT NULL COMMENT 'first ≤ id < until; all steps of a database have the same',
	until_id BIGINT UNSIGNED NOT NULL,
	begun_at DATETIME(6)     NOT NULL,
	ended_at DATETIME(6)     NULL,
	PRIMARY KEY (step)
) ENGINE=InnoDB COMMENT 'loadgen fill: payments that nobody made'`

// endMargin keeps the newest payment of a fill before those that the system makes meanwhile.
const endMargin = 10 * time.Second

// prepare looks at the database and decides what this step is. One of no payments: there are as many as there shall be.
func prepare(ctx context.Context, db *sql.DB, o Options) (*step, error) {
	if _, err := db.ExecContext(ctx, stateTable); err != nil {
		return nil, fmt.Errorf("make the table of the fills: %w", err)
	}
	s := &step{}
	var clock int64
	var unfinished int
	var filled int64
	var first, until sql.NullInt64
	if err := db.QueryRowContext(ctx, `SELECT CAST(UNIX_TIMESTAMP(UTC_TIMESTAMP(3)) * 1000 AS SIGNED)`).Scan(&clock); err != nil {
		return nil, fmt.Errorf("read the database's clock: %w", err)
	}
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(ended_at IS NULL), 0), COALESCE(SUM(payments), 0), MIN(first_id), MAX(until_id) FROM loadgen_fill").
		Scan(&s.number, &unfinished, &filled, &first, &until); err != nil {
		return nil, fmt.Errorf("read what was filled before: %w", err)
	}
	switch {
	case unfinished > 0:
		return nil, fmt.Errorf("a fill of this database was cut off, so its tables do not agree: fill the database of a new stack (`make down clean up`)")
	case filled > o.Payments:
		return nil, fmt.Errorf("%d payments were filled already, and --payments is %d: a fill only adds", filled, o.Payments)
	case s.number == mostSteps:
		return nil, fmt.Errorf("this database was filled %d times, which is the most: fill the database of a new stack", mostSteps)
	}
	now := time.UnixMilli(clock).UTC()
	s.payments = o.Payments - filled
	s.end = now.Add(-endMargin)
	s.start = s.end.Add(-time.Duration(o.Days) * day)
	if s.number > 0 { // where the first one lies
		s.start, s.end = timeOf(uint64(first.Int64)), timeOf(uint64(until.Int64))
	}
	s.keysFrom = now.Add(-o.Keys)
	if s.start.Before(idEpoch) {
		return nil, fmt.Errorf("--days %d reaches back before 2026, where ids begin", o.Days)
	}
	if err := s.strangers(ctx, db, filled); err != nil && !o.Force {
		return nil, err
	}
	return s, s.readMerchants(ctx, db)
}

// strangers is an error when others than the fills have made payments in the days to be filled.
func (s *step) strangers(ctx context.Context, db *sql.DB, filled int64) error {
	var there int64
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM payment WHERE id >= ? AND id < ?", firstID(s.start), firstID(s.end)).Scan(&there); err != nil {
		return fmt.Errorf("count the payments of the days to be filled: %w", err)
	}
	if there != filled {
		return fmt.Errorf("from %s to %s there are %d payments, and fills have made %d: fill the database of a stack that was not used yet, or say --force",
			s.start.Format(time.RFC3339), s.end.Format(time.RFC3339), there, filled)
	}
	return nil
}

// readMerchants takes those that the system knows: the payments are shared out to them in turn.
func (s *step) readMerchants(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT id FROM merchant ORDER BY id LIMIT 100")
	if err != nil {
		return fmt.Errorf("read the merchants: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id uint32
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("read the merchants: %w", err)
		}
		s.merchants = append(s.merchants, id)
	}
	if len(s.merchants) == 0 {
		return fmt.Errorf("the database has no merchant: `payment-api merchants` makes them (`make up` does)")
	}
	return rows.Err()
}

func (s *step) begin(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "INSERT INTO loadgen_fill (step, payments, first_id, until_id, begun_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6))",
		s.number, s.payments, firstID(s.start), firstID(s.end))
	if err != nil {
		return fmt.Errorf("note that a fill begins: %w", err)
	}
	return nil
}

func (s *step) done(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "UPDATE loadgen_fill SET ended_at = UTC_TIMESTAMP(6) WHERE step = ?", s.number); err != nil {
		return fmt.Errorf("note that the fill is whole: %w", err)
	}
	return nil
}

func timeOf(id uint64) time.Time {
	return idEpoch.Add(time.Duration(id>>millisecondShift) * time.Millisecond)
}
