package mysql

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// takeOut exchanges one partition for its private table, unless that was done before.
func (a *Archive) takeOut(ctx context.Context, d Day, table string) error {
	var name, ddl string
	if err := a.db.QueryRowContext(ctx, "SHOW CREATE TABLE "+table).Scan(&name, &ddl); err != nil {
		return err
	}
	ddl, _, cut := strings.Cut(ddl, "\n/*!50100 PARTITION BY")
	if !cut {
		return errors.New("it is not partitioned")
	}
	ddl = strings.Replace(ddl, "CREATE TABLE `"+table+"`", "CREATE TABLE IF NOT EXISTS `"+private(table, d)+"`", 1)
	if _, err := a.db.ExecContext(ctx, ddl); err != nil {
		return err
	}
	out, err := a.count(ctx, "SELECT COUNT(*) FROM "+private(table, d))
	if err != nil || out > 0 {
		return err // exchanged by an earlier try
	}
	return a.exchange(ctx, d, table)
}

func (a *Archive) putBack(ctx context.Context, d Day, table string) error {
	out, err := a.count(ctx, "SELECT COUNT(*) FROM "+private(table, d))
	if isServerError(err, errNoSuchTable) {
		return nil
	}
	if err != nil {
		return err
	}
	if out > 0 {
		if err := a.exchange(ctx, d, table); err != nil {
			return err
		}
	}
	return a.ddl(ctx, "DROP TABLE IF EXISTS "+private(table, d))
}

// exchange swaps both ways. The rows are not validated: they come from this very partition, or the table is empty.
func (a *Archive) exchange(ctx context.Context, d Day, table string) error {
	return a.ddl(ctx, "ALTER TABLE "+table+" EXCHANGE PARTITION p"+d.Name()+" WITH TABLE "+private(table, d)+" WITHOUT VALIDATION")
}

func (a *Archive) rowsIn(ctx context.Context, d Day, table string) (int64, error) {
	n, err := a.count(ctx, "SELECT COUNT(*) FROM "+table+" PARTITION (p"+d.Name()+")")
	if isServerError(err, errUnknownPartition) {
		return 0, nil
	}
	return n, err
}

// ddl waits a second at most for its lock, since everybody behind it waits too, and comes again.
func (a *Archive) ddl(ctx context.Context, statement string) error {
	conn, err := a.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = ?", ddlLockWaitSeconds); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "SET SESSION lock_wait_timeout = DEFAULT") }()
	return patiently(ctx, conn, statement)
}

func (a *Archive) count(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = a.db.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// Rows reads a private table in the order of its key, column by column as text; nil is NULL.
func (a *Archive) Rows(ctx context.Context, d Day, table string, row func(columns []*sql.ColumnType, values []sql.RawBytes) error) error {
	found, err := a.db.QueryContext(ctx, "SELECT * FROM "+private(table, d)+" ORDER BY 1, 2")
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }()
	columns, err := found.ColumnTypes()
	if err != nil {
		return err
	}
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			return err
		}
		if err := row(columns, values); err != nil {
			return err
		}
	}
	return found.Err()
}
