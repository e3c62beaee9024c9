package fill

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testdb.Stop()
	os.Exit(code)
}

// database is one with the product's schema, two merchants, and nothing that an earlier test has filled.
func database(t *testing.T) *sql.DB {
	t.Helper()
	db, _ := testdb.Open(t)
	for _, statement := range []string{
		"DROP TABLE IF EXISTS loadgen_fill", "DELETE FROM order_guard", "DELETE FROM merchant", "INSERT INTO merchant (id, name) VALUES (1, 'a'), (7, 'b')",
	} {
		do(t, db, statement)
	}
	return db
}

func do(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(t *testing.T, db *sql.DB, query string, args ...any) (n int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func options(payments int64) Options {
	o := Usual
	o.Payments, o.Days = payments, 5
	return o
}

func mustFill(t *testing.T, db *sql.DB, o Options) *Report {
	t.Helper()
	r, err := Fill(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What must be in the database, as queries and their answers.
type holds map[string]int64

func (h holds) check(t *testing.T, db *sql.DB) {
	t.Helper()
	for query, want := range h {
		if got := number(t, db, query); got != want {
			t.Errorf("%d, want %d: %s", got, want, query)
		}
	}
}

func TestFill_LeavesWhatCardPaymentsLeave(t *testing.T) {
	db := database(t)
	before := time.Now()
	r := mustFill(t, db, options(2_000))
	if r.Payments != 2_000 || r.Filled != 2_000 || r.Rows["payment_event"] != 4_000 || r.Days != 5 {
		t.Errorf("report %+v", r)
	}
	if r.End.After(before) || r.End.Before(before.Add(-time.Minute)) || r.End.Sub(r.Start) != 5*day {
		t.Errorf("from %s to %s", r.Start, r.End)
	}
	for _, table := range tables {
		if r.Bytes[table] == 0 {
			t.Errorf("%s has no size", table)
		}
	}
	holds{
		"SELECT COUNT(*) FROM payment": 2_000, "SELECT COUNT(*) FROM payment_leg": 2_000, "SELECT COUNT(*) FROM payment_event": 4_000,
		"SELECT COUNT(*) FROM journal_entry": 4_000, "SELECT COUNT(*) FROM order_guard": 2_000, "SELECT COUNT(DISTINCT order_id) FROM payment": 2_000,
		"SELECT COUNT(*) FROM open_payment": 0, "SELECT COUNT(*) FROM outbox": 0, "SELECT COUNT(*) FROM callback": 0, "SELECT COUNT(*) FROM cancellation": 0,
		"SELECT COUNT(*) FROM payment WHERE merchant_id = 7":                                                                                     1_000,
		"SELECT COUNT(*) FROM payment WHERE state = 'PAID' AND mode = 'SYNC' AND version = 2 AND settled_at > started_at":                        2_000,
		"SELECT COUNT(*) FROM payment WHERE amount BETWEEN 1000 AND 100000 AND canceled_amount = 0 AND currency = 'KRW'":                         2_000,
		"SELECT COUNT(*) FROM payment WHERE TIMESTAMPDIFF(SECOND, '2026-01-01', created_at) = (id >> 22) DIV 1000":                               2_000,
		"SELECT COUNT(*) FROM payment p JOIN payment_leg l ON l.payment_id = p.id AND l.amount = p.amount AND l.state = 'CAPTURED'":              2_000,
		"SELECT COUNT(*) FROM payment_leg WHERE reference = CONCAT(payment_id, '.1') AND booked_at IS NOT NULL":                                  2_000,
		"SELECT COUNT(*) FROM payment p JOIN order_guard g ON g.payment_id = p.id AND g.merchant_id = p.merchant_id AND g.order_id = p.order_id": 2_000,
		// Each history is created, captured; each posting sums to zero, and says what the leg says.
		"SELECT COUNT(*) FROM payment_event a JOIN payment_event b ON b.payment_id = a.payment_id AND a.seq = 1 AND b.seq = 2 AND a.to_state = 'PROCESSING' AND b.from_state = 'PROCESSING' AND b.to_state = 'PAID' AND b.at > a.at": 2_000,
		"SELECT SUM(amount) FROM journal_entry": 0,
		"SELECT COUNT(*) FROM journal_entry d JOIN journal_entry c ON c.payment_id = d.payment_id AND d.seq = 2 AND c.seq = 3 AND d.amount = -c.amount JOIN payment_leg l ON l.payment_id = d.payment_id AND l.amount = d.amount AND l.reference = d.reference AND l.booked_at = d.booked_at": 2_000,
		"SELECT COUNT(*) FROM journal_entry WHERE business_day = DATE(booked_at + INTERVAL 9 HOUR)":                                        4_000,
		"SELECT COUNT(*) FROM journal_entry WHERE account = 'receivable:PG' AND amount > 0 OR account = 'payable:MERCHANT' AND amount < 0": 4_000,
	}.check(t, db)
}

// The product sweeps keys that are older than a day; so there are those of the last day only, and each has its answer.
func TestFill_KeepsTheKeysOfTheLastDayOnly(t *testing.T) {
	db := database(t)
	mustFill(t, db, options(2_000))
	holds{
		"SELECT COUNT(*) FROM idempotency_key":                                                                                                    400,
		"SELECT COUNT(*) FROM idempotency_key WHERE created_at < NOW() - INTERVAL 1441 MINUTE":                                                    0,
		"SELECT COUNT(*) FROM payment WHERE created_at > NOW() - INTERVAL 1439 MINUTE AND key_hash NOT IN (SELECT key_hash FROM idempotency_key)": 0,
		"SELECT COUNT(*) FROM idempotency_key k JOIN payment p ON p.id = k.payment_id AND p.key_hash = k.key_hash AND p.merchant_id = k.merchant_id WHERE k.status = 201 AND k.body LIKE CONCAT('{\"id\":\"', p.id, '\",\"order_id\":\"', p.order_id, '\",\"status\":\"PAID\",\"amount\":', p.amount, ',%')": 400,
	}.check(t, db)
}

// Each day has a partition of its own in each table, with its own rows and no others: so looks prune, and a day leaves whole.
func TestFill_PutsEachDayIntoItsPartition(t *testing.T) {
	db := database(t)
	r := mustFill(t, db, options(2_000))
	there := int64(0)
	for at := r.Start.Truncate(day); at.Before(r.End); at = at.Add(day) {
		name := at.Format("20060102")
		for _, table := range cut {
			id := map[bool]string{true: "id", false: "payment_id"}[table == "payment"]
			if n := number(t, db, fmt.Sprintf("SELECT COUNT(*) FROM %s PARTITION (p%s) WHERE %s < ? OR %s >= ?", table, name, id, id), firstID(at), firstID(at.Add(day))); n > 0 {
				t.Errorf("%d rows of %s lie in the partition of %s and are of another day", n, table, name)
			}
			if border := number(t, db, `SELECT partition_description FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = ? AND partition_name = ?`,
				table, "p"+name); uint64(border) != firstID(at.Add(day)) {
				t.Errorf("the partition %s of %s ends at %d, want %d", name, table, border, firstID(at.Add(day)))
			}
		}
		there += number(t, db, "SELECT COUNT(*) FROM payment PARTITION (p"+name+")")
	}
	if there != 2_000 {
		t.Errorf("the days have %d payments", there)
	}
	first := "p" + r.Start.Add(-day).Format("20060102")
	if n := number(t, db, "SELECT COUNT(*) FROM information_schema.partitions WHERE table_name = 'payment' AND partition_name = ?", first); n != 1 {
		t.Errorf("the first filled day does not begin at its own border: there is no %s", first)
	}
}

// A fill goes on where the one before ended; one that has nothing to add adds nothing, and none takes away.
func TestFill_GoesOn(t *testing.T) {
	db := database(t)
	first := mustFill(t, db, options(500))
	second := mustFill(t, db, options(2_000))
	if second.Filled != 1_500 || !second.Start.Equal(first.Start) || !second.End.Equal(first.End) {
		t.Errorf("from %+v to %+v", first, second)
	}
	again := mustFill(t, db, options(2_000))
	if again.Filled != 0 || len(again.Rows) > 0 {
		t.Errorf("filled twice: %+v", again)
	}
	holds{
		"SELECT COUNT(*) FROM payment": 2_000, "SELECT COUNT(*) FROM payment_event": 4_000, "SELECT COUNT(*) FROM order_guard": 2_000,
		"SELECT COUNT(*) FROM payment p JOIN order_guard g ON g.payment_id = p.id AND g.merchant_id = p.merchant_id AND g.order_id = p.order_id": 2_000,
		"SELECT COUNT(*) FROM idempotency_key":                         400,
		"SELECT COUNT(*) FROM loadgen_fill WHERE ended_at IS NOT NULL": 2,
	}.check(t, db)
	if _, err := Fill(t.Context(), db, options(1_000)); err == nil || !strings.Contains(err.Error(), "only adds") {
		t.Errorf("fewer than there are: %v", err)
	}
}

// Neighbours of a later fill lie together: between two payments of the first there is a whole day's part of the second, or
// nothing.
func TestFill_LaterOnes_DoNotInterleave(t *testing.T) {
	db := database(t)
	mustFill(t, db, options(1_000))
	mustFill(t, db, options(2_000))
	changes := number(t, db, `SELECT COUNT(*) FROM (SELECT LEFT(order_id, 6) <> LAG(LEFT(order_id, 6)) OVER (ORDER BY id) AS turns FROM payment) t WHERE turns`)
	if changes != 9 { // five days of two parts
		t.Errorf("the fills change %d times from one to the other in the order of ids, want 9", changes)
	}
}

func TestFill_StrangersInThoseDays_AreRefused(t *testing.T) {
	db := database(t)
	do(t, db, `INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
		VALUES (?, 1, 'o', 1, 'KRW', 'SYNC', 'PAID', 2, REPEAT('k', 32), NOW(6))`, firstID(time.Now().Add(-50*time.Hour)))
	_, err := Fill(t.Context(), db, options(100))
	if err == nil || !strings.Contains(err.Error(), "there are 1 payments, and fills have made 0") {
		t.Fatalf("err = %v", err)
	}
	if n := number(t, db, "SELECT COUNT(*) FROM order_guard"); n != 0 {
		t.Errorf("it wrote %d guards all the same", n)
	}
	o := options(100)
	o.Force = true
	mustFill(t, db, o)
	holds{"SELECT COUNT(*) FROM payment": 101}.check(t, db)
}

// What a run makes after a fill is newer, and is no stranger for the next fill.
func TestFill_AfterARun_GoesOn(t *testing.T) {
	db := database(t)
	mustFill(t, db, options(100))
	do(t, db, `INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
		VALUES (?, 1, 'o', 1, 'KRW', 'SYNC', 'PAID', 2, REPEAT('k', 32), NOW(6))`, firstID(time.Now()))
	mustFill(t, db, options(200))
	holds{"SELECT COUNT(*) FROM payment": 201}.check(t, db)
}

// A fill that was cut off has left rows in some tables and none in others: nobody goes on with that.
func TestFill_CutOff_IsNotTakenUpAgain(t *testing.T) {
	db := database(t)
	do(t, db, "INSERT INTO order_guard VALUES (7, 'fill-a-00000031', 1)")
	if _, err := Fill(t.Context(), db, options(100)); err == nil || !strings.Contains(err.Error(), "fill order_guard") {
		t.Fatalf("err = %v", err)
	}
	if _, err := Fill(t.Context(), db, options(100)); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Fatalf("err = %v", err)
	}
}

func TestFill_WithoutMerchants_SaysSo(t *testing.T) {
	db := database(t)
	do(t, db, "DELETE FROM merchant")
	if _, err := Fill(t.Context(), db, options(100)); err == nil || !strings.Contains(err.Error(), "no merchant") {
		t.Fatalf("err = %v", err)
	}
}

func TestFill_TellsHowFarItIs(t *testing.T) {
	var told bytes.Buffer
	w := &writer{total: 2_000_000}
	w.all.Store(1_000_000)
	done := make(chan struct{})
	close(done)
	w.tell(&told, done)
	w.line(&told, 4*time.Second)
	if got := told.String(); got != "    4 s  1.0 of 2.0 million rows, 250000 rows/s\n" {
		t.Errorf("%q", got)
	}
}
