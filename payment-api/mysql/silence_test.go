package mysql_test

import (
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// silenceBound is some times as long as the server keeps a silent connection.
const silenceBound = 30 * time.Second

// A process that freezes inside of a transaction, and one whose machine is gone, look the same to the server: nothing comes.
func TestSilence_InATransaction_FreesItsRowsForOthers(t *testing.T) {
	nothingOpen(t)
	p := due(t)
	frozen, err := mysql.Open(server.AppDSN, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	tx, err := frozen.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "UPDATE open_payment SET owner = 'frozen' WHERE payment_id = ?", p.ID); err != nil {
		t.Fatal(err)
	}
	if tasks := take(t, "other", time.Minute, p.ID); len(tasks) != 0 {
		t.Fatal("a row was taken that a transaction holds: this shows nothing")
	}
	var tasks []payment.Task
	within(t, silenceBound, "another process takes the row", func() bool {
		tasks = take(t, "other", time.Minute, p.ID)
		return len(tasks) == 1
	})
	if err := tx.Commit(); err == nil {
		t.Error("the transaction that the server had ended could be committed")
	}
	if n := number(t, "SELECT COUNT(*) FROM open_payment WHERE payment_id = ? AND owner = 'other'", p.ID); n != 1 {
		t.Error("the one who took it does not hold it")
	}
}

// A pool that has nothing to do lets its connections go before the server does: who closes one while the other writes would
// cost a request.
func TestSilence_OfAPool_ClosesItsConnectionsFirst(t *testing.T) {
	pool, err := mysql.Open(server.AppDSN, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	fillPool(t, pool, 4)
	within(t, silenceBound, "all connections are closed", func() bool { return pool.Stats().OpenConnections == 0 })
	if n := pool.Stats().MaxIdleTimeClosed; n != 4 {
		t.Errorf("the pool has closed %d of 4 connections for their silence", n)
	}
	var one int
	if err := pool.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil {
		t.Error(err)
	}
}
