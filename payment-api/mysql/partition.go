package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"gazua.example/payment-api/payment"
)

// partitioned are the tables that are cut by payment id, all at the same borders.
var partitioned = []string{"payment", "payment_leg", "payment_event"}

const (
	// PartitionsAhead is how many days beyond today have a partition.
	PartitionsAhead = 7
	// A DDL that waits for its lock makes everybody behind it wait too: so it waits a second, and comes again.
	ddlLockWaitSeconds = 1
	ddlTries           = 30
	partitionLock      = "payment.partitions"
)

// MakePartitions makes the missing partitions up to PartitionsAhead days after now, and says how many it made. The last
// partition of a table that was left alone for long is wider than a day; that harms nothing.
func MakePartitions(ctx context.Context, db *sql.DB, now time.Time) (made int, err error) {
	err = locked(ctx, db, partitionLock, migrationLockWait, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = ?", ddlLockWaitSeconds); err != nil {
			return err
		}
		defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "SET SESSION lock_wait_timeout = DEFAULT") }()
		for _, table := range partitioned {
			n, err := extend(ctx, conn, table, now)
			made += n
			if err != nil {
				return fmt.Errorf("make partitions of %s: %w", table, err)
			}
		}
		return nil
	})
	return made, err
}

func extend(ctx context.Context, conn *sql.Conn, table string, now time.Time) (made int, err error) {
	end, err := lastBorder(ctx, conn, table)
	if err != nil {
		return 0, err
	}
	today := now.UTC().Truncate(24 * time.Hour)
	for day := today; !day.After(today.AddDate(0, 0, PartitionsAhead)); day = day.AddDate(0, 0, 1) {
		border := payment.FirstIDAt(day.AddDate(0, 0, 1))
		if border <= end {
			continue
		}
		ddl := fmt.Sprintf("ALTER TABLE %s ADD PARTITION (PARTITION p%s VALUES LESS THAN (%d))", table, day.Format("20060102"), border)
		if err := patiently(ctx, conn, ddl); err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}

func patiently(ctx context.Context, conn *sql.Conn, ddl string) error {
	for try := 1; ; try++ {
		_, err := conn.ExecContext(ctx, ddl)
		if !isServerError(err, errLockWait) || try == ddlTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100*time.Millisecond + rand.N(400*time.Millisecond)):
		}
	}
}

// PartitionsUntil is the first moment that has no partition: an id made then would find no place.
func PartitionsUntil(ctx context.Context, db *sql.DB) (time.Time, error) {
	var soonest time.Time
	for _, table := range partitioned {
		border, err := lastBorder(ctx, db, table)
		if err != nil {
			return time.Time{}, err
		}
		if until := border.Time(); soonest.IsZero() || until.Before(soonest) {
			soonest = until
		}
	}
	return soonest, nil
}

func lastBorder(ctx context.Context, q querier, table string) (payment.ID, error) {
	var border payment.ID
	err := q.QueryRowContext(ctx, `SELECT MAX(CAST(partition_description AS UNSIGNED)) FROM information_schema.partitions
		WHERE table_schema = DATABASE() AND table_name = ?`, table).Scan(&border)
	if err != nil {
		return 0, fmt.Errorf("read the partitions of %s (is the schema there? `payment-api migrate` makes it): %w", table, err)
	}
	return border, nil
}
