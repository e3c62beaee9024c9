package mysql

import (
	"context"
	"database/sql/driver"
	"time"

	mysql "github.com/go-sql-driver/mysql"
)

// observedConnector makes connections whose statements are measured.
type observedConnector struct {
	driver.Connector
	to *observer
}

func observed(c driver.Connector, config *mysql.Config) (driver.Connector, error) {
	to, err := newObserver(config)
	return &observedConnector{c, to}, err
}

// Connect implements driver.Connector.
func (c *observedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	known, is := conn.(driverConn)
	if !is {
		return conn, nil // another driver than we know: it works, unmeasured
	}
	return &observedConn{known, c.to}, nil
}

// driverConn is all that database/sql asks of a connection; go-sql-driver's has it.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// observedConn is a connection whose statements are measured. What it does not name goes straight to the driver's.
type observedConn struct {
	driverConn
	to *observer
}

// ExecContext implements driver.ExecerContext.
func (c *observedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	name, began := verbOf(query), time.Now()
	if name == batch {
		c.to.given(ctx, began)
	}
	span := c.to.begin(ctx, name, query)
	result, err := c.driverConn.ExecContext(ctx, query, args)
	c.to.end(ctx, span, name, began, err)
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *observedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	name, began := verbOf(query), time.Now()
	span := c.to.begin(ctx, name, query)
	rows, err := c.driverConn.QueryContext(ctx, query, args)
	c.to.end(ctx, span, name, began, err)
	return rows, err
}

// BeginTx implements driver.ConnBeginTx.
func (c *observedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	began := time.Now()
	c.to.given(ctx, began)
	span := c.to.begin(ctx, "BEGIN", "")
	tx, err := c.driverConn.BeginTx(ctx, options)
	c.to.end(ctx, span, "BEGIN", began, err)
	if err != nil {
		return nil, err
	}
	return &observedTx{tx, ctx, c.to}, nil
}

// observedTx measures how a transaction ends. It keeps the context that the transaction was begun with: Commit gets none.
type observedTx struct {
	driver.Tx
	ctx context.Context
	to  *observer
}

// Commit implements driver.Tx.
func (t *observedTx) Commit() error { return t.end("COMMIT", t.Tx.Commit) }

// Rollback implements driver.Tx.
func (t *observedTx) Rollback() error { return t.end("ROLLBACK", t.Tx.Rollback) }

func (t *observedTx) end(name string, do func() error) error {
	began := time.Now()
	span := t.to.begin(t.ctx, name, "")
	err := do()
	t.to.end(t.ctx, span, name, began, err)
	return err
}
