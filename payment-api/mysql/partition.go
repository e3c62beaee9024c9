package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"gazua.example/payment-api/payment"
)

// partitioned are the tables that are cut by payment id, all at the borders of the first.
var partitioned = []string{"payment", "payment_leg", "payment_event", "cancellation", "refund", "journal_entry"}

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

// border is where a partition ends.
type border struct {
	name  string
	until payment.ID
}

// extend gives a table the borders that payment has and it has not (a table that a migration has just made has none), then
// those of the days to come; in one statement, since each waits for everybody who uses the table.
func extend(ctx context.Context, conn *sql.Conn, table string, now time.Time) (made int, err error) {
	end, err := lastBorder(ctx, conn, table)
	if err != nil {
		return 0, err
	}
	wanted, err := bordersOfPayment(ctx, conn)
	if err != nil {
		return 0, err
	}
	today := now.UTC().Truncate(24 * time.Hour)
	for day := today; !day.After(today.AddDate(0, 0, PartitionsAhead)); day = day.AddDate(0, 0, 1) {
		wanted = append(wanted, border{"p" + day.Format("20060102"), payment.FirstIDAt(day.AddDate(0, 0, 1))})
	}
	var missing []string
	for _, b := range wanted {
		if b.until > end {
			missing = append(missing, fmt.Sprintf("PARTITION %s VALUES LESS THAN (%d)", b.name, b.until))
			end = b.until
		}
	}
	if len(missing) == 0 {
		return 0, nil
	}
	return len(missing), patiently(ctx, conn, "ALTER TABLE "+table+" ADD PARTITION ("+strings.Join(missing, ", ")+")")
}

func bordersOfPayment(ctx context.Context, conn *sql.Conn) ([]border, error) {
	found, err := conn.QueryContext(ctx, `SELECT partition_name, CAST(partition_description AS UNSIGNED) FROM information_schema.partitions
		WHERE table_schema = DATABASE() AND table_name = 'payment' AND partition_name IS NOT NULL ORDER BY partition_ordinal_position`)
	if err != nil {
		return nil, fmt.Errorf("read the borders: %w", err)
	}
	defer func() { _ = found.Close() }()
	var list []border
	for found.Next() {
		var b border
		if err := found.Scan(&b.name, &b.until); err != nil {
			return nil, fmt.Errorf("read the borders: %w", err)
		}
		list = append(list, b)
	}
	return list, found.Err()
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
