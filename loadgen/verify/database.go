package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Database reads the payment database with SQL of the verifier's own and a user that may only SELECT.
type Database struct {
	db *sql.DB
}

// Payment is a payment as the database has it. Where only its legs or its open work are there, Missing is set.
type Payment struct {
	ID       uint64
	Missing  bool
	Merchant uint32
	Order    string
	Amount   int64
	Currency string
	Mode     string
	State    string
	Version  uint32
	Reason   string
	Legs     []Leg
	Open     bool // has a row in open_payment
}

// Leg is one leg of it.
type Leg struct {
	PaymentID   uint64
	Seq         uint8
	Means       string
	Amount      int64
	State       string
	Reference   string
	Transaction string
}

// pageSize is how many payments are fetched at once.
const pageSize = 5_000

// OpenDatabase checks that the database answers.
func OpenDatabase(ctx context.Context, dsn string) (*Database, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("MYSQL_DSN is not of the form user:password@tcp(host:port)/payment") // the cause may show the password
	}
	config.InterpolateParams = true
	config.Timeout, config.ReadTimeout = 5*time.Second, 2*time.Minute
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
	return d.number(ctx, "SELECT COALESCE(MAX(id), 0) FROM payment")
}

// OpenWork counts the payments after from that are not final.
func (d *Database) OpenWork(ctx context.Context, from uint64) (uint64, error) {
	return d.number(ctx, "SELECT COUNT(*) FROM open_payment WHERE payment_id > ?", from)
}

// UnsentMessages counts the rows of the outbox that no relay has sent.
func (d *Database) UnsentMessages(ctx context.Context) (uint64, error) {
	return d.number(ctx, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL")
}

func (d *Database) number(ctx context.Context, query string, args ...any) (n uint64, err error) {
	if err := d.db.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("ask the database %q: %w", query, err)
	}
	return n, nil
}

// Payments yields the payments with from < id ≤ to in the order of their ids, page by page: a page is a range of ids, so
// its look-ups prune to its partitions. All pages see one snapshot.
func (d *Database) Payments(ctx context.Context, from, to uint64) iter.Seq2[Payment, error] {
	return func(yield func(Payment, error) bool) {
		tx, err := d.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			yield(Payment{}, fmt.Errorf("begin to read the payments: %w", err))
			return
		}
		defer func() { _ = tx.Rollback() }() // nothing was written
		for from < to {
			page, until, err := readPage(ctx, tx, from, to)
			if err != nil {
				yield(Payment{}, fmt.Errorf("read the payments after %d: %w", from, err))
				return
			}
			for _, p := range page {
				if !yield(p, nil) {
					return
				}
			}
			from = until
		}
	}
}

// readPage reads payments, their legs and their open work up to the last payment of the page, or up to to when the page
// is not full. Legs and open work without a payment become payments that are Missing.
func readPage(ctx context.Context, tx *sql.Tx, from, to uint64) (page []Payment, until uint64, err error) {
	var payments []Payment
	err = each(ctx, tx, func(rows *sql.Rows) error {
		var p Payment
		err := rows.Scan(&p.ID, &p.Merchant, &p.Order, &p.Amount, &p.Currency, &p.Mode, &p.State, &p.Version, &p.Reason)
		payments = append(payments, p)
		return err
	}, `SELECT id, merchant_id, order_id, amount, currency, mode, state, version, reason
		FROM payment WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`, from, to, pageSize)
	if err != nil {
		return nil, 0, err
	}
	until = to
	if len(payments) == pageSize {
		until = payments[len(payments)-1].ID
	}
	var legs []Leg
	err = each(ctx, tx, func(rows *sql.Rows) error {
		var l Leg
		err := rows.Scan(&l.PaymentID, &l.Seq, &l.Means, &l.Amount, &l.State, &l.Reference, &l.Transaction)
		legs = append(legs, l)
		return err
	}, `SELECT payment_id, seq, means, amount, state, reference, transaction_id
		FROM payment_leg WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id, seq`, from, until)
	if err != nil {
		return nil, 0, err
	}
	var open []uint64
	err = each(ctx, tx, func(rows *sql.Rows) error {
		var id uint64
		err := rows.Scan(&id)
		open = append(open, id)
		return err
	}, `SELECT DISTINCT payment_id FROM open_payment WHERE payment_id > ? AND payment_id <= ? ORDER BY payment_id`, from, until)
	if err != nil {
		return nil, 0, err
	}
	return join(payments, legs, open), until, nil
}

// join merges three lists that are each sorted by payment id.
func join(payments []Payment, legs []Leg, open []uint64) []Payment {
	page := make([]Payment, 0, len(payments))
	for len(payments)+len(legs)+len(open) > 0 {
		id := ^uint64(0)
		if len(payments) > 0 {
			id = payments[0].ID
		}
		if len(legs) > 0 {
			id = min(id, legs[0].PaymentID)
		}
		if len(open) > 0 {
			id = min(id, open[0])
		}
		p := Payment{ID: id, Missing: true}
		if len(payments) > 0 && payments[0].ID == id {
			p, payments = payments[0], payments[1:]
		}
		for len(legs) > 0 && legs[0].PaymentID == id {
			p.Legs, legs = append(p.Legs, legs[0]), legs[1:]
		}
		if len(open) > 0 && open[0] == id {
			p.Open, open = true, open[1:]
		}
		page = append(page, p)
	}
	return page
}

func each(ctx context.Context, tx *sql.Tx, row func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
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
