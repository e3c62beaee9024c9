// Package mysql keeps payments in MySQL: the domain's Store, the outbox, the open work, partitions and migrations.
//
// What is committed here is the truth about a payment. Each unit of work is one transaction at READ COMMITTED; times are
// the database's clock; every write of a payment compares the state and version that it was read with.
package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// lockWait bounds how long a statement waits for a row; the time-outs of the connection are the backstop behind it,
// since a cancelled context does not stop COMMIT.
const (
	lockWait       = 3 * time.Second
	connectTimeout = 1 * time.Second
	ioTimeout      = 5 * time.Second

	// maintenanceTimeout bounds a statement that looks through a day's rows.
	maintenanceTimeout = 10 * time.Minute
)

// Open makes a pool of at most conns connections to the database that dsn names (user:password@tcp(host:port)/payment).
// It does not connect yet.
func Open(dsn string, conns int) (*sql.DB, error) { return open(dsn, conns, ioTimeout) }

// OpenForMaintenance makes a small pool for statements that look through a whole day.
func OpenForMaintenance(dsn string) (*sql.DB, error) { return open(dsn, 3, maintenanceTimeout) }

func open(dsn string, conns int, ioTimeout time.Duration) (*sql.DB, error) {
	c, err := driver.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database address (MYSQL_DSN) is not user:password@tcp(host:port)/database: %w", err)
	}
	c.InterpolateParams = true // one round trip a statement instead of three
	c.MultiStatements = true   // packets; their texts are constants, values are arguments
	c.ParseTime = true
	c.Loc = time.UTC
	c.Collation = "utf8mb4_bin"
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connectTimeout, ioTimeout, ioTimeout
	c.RejectReadOnly = true // a demoted primary: close and connect anew
	c.Params = map[string]string{
		"transaction_isolation":    "'READ-COMMITTED'",
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": fmt.Sprint(int(lockWait.Seconds())),
	}
	connector, err := driver.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("the database address (MYSQL_DSN): %w", err)
	}
	if connector, err = observed(connector, c); err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(4 * time.Minute)
	return db, nil
}

// TakeNode gives this start of a process its number, the node part of the ids that it makes.
func TakeNode(ctx context.Context, db *sql.DB, name string) (uint64, error) {
	result, err := db.ExecContext(ctx, "INSERT INTO node (name, started_at) VALUES (?, UTC_TIMESTAMP(6))", name)
	if err != nil {
		return 0, fmt.Errorf("take a node number: %w", err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, fmt.Errorf("take a node number: %w", err)
	}
	return uint64(id), nil
}

// ClockOffset is how far the database's clock is ahead of ours, to about half a round trip.
func ClockOffset(ctx context.Context, db *sql.DB) (time.Duration, error) {
	var theirs time.Time
	sent := time.Now()
	if err := db.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&theirs); err != nil {
		return 0, fmt.Errorf("read the database's clock: %w", err)
	}
	middle := sent.Add(time.Since(sent) / 2)
	return theirs.Sub(middle), nil
}
