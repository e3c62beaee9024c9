package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	mysql "github.com/go-sql-driver/mysql"

	"gazua.example/payment-api/payment"
)

// Server errors that we act on.
const (
	errDeadlock    = 1213 // the whole transaction was rolled back
	errLockWait    = 1205
	errNoPartition = 1526 // no partition takes this id
	errDuplicate   = 1062 // a row with this key is there

	errDuplicateColumn  = 1060 // ADD COLUMN
	errDuplicateKeyName = 1061 // ADD KEY

	errNoSuchTable      = 1146
	errNoSuchPartition  = 1507 // in DROP PARTITION
	errUnknownPartition = 1735 // in PARTITION (…)
)

// errAmbiguous: the connection broke at COMMIT. Committed or not, only a read tells.
var errAmbiguous = errors.New("the connection broke while committing")

// deadlockTries bounds how often a transaction that the server chose as a deadlock's victim is sent again.
const deadlockTries = 5

// inTx runs do in one transaction. Its error is what do returned (then nothing was written), errAmbiguous, or
// payment.ErrUnavailable with the cause.
func inTx(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	return again(func() error { return once(ctx, db, do) })
}

// again sends a transaction again that was a deadlock's victim, or whose connection took nothing any more.
func again(send func() error) error {
	for try := 1; ; try++ {
		err := send()
		if !isServerError(err, errDeadlock) && !errors.Is(err, driver.ErrBadConn) || try == deadlockTries {
			return err
		}
		time.Sleep(time.Duration(rand.Int64N(int64(try) * int64(5*time.Millisecond))))
	}
}

func once(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	ctx = asking(ctx)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return notStored(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the connection is gone or the server rolls back: nothing was committed either way
		return err
	}
	err = tx.Commit()
	if err == nil {
		return nil
	}
	if answered(err) {
		return notStored(err) // the server says that it did not commit
	}
	return fmt.Errorf("%w: %w", errAmbiguous, err)
}

func notStored(err error) error { return fmt.Errorf("%w: %w", payment.ErrUnavailable, err) }

// answered says that the error came from the server, so the connection and the server are there.
func answered(err error) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said)
}

func isServerError(err error, number uint16) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said) && said.Number == number
}

// isDuplicateIn says that a row of this table has the primary key already.
func isDuplicateIn(err error, table string) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said) && said.Number == errDuplicate && strings.Contains(said.Message, "for key '"+table+".PRIMARY'")
}

// affected runs a statement and says how many rows it changed.
func affected(ctx context.Context, tx *sql.Tx, statement string, args ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, notStored(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, notStored(err)
	}
	return n, nil
}

// exec runs a statement.
func exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	_, err := affected(ctx, tx, statement, args...)
	return err
}
