package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	mysql "github.com/go-sql-driver/mysql"
)

// packet gathers statements that go to the server in one piece. On a busy machine each round trip waits for a processor
// on both sides; a transaction of eight statements, sent one by one, waited sixteen times while it held its locks.
//
//	START TRANSACTION; INSERT …; UPDATE …; INSERT …   ─►   OK 0, OK 64, OK 64, OK 128
//
// The server stops at the first statement that fails and runs none of those after it, a COMMIT least of all. The texts are
// constants of this package; values go in as arguments, which the driver escapes.
type packet struct {
	text strings.Builder
	args []any
	size int // statements
}

// add appends a statement and says where it stands, which is where its count will be.
func (p *packet) add(statement string, args ...any) int {
	if p.size > 0 {
		p.text.WriteString(";\n")
	}
	p.text.WriteString(statement)
	p.args = append(p.args, args...)
	p.size++
	return p.size - 1
}

const (
	begin    = "START TRANSACTION"
	commit   = "COMMIT"
	rollback = "ROLLBACK"
)

// transaction is one on a connection of its own, whose first packet begins it.
type transaction struct {
	conn      *sql.Conn
	begun     bool
	committed bool
}

// packet is the next one to be sent.
func (t *transaction) packet() *packet {
	p := &packet{}
	if !t.begun {
		p.add(begin)
	}
	return p
}

// send runs a packet and says how many rows each of its statements changed.
func (t *transaction) send(ctx context.Context, p *packet) ([]int64, error) {
	t.begun = true
	counts, err := execute(ctx, t.conn, p.text.String(), p.args)
	if err != nil {
		return nil, notStored(err)
	}
	if len(counts) != p.size {
		return nil, notStored(fmt.Errorf("the server answered %d statements of %d", len(counts), p.size))
	}
	return counts, nil
}

// change sends one statement and says how many rows it changed.
func (t *transaction) change(ctx context.Context, statement string, args ...any) (int64, error) {
	p := t.packet()
	at := p.add(statement, args...)
	counts, err := t.send(ctx, p)
	if err != nil {
		return 0, err
	}
	return counts[at], nil
}

// sendAndCommit sends the transaction's last packet with the COMMIT in it: of statements that all must succeed, and of which no
// count has to be looked at before.
func (t *transaction) sendAndCommit(ctx context.Context, p *packet) error {
	t.begun = true
	p.add(commit)
	_, err := execute(ctx, t.conn, p.text.String(), p.args)
	return t.ended(err)
}

func (t *transaction) commit(ctx context.Context) error {
	if t.committed || !t.begun {
		return nil
	}
	_, err := execute(ctx, t.conn, commit, nil)
	return t.ended(err)
}

// ended says what an error of the statement that commits means.
func (t *transaction) ended(err error) error {
	t.committed = err == nil
	return committed(err)
}

// inPackets runs do in one transaction, whose statements go in packets, and commits what do has not committed itself. Its
// error is as inTx's.
func inPackets(ctx context.Context, db *sql.DB, do func(*transaction) error) error {
	return again(func() error { return oncePackets(ctx, db, do) })
}

func oncePackets(ctx context.Context, db *sql.DB, do func(*transaction) error) error {
	ctx = asking(ctx)
	conn, err := db.Conn(ctx)
	if err != nil {
		return notConnected(err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	t := &transaction{conn: conn}
	err = do(t)
	if err == nil {
		err = t.commit(ctx)
	}
	if err != nil && t.begun && !t.committed {
		t.abandon(ctx, err)
	}
	return err
}

// abandon rolls back, or drops the connection: then the server rolls back.
func (t *transaction) abandon(ctx context.Context, because error) {
	if !errors.Is(because, errAmbiguous) {
		if _, err := execute(ctx, t.conn, rollback, nil); err == nil {
			return
		}
	}
	_ = t.conn.Raw(func(any) error { return driver.ErrBadConn })
}

// execute goes to the driver itself, which alone tells the count of every statement.
func execute(ctx context.Context, conn *sql.Conn, text string, args []any) (counts []int64, err error) {
	err = conn.Raw(func(raw any) error {
		named, err := check(raw, args)
		if err != nil {
			return err
		}
		result, err := raw.(driver.ExecerContext).ExecContext(ctx, text, named)
		if err != nil {
			return err
		}
		counts = result.(mysql.Result).AllRowsAffected()
		return nil
	})
	return counts, err
}

// check turns arguments into what the driver sends, as database/sql does.
func check(raw any, args []any) ([]driver.NamedValue, error) {
	checker := raw.(driver.NamedValueChecker)
	named := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
		if err := checker.CheckNamedValue(&named[i]); err != nil {
			return nil, fmt.Errorf("argument %d of a statement: %w", i+1, err)
		}
	}
	return named, nil
}
