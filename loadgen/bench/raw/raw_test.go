package raw

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
)

// server is a real MySQL with the product's tables; loadgen shares the files of the schema and no code.
func server(t *testing.T) (dsn string, db *sql.DB) {
	t.Helper()
	s, stop, err := stacktest.StartMySQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if db, err = sql.Open("mysql", s.AdminDSN); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	files, err := filepath.Glob("../../../payment-api/mysql/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	slices.Sort(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(withoutComments(string(text)), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := db.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	for _, table := range []string{"payment", "payment_leg", "payment_event", "journal_entry"} {
		if _, err := db.Exec("ALTER TABLE " + table + " ADD PARTITION (PARTITION p1 VALUES LESS THAN (9223372036854775807))"); err != nil {
			t.Fatal(err)
		}
	}
	return s.AdminDSN, db
}

func withoutComments(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// All rows that were written are found, whatever the shape of the load; and a row that is not there is missed.
func TestRun_CountsEveryRow(t *testing.T) {
	dsn, db := server(t)
	for name, c := range map[string]struct {
		o    Options
		each int64 // rows a payment
	}{
		"a lone client":             {Options{Clients: 1, Legs: 1}, 8},
		"two connections":           {Options{Clients: 150, Legs: 1}, 8},
		"more than two batches":     {Options{Clients: 300, Legs: 1}, 8},
		"three legs":                {Options{Clients: 16, Legs: 3}, 14},
		"asynchronous":              {Options{Clients: 16, Legs: 1, Async: true}, 11},
		"asynchronous, three legs ": {Options{Clients: 150, Legs: 3, Async: true}, 17},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.DSN, c.o.Duration = dsn, 50*time.Millisecond
			f, err := Run(t.Context(), c.o)
			if err != nil || f.Verdict != Rows || f.Wrote != c.each*f.Payments || f.Found != f.Wrote || f.Payments < int64(c.o.Clients) || f.P50 <= 0 || f.P99 < f.P50 || f.CPU <= 0 {
				t.Errorf("%+v, %v", f, err)
			}
		})
	}
	t.Run("money of the journal sums to zero", func(t *testing.T) {
		sum := int64(-1)
		if err := db.QueryRow("SELECT SUM(amount) FROM raw_journal_entry").Scan(&sum); err != nil || sum != 0 {
			t.Errorf("%d, %v", sum, err)
		}
	})
	t.Run("the system's tables are left alone", func(t *testing.T) {
		for _, table := range tables {
			n := -1
			if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
	})
	for _, table := range tables {
		t.Run("one row too few in "+table, func(t *testing.T) { missesARow(t, dsn, table) })
	}
}

// missesARow writes, takes one row away (of open work: leaves one), and demands that counting sees it.
func missesARow(t *testing.T, dsn, table string) {
	o := Options{DSN: dsn, Clients: 4, Legs: 1, Async: true}
	db, err := sql.Open("mysql", dsn+"?multiStatements=true")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	writers, err := connect(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	defer writers[0].conn.Close()
	if err := writers[0].batch(t.Context(), o.Clients); err != nil {
		t.Fatal(err)
	}
	f := Figures{Payments: writers[0].payments}
	if err := f.count(t.Context(), db, writers, o); err != nil || f.Verdict != Rows {
		t.Fatalf("before: %+v, %v", f, err)
	}
	statement := "DELETE FROM raw_" + table + " WHERE payment_id = ? LIMIT 1"
	switch table {
	case "payment":
		statement = "DELETE FROM raw_payment WHERE id = ?"
	case "open_payment":
		statement = "INSERT INTO raw_open_payment (payment_id) VALUES (?)"
	}
	if _, err := db.Exec(statement, writers[0].first); err != nil {
		t.Fatal(err)
	}
	f = Figures{Payments: writers[0].payments}
	if err := f.count(t.Context(), db, writers, o); err != nil || f.Verdict != Fail || len(f.Reasons) != 1 || max(f.Wrote-f.Found, f.Found-f.Wrote) != 1 {
		t.Errorf("after: %+v, %v", f, err)
	}
}

func TestRun_RefusesWhatItCannotDo(t *testing.T) {
	for _, o := range []Options{{Clients: 0, Legs: 1, Duration: 1}, {Clients: 1, Legs: 2, Duration: 1}, {Clients: 1, Legs: 1}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v", o)
		}
	}
}
