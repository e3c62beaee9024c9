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

// errAmbiguous: the connection broke at COMMIT, or the server gave up on it in its group. Committed or not, only a read tells.
var errAmbiguous = errors.New("the connection broke while committing")

// errNoConnection: nothing was sent, and the reason has nothing to do with what was to be sent.
var errNoConnection = errors.New("no connection to the database")

// deadlockTries bounds how often a transaction that the server chose as a deadlock's victim is sent again.
const deadlockTries = 5

// inTx runs do in one transaction. Its error is what do returned (then nothing was written), errAmbiguous, or
// payment.ErrUnavailable with the cause.
func inTx(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	return again(func() error { return once(ctx, db, do) })
}

// reading bounds what a merchant waits for when he looks at something, the wait for a connection included: his request has
// no deadline of its own.
func reading(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, withOne.io+time.Second)
}

// again sends a transaction again that was a deadlock's victim, or whose connection took nothing any more; one that the server
// refused as read-only once only, on a new connection: there may be another server behind it.
func again(send func() error) error {
	for try := 1; ; try++ {
		err := send()
		tries, readOnly := deadlockTries, refusal{}
		if errors.As(err, &readOnly) {
			tries = 2
		}
		if !isServerError(err, errDeadlock) && !errors.Is(err, driver.ErrBadConn) || errors.Is(err, errAmbiguous) || try >= tries {
			return err
		}
		time.Sleep(time.Duration(rand.Int64N(int64(try) * int64(5*time.Millisecond))))
	}
}

func once(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	ctx = asking(ctx)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return notConnected(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the connection is gone or the server rolls back: nothing was committed either way
		return err
	}
	return committed(tx.Commit())
}

// committed says what an answer to COMMIT means. Of a bad connection the driver says that nothing was sent, or steady that the
// server refused it.
func committed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrBadConn), answered(err) && !undecided(err):
		return notStored(err) // the server says that it did not commit, or nothing was sent
	default:
		return fmt.Errorf("%w: %w", errAmbiguous, err)
	}
}

func notStored(err error) error { return fmt.Errorf("%w: %w", payment.ErrUnavailable, err) }

func notConnected(err error) error { return notStored(fmt.Errorf("%w: %w", errNoConnection, err)) }

// answered says that the error came from the server, so the connection and the server are there.
func answered(err error) bool {
	var said *mysql.MySQLError
	return errors.As(err, &said)
}

// divisible says that the server refused a batch for what was in it: a part of it may be committed. Not so where nobody knows
// whether all of it was; nor where there is no connection to be had (1040: too many): a part would be told no better, and each
// would ask once more.
func divisible(err error) bool {
	return answered(err) && !errors.Is(err, errAmbiguous) && !errors.Is(err, errNoConnection)
}

// settling bounds how long is asked what became of the members of a transaction whose COMMIT was lost. Where the server is
// silent each read would wait for its own time-out, and so would all who want to commit after them; who is not told asks again
// with the same key. It is a little more than the longest time-out, so that the first read may come to its end.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, withOne.io+time.Second)
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
