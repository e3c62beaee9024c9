package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	mysql "github.com/go-sql-driver/mysql"
)

// silentConn is a connection that says yes to everything.
type silentConn struct{ driverConn }

func (silentConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.ResultNoRows, nil
}

func observedSilence(t testing.TB) *observedConn {
	t.Helper()
	to, err := newObserver(&mysql.Config{Addr: "127.0.0.1:3306", DBName: "payment"})
	if err != nil {
		t.Fatal(err)
	}
	return &observedConn{silentConn{}, to}
}

func TestObserved_AStatementThatNobodyRecords_AllocatesNothing(t *testing.T) {
	conn := observedSilence(t)
	if n := testing.AllocsPerRun(100, func() { _, _ = conn.ExecContext(context.Background(), "INSERT INTO payment (id) VALUES (?)", nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserved(b *testing.B) {
	conn := observedSilence(b)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = conn.ExecContext(context.Background(), "INSERT INTO payment (id) VALUES (?)", nil)
	}
}

// Only what separates statements of a packet counts, and no value gets into the summary.
func TestPacketSummary(t *testing.T) {
	p := &packet{}
	p.add(begin)
	p.add("INSERT INTO payment (id) VALUES (?)", "secret; DELETE FROM merchant")
	p.add("DELETE /*+ INDEX(open_payment PRIMARY) */ FROM open_payment WHERE payment_id = ?", 1)
	p.add(commit)
	if got, want := summaryOf(p.text.String()), "INSERT payment; DELETE open_payment; COMMIT"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := verbOf(p.text.String()); got != batch {
		t.Errorf("the operation is %s", got)
	}
}

func TestStatementNames(t *testing.T) {
	for query, want := range map[string][2]string{
		"INSERT INTO payment_leg (payment_id) VALUES (?)":                      {"INSERT", "payment_leg"},
		"\n\t\tSELECT a FROM payment p JOIN payment_leg l ON 1 WHERE p.id = ?": {"SELECT", "payment"},
		"UPDATE outbox SET claimed_until = ?":                                  {"UPDATE", "outbox"},
		"DELETE FROM order_guard WHERE x = 'secret'":                           {"DELETE", "order_guard"},
		"SELECT n FROM (SELECT COUNT(*) FROM outbox) x":                        {"SELECT", "outbox"},
		"SELECT 'secret' FROM `tok_4242`":                                      {"SELECT", ""},
		"SELECT UTC_TIMESTAMP(6)":                                              {"SELECT", ""},
		"FROM":                                                                 {"_OTHER", ""},
		"":                                                                     {"_OTHER", ""},
	} {
		if got := [2]string{verbOf(query), tableOf(query)}; got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestFailureOf_IsTheServersNumber_OrWhatBecameOfTheConnection(t *testing.T) {
	for want, err := range map[string]error{
		"1213": fmt.Errorf("apply: %w", &mysql.MySQLError{Number: 1213, Message: "Deadlock found; a secret"}), "timeout": context.DeadlineExceeded,
		"connection": errors.New("broken pipe to 10.0.0.1"), "": driver.ErrSkip,
	} {
		if got := failureOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

// Whatever the statement, its table is a plain name or nothing: no value gets into a span by it.
func FuzzTableOf(f *testing.F) {
	for _, query := range []string{"INSERT INTO payment (id) VALUES (?)", "SELECT 1 FROM (", "UPDATE", "FROM ` x"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, c := range tableOf(query) {
			if c != '_' && (c < 'a' || c > 'z') {
				t.Errorf("%q has table %q", query, tableOf(query))
			}
		}
	})
}
