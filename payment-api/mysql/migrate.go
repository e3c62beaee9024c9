package mysql

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is held by whoever changes the schema; others wait this long for their turn and then find it done.
const (
	migrationLock     = "payment.migrate"
	migrationLockWait = time.Minute
)

// Migrate brings the schema up to date, one process at a time. Every statement of a migration can be sent twice: DDL commits
// by itself, so a crash in the middle is mended by running it again. CREATE says IF NOT EXISTS; ALTER TABLE has no such
// words, but each is atomic, so a column or a key that is there already says that the whole statement was done.
func Migrate(ctx context.Context, db *sql.DB) (applied []string, err error) {
	err = locked(ctx, db, migrationLock, migrationLockWait, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = ?", ddlLockWaitSeconds); err != nil {
			return err
		}
		defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "SET SESSION lock_wait_timeout = DEFAULT") }()
		if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
			name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, applied_at DATETIME(6) NOT NULL)`); err != nil {
			return fmt.Errorf("make the table of migrations: %w", err)
		}
		files, err := fs.Glob(migrations, "migrations/*.sql") // sorted by name
		if err != nil {
			return err
		}
		for _, file := range files {
			name := strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")
			did, err := applyMigration(ctx, conn, name, file)
			if err != nil {
				return fmt.Errorf("migration %s: %w", name, err)
			}
			if did {
				applied = append(applied, name)
			}
		}
		return nil
	})
	return applied, err
}

func applyMigration(ctx context.Context, conn *sql.Conn, name, file string) (did bool, err error) {
	var done int
	if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM schema_migration WHERE name = ?", name).Scan(&done); err != nil || done == 1 {
		return false, err
	}
	text, err := migrations.ReadFile(file)
	if err != nil {
		return false, err
	}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if err := patiently(ctx, conn, statement); err != nil && !isServerError(err, errDuplicateColumn) && !isServerError(err, errDuplicateKeyName) {
			return false, err
		}
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO schema_migration (name, applied_at) VALUES (?, UTC_TIMESTAMP(6))", name)
	return err == nil, err
}

// ErrHeld says that somebody else is at it.
var ErrHeld = errors.New("another process has held it")

// locked runs do on a connection that holds the named lock; the lock ends with the connection if we die.
func locked(ctx context.Context, db *sql.DB, name string, wait time.Duration, do func(*sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close() }()
	deadline := time.Now().Add(wait)
	for got := 0; got != 1; { // short waits, so that the connection's read time-out does not end one
		if err := conn.QueryRowContext(ctx, "SELECT COALESCE(GET_LOCK(?, 1), 0)", name).Scan(&got); err != nil {
			return fmt.Errorf("take the lock %s: %w", name, err)
		}
		if got != 1 && time.Now().After(deadline) {
			return fmt.Errorf("take the lock %s: %w for over %s", name, ErrHeld, wait)
		}
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", name) }()
	return do(conn)
}
