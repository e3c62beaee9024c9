// Package mysql keeps payments in MySQL: the domain's Store, the outbox, the open work, partitions and migrations.
//
// What is committed here is the truth about a payment. Each unit of work is one transaction at READ COMMITTED; times are
// the database's clock; every write of a payment compares the state and version that it was read with.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// patience bounds what a connection waits for. The connection's time-outs are the backstop behind the server's own, since a
// cancelled context does not stop COMMIT.
type patience struct {
	dial      time.Duration // until the server's port answers
	handshake time.Duration // after that: until the connection can be used
	io        time.Duration // a statement's answer, or its next piece
	lock      time.Duration // how long the server lets a statement wait for a row; below io: a lock must not cost the connection
	// silence is how long the server keeps a connection on which nothing is asked, and what its transaction has locked. A process
	// that froze, or whose machine is gone without a word, would else keep others from its payments for hours: only the server can
	// end it. Below the lease, since who takes its work over needs the rows.
	silence time.Duration
}

var (
	// withOne: there is nobody else to go to, so a slow server is waited for.
	withOne = patience{dial: time.Second, handshake: 2 * time.Second, io: 5 * time.Second, lock: 3 * time.Second, silence: 5 * time.Second}
	// withSeveral: a server that hangs must be let go while another one takes writes. InnoDB counts lock waits in whole seconds.
	withSeveral = patience{dial: 300 * time.Millisecond, handshake: 800 * time.Millisecond, io: 1300 * time.Millisecond, lock: time.Second, silence: 5 * time.Second}
)

// maintenanceTimeout bounds a statement that looks through a day's rows.
const maintenanceTimeout = 10 * time.Minute

// AddressHelp is what MYSQL_DSN may be.
const AddressHelp = "the database, user:password@tcp(host:port)/payment; several servers of which one takes writes: …@tcp(host1:port1,host2:port2)/payment"

// Open makes a pool of at most conns connections to the database that dsn names (AddressHelp). It does not connect yet.
func Open(dsn string, conns int) (*sql.DB, error) { return open(dsn, conns, 0) }

// OpenForMaintenance makes a small pool for statements that look through a whole day.
func OpenForMaintenance(dsn string) (*sql.DB, error) { return open(dsn, 3, maintenanceTimeout) }

// open makes a pool; io above zero is how long its statements may take instead.
func open(dsn string, conns int, io time.Duration) (*sql.DB, error) {
	dsns := perServer(dsn)
	if len(dsns) == 0 {
		return nil, errors.New("the database address (MYSQL_DSN) has an empty name among its servers")
	}
	wait := withOne
	if len(dsns) > 1 {
		wait = withSeveral
	}
	if io > 0 {
		wait.io, wait.silence = io, io
	}
	servers := make([]server, len(dsns))
	for i, one := range dsns {
		var err error
		if servers[i], err = newServer(one, wait); err != nil {
			return nil, err
		}
	}
	if len(servers) == 1 {
		return pooled(servers[0], conns, wait.silence), nil
	}
	p, err := newPrimary(servers)
	if err != nil {
		return nil, err
	}
	db := pooled(p, conns, wait.silence)
	p.watch(func() { // closes the idle ones: nobody would notice that they lead to the wrong server before using them
		db.SetMaxIdleConns(0)
		db.SetMaxIdleConns(conns)
	})
	return db, nil
}

// perServer is the same address once for each server of …@tcp(a,b)/…; none when one of them is left empty, for which the driver
// would take its default.
func perServer(dsn string) []string {
	slash := strings.LastIndexByte(dsn, '/') // a password may hold any of these characters, so they are looked for from the end
	open := strings.LastIndexByte(dsn[:max(slash, 0)], '(')
	if open < 0 || !strings.HasSuffix(dsn[:slash], ")") {
		return []string{dsn} // not as it must be, or a default address: the driver says
	}
	var all []string
	list := strings.Split(dsn[open+1:slash-1], ",")
	for _, address := range list {
		if len(list) > 1 && strings.TrimSpace(address) == "" {
			return nil
		}
		all = append(all, dsn[:open+1]+strings.TrimSpace(address)+dsn[slash-1:])
	}
	return all
}

func configure(dsn string, wait patience) (*driver.Config, error) {
	c, err := driver.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database address (MYSQL_DSN) is not user:password@tcp(host:port)/database: %w", err)
	}
	c.InterpolateParams = true // one round trip a statement instead of three
	c.MultiStatements = true   // packets; their texts are constants, values are arguments
	c.ParseTime = true
	c.Loc = time.UTC
	c.Collation = "utf8mb4_bin"
	c.Timeout, c.ReadTimeout, c.WriteTimeout = wait.dial, wait.io, wait.io
	c.RejectReadOnly = false // steady does it, and keeps the server's words
	c.Params = map[string]string{
		"transaction_isolation":    "'READ-COMMITTED'",
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": fmt.Sprint(int(wait.lock.Seconds())),
		"wait_timeout":             fmt.Sprint(int(wait.silence.Seconds())),
	}
	return c, nil
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
