package mysql

import (
	"context"
	"database/sql/driver"
	"errors"

	mysql "github.com/go-sql-driver/mysql"
)

// steadyConn is a connection that lets go of its server when that turns out to be the wrong one:
//
//	1290, 1836, 1792 ─► the server takes no writes and did nothing: closed, and for database/sql a bad connection, so that
//	                    the statement goes to another one, and a transaction is sent again (again, tx.go)
//	3100, 3101       ─► the server gave up a COMMIT in its group: closed, and nobody knows (undecided)
//	another server has become the primary since ─► not used again
//
// go-sql-driver's RejectReadOnly does the first, too; but it drops what the server said, and with it the reason that a person
// would look for.
type steadyConn struct {
	driverConn
	of         *primary // nil: there is one server only
	generation uint64   // of the primary when this was made
}

// Server errors of one that is not the primary (any more).
const (
	errOptionPrevents  = 1290 // super_read_only
	errReadOnlyTx      = 1792 // in a transaction that is read-only
	errReadOnlyMode    = 1836 // InnoDB is
	errHookFailed      = 3100 // the group was lost while committing
	errRolledBackInEnd = 3101 // rolled back while committing: certified away, or given up by a member that leaves
)

// steady wraps a connection; one of another driver than we know works as it is.
func steady(conn driver.Conn) driver.Conn {
	if known, is := conn.(driverConn); is {
		return &steadyConn{driverConn: known}
	}
	return conn
}

// refusal is a server's word that it takes no writes. Nothing was done, so the statement may go to another one.
type refusal struct{ said *mysql.MySQLError }

func (r refusal) Error() string { return "the server takes no writes: " + r.said.Error() }

// Is makes database/sql try another connection.
func (r refusal) Is(target error) bool { return target == driver.ErrBadConn }

// undecided says that the server has rolled a COMMIT back, but only itself: the transaction had been sent to the group, and a
// member that leaves gives up on all whose outcome it has not heard of (unblock_waiting_transactions in the server's
// plugin_utils.cc). The others may have committed it.
func undecided(err error) bool {
	return isServerError(err, errHookFailed) || isServerError(err, errRolledBackInEnd)
}

// judge closes the connection where the server must not be asked again.
func (c *steadyConn) judge(err error) error {
	if err == nil {
		return nil
	}
	var said *mysql.MySQLError
	if !errors.As(err, &said) {
		return err
	}
	switch said.Number {
	case errOptionPrevents, errReadOnlyTx, errReadOnlyMode:
		_ = c.Close()
		return refusal{said}
	case errHookFailed, errRolledBackInEnd:
		_ = c.Close()
	}
	return err
}

// demoted says that another server has become the primary since.
func (c *steadyConn) demoted() bool { return c.of != nil && c.of.generation.Load() != c.generation }

// ResetSession implements driver.SessionResetter: it is called before a pooled connection is used.
func (c *steadyConn) ResetSession(ctx context.Context) error {
	if c.demoted() {
		return driver.ErrBadConn
	}
	return c.driverConn.ResetSession(ctx)
}

// IsValid implements driver.Validator: it is called before a connection goes back to the pool.
func (c *steadyConn) IsValid() bool { return !c.demoted() && c.driverConn.IsValid() }

// ExecContext implements driver.ExecerContext.
func (c *steadyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.driverConn.ExecContext(ctx, query, args)
	return result, c.judge(err)
}

// QueryContext implements driver.QueryerContext.
func (c *steadyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.driverConn.QueryContext(ctx, query, args)
	return rows, c.judge(err)
}

// BeginTx implements driver.ConnBeginTx.
func (c *steadyConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.driverConn.BeginTx(ctx, options)
	if err != nil {
		return nil, c.judge(err)
	}
	return &steadyTx{tx, c}, nil
}

type steadyTx struct {
	driver.Tx
	conn *steadyConn
}

// Commit implements driver.Tx.
func (t *steadyTx) Commit() error { return t.conn.judge(t.Tx.Commit()) }
