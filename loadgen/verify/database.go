package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Database reads the payment database with SQL of the verifier's own and a user that may only SELECT.
type Database struct {
	db     *sql.DB
	legacy bool // of the system before the renewal: it has one table
}

// maxStatement is above what it takes to count the largest table of a day, which the census does in one statement.
const maxStatement = 10 * time.Minute

// OpenDatabase checks that the database answers.
func OpenDatabase(ctx context.Context, dsn string) (*Database, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("MYSQL_DSN is not of the form user:password@tcp(host:port)/payment") // the cause may show the password
	}
	config.InterpolateParams, config.ParseTime, config.Loc = true, true, time.UTC
	config.Timeout, config.ReadTimeout = 5*time.Second, maxStatement
	config.Logger = log.New(io.Discard, "", 0) // every error is returned as well
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(2)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach the database at %s: %w", config.Addr, err), db.Close())
	}
	return &Database{db: db}, nil
}

// Close ends its connections.
func (d *Database) Close() error { return d.db.Close() }

// NewestPayment is the highest payment id, 0 when there is none.
func (d *Database) NewestPayment(ctx context.Context) (uint64, error) {
	if d.legacy {
		return d.number(ctx, "SELECT COALESCE(MAX(id), 0) FROM legacy_payment")
	}
	return d.number(ctx, "SELECT COALESCE(MAX(id), 0) FROM payment")
}

// OpenWork counts the payments after from, and their cancellations, that somebody still has to bring to their end. What
// waits for a person (REVIEW: no due time) is not waited for; invariant 6 counts it.
func (d *Database) OpenWork(ctx context.Context, from uint64) (uint64, error) {
	return d.number(ctx, "SELECT COUNT(*) FROM open_payment WHERE payment_id > ? AND due_at IS NOT NULL", from)
}

// UnsentMessages counts the rows of the outbox that no relay has sent.
func (d *Database) UnsentMessages(ctx context.Context) (uint64, error) {
	return d.number(ctx, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL")
}

// PendingCallbacks counts the callbacks about payments after from that are neither delivered nor given up.
func (d *Database) PendingCallbacks(ctx context.Context, from uint64) (uint64, error) {
	return d.number(ctx, "SELECT COUNT(*) FROM callback WHERE state = 'PENDING' AND payment_id > ?", from)
}

func (d *Database) number(ctx context.Context, query string, args ...any) (n uint64, err error) {
	if err := d.db.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("ask the database %q: %w", query, err)
	}
	return n, nil
}

// Snapshot is one moment of the database: whatever is read of it belongs together.
type Snapshot struct {
	tx *sql.Tx
}

// Snapshot begins one; its moment is that of the first read.
func (d *Database) Snapshot(ctx context.Context) (*Snapshot, error) {
	tx, err := d.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin to read the database: %w", err)
	}
	return &Snapshot{tx: tx}, nil
}

// Close ends it; nothing was written.
func (s *Snapshot) Close() { _ = s.tx.Rollback() }

func (s *Snapshot) each(ctx context.Context, row func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
