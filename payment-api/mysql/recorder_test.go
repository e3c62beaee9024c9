package mysql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// recorder is a driver in front of the real one that keeps every statement with its arguments, so that tests can hold
// what the store really sends against MySQL's EXPLAIN. It can break the connection at COMMIT.
type recorder struct {
	inner driver.Connector

	mu         sync.Mutex
	statements []statement
	cut        cut
	then       func() // what happens right after the cut
}

// cut is where the connection breaks at the next COMMIT; the caller cannot tell which it was.
type cut int

const (
	never cut = iota
	beforeCommit
	afterCommit
)

// cutNext breaks the next COMMIT.
func (r *recorder) cutNext(at cut) { r.whenCut(at, func() {}) }

// whenCut breaks the next COMMIT; then happens before anybody hears of it.
func (r *recorder) whenCut(at cut, then func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut, r.then = at, then
}

// lockWait bounds, for connections made from now on, how long a statement waits for a row.
func (r *recorder) lockWait(seconds int) {
	dial := r.inner.(dialAgain)
	dial.dsn += fmt.Sprintf("&innodb_lock_wait_timeout=%d", seconds)
	r.inner = dial
}

// drain is what was sent since the last time.
func (r *recorder) drain() []statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	statements := r.statements
	r.statements = nil
	return statements
}

type statement struct {
	query string
	args  []any
}

// record makes a pool that sends what db sends and remembers it.
func record(db *sql.DB) (*sql.DB, *recorder) {
	r := &recorder{inner: dialAgain{db.Driver(), server.AppDSN + "?interpolateParams=true&multiStatements=true&parseTime=true&transaction_isolation=%27READ-COMMITTED%27"}}
	return sql.OpenDB(r), r
}

type dialAgain struct {
	driver driver.Driver
	dsn    string
}

func (d dialAgain) Connect(context.Context) (driver.Conn, error) { return d.driver.Open(d.dsn) }
func (d dialAgain) Driver() driver.Driver                        { return d.driver }

func (r *recorder) Driver() driver.Driver { return r.inner.Driver() }

func (r *recorder) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := r.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &recorded{conn, r}, nil
}

func (r *recorder) note(query string, named []driver.NamedValue) {
	args := make([]any, len(named))
	for i, n := range named {
		args[i] = n.Value
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for text := range strings.SplitSeq(query, ";\n") { // the statements of a packet, each with its own arguments
		n := strings.Count(text, "?")
		r.statements = append(r.statements, statement{text, args[:n]})
		args = args[n:]
	}
}

type recorded struct {
	driver.Conn
	to *recorder
}

func (c *recorded) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.to.note(query, args)
	exec := c.Conn.(driver.ExecerContext).ExecContext
	before, commits := strings.CutSuffix(query, "COMMIT")
	if !commits {
		return exec(ctx, query, args)
	}
	at, then := c.to.take()
	if at == never {
		return exec(ctx, query, args)
	}
	var err error
	if at == beforeCommit {
		_, err = exec(ctx, before+"ROLLBACK", args)
	} else {
		_, err = exec(ctx, query, args)
	}
	then()
	return nil, errors.Join(errCut, err)
}

// take is what is to happen at this COMMIT.
func (r *recorder) take() (cut, func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.cut
	r.cut = never
	return at, r.then
}

func (c *recorded) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.to.note(query, args)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *recorded) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	return &recordedTx{tx, c.to}, err
}

type recordedTx struct {
	driver.Tx
	to *recorder
}

var errCut = errors.New("the connection was cut by the test")

func (t *recordedTx) Commit() error {
	at, then := t.to.take()
	if at == never {
		return t.Tx.Commit()
	}
	end := t.Tx.Commit
	if at == beforeCommit {
		end = t.Rollback
	}
	err := end()
	then()
	return errors.Join(errCut, err)
}

func (c *recorded) CheckNamedValue(v *driver.NamedValue) error {
	return c.Conn.(driver.NamedValueChecker).CheckNamedValue(v)
}
