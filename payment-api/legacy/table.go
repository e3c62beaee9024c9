package legacy

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed" // the table
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

//go:embed legacy_payment.sql
var createTable string

// table is legacy_payment. Each method that writes is one transaction of one statement: BEGIN, the statement, COMMIT, which
// is three round trips and a write to disk.
type table struct {
	db *sql.DB
}

// order is that of the legs, in the table and of the calls.
var order = []string{"COUPON", "POINT", "PG"}

// open makes a pool of so many connections. Statements are put together here and sent in one round trip, as Connector/J does
// it by default: prepared on the server they would take three.
func open(dsn string, connections int) (*sql.DB, error) {
	c, err := driver.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("the database address (MYSQL_DSN) is not user:password@tcp(host:port)/database") // the cause may show the password
	}
	c.InterpolateParams, c.ParseTime, c.Loc = true, true, time.UTC
	c.Timeout, c.ReadTimeout, c.WriteTimeout = time.Second, 5*time.Second, 5*time.Second
	connector, err := driver.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("the database address (MYSQL_DSN): %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(4 * time.Minute)
	return db, nil
}

// create makes the table when it is missing. Several processes may do so at the same moment: the server takes turns.
func (t table) create(ctx context.Context) error {
	if _, err := t.db.ExecContext(ctx, createTable); err != nil {
		return fmt.Errorf("make the table legacy_payment: %w", err)
	}
	return nil
}

// owner is whose key this is. It asks the database with every request, as systems did that kept nothing in memory; the
// renewed one reads the same table ahead of time.
func (t table) owner(ctx context.Context, key string) (merchant uint32, known bool, err error) {
	hash := sha256.Sum256([]byte(key))
	err = t.db.QueryRowContext(ctx, "SELECT merchant_id FROM api_key WHERE key_hash = ? AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))", hash[:]).Scan(&merchant)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("look the API key up: %w", err)
	}
	return merchant, true, nil
}

// insert writes the row and takes its id from the counter.
func (t table) insert(ctx context.Context, p *payment) error {
	columns := "merchant_id, order_id, amount, currency, state, created_at, updated_at"
	values := []any{p.Merchant, p.Order, p.Amount, p.Currency, p.State, p.Created, p.Created}
	for i := range p.Legs {
		l := &p.Legs[i]
		l.State = pending
		name := strings.ToLower(l.Means)
		columns += fmt.Sprintf(", %s_amount, %s_token, %s_state", name, name, name)
		values = append(values, l.Amount, l.Token, l.State)
	}
	result, err := t.commit(ctx, "INSERT INTO legacy_payment ("+columns+") VALUES (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	if err != nil {
		return fmt.Errorf("insert the payment: %w", err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return fmt.Errorf("insert the payment: %w", err)
	}
	p.ID = uint64(id)
	return nil
}

// leg writes what became of a leg.
func (t table) leg(ctx context.Context, p *payment, l *leg) error {
	name := strings.ToLower(l.Means)
	statement := fmt.Sprintf("UPDATE legacy_payment SET %s_state = ?, %s_reference = ?, %s_transaction_id = ?, %s_code = ?, updated_at = ? WHERE id = ?", name, name, name, name)
	if _, err := t.commit(ctx, statement, l.State, l.Reference, l.Transaction, l.Code, time.Now().UTC(), p.ID); err != nil {
		return fmt.Errorf("write the %s of payment %d: %w", l.Means, p.ID, err)
	}
	return nil
}

// end writes the payment's end.
func (t table) end(ctx context.Context, p *payment) error {
	if _, err := t.commit(ctx, "UPDATE legacy_payment SET state = ?, reason = ?, updated_at = ? WHERE id = ?", p.State, p.Reason, time.Now().UTC(), p.ID); err != nil {
		return fmt.Errorf("write the end of payment %d: %w", p.ID, err)
	}
	return nil
}

// commit runs one statement in a transaction of its own.
func (t table) commit(ctx context.Context, statement string, values ...any) (sql.Result, error) {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() // after a commit it does nothing
	result, err := tx.ExecContext(ctx, statement, values...)
	if err != nil {
		return nil, err
	}
	return result, tx.Commit()
}

// find reads a payment of the merchant; nil: there is none.
func (t table) find(ctx context.Context, merchant uint32, id uint64) (*payment, error) {
	p := payment{ID: id, Merchant: merchant}
	found := []any{&p.Order, &p.Amount, &p.Currency, &p.State, &p.Reason, &p.Created}
	columns, legs := "order_id, amount, currency, state, reason, created_at", make([]struct {
		amount      sql.NullInt64
		state, code sql.NullString
	}, len(order))
	for i, means := range order {
		name := strings.ToLower(means)
		columns += fmt.Sprintf(", %s_amount, %s_state, %s_code", name, name, name)
		found = append(found, &legs[i].amount, &legs[i].state, &legs[i].code)
	}
	err := t.db.QueryRowContext(ctx, "SELECT "+columns+" FROM legacy_payment WHERE id = ? AND merchant_id = ?", id, merchant).Scan(found...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read payment %d: %w", id, err)
	}
	for i, means := range order {
		if legs[i].amount.Valid {
			p.Legs = append(p.Legs, leg{Means: means, Amount: legs[i].amount.Int64, State: legs[i].state.String, Code: legs[i].code.String})
		}
	}
	return &p, nil
}
