// Package testdb gives this module's tests a real MySQL with the product's schema. Only tests import it.
package testdb

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the driver of the admin connection

	"gazua.example/infra/stack/stacktest"
)

// migrations are read as files: the verifier shares the tables with the system, and no code.
const migrations = "../../payment-api/mysql/migrations"

// tables that the verifier reads, and of those the ones that are cut into partitions.
var (
	tables = []string{
		"payment", "payment_leg", "payment_event", "cancellation", "refund", "journal_entry", "idempotency_key", "open_payment", "outbox", "callback",
		"archive_day", "archive_total",
	}
	partitioned = tables[:6]
)

var stop = func() {}

// start runs once, when the first test needs it, so that fuzzing and the pure tests do without a server.
var start = sync.OnceValues(func() (*stacktest.MySQLServer, error) {
	server, end, err := stacktest.StartMySQL(context.Background())
	if err != nil {
		return nil, err
	}
	stop = end
	return server, createSchema(server.AdminDSN)
})

// Stop ends the server, if there is one; for TestMain.
func Stop() { stop() }

// Open returns an administrator's connection to the emptied database, and the verifier's DSN.
func Open(t testing.TB) (admin *sql.DB, verifierDSN string) {
	t.Helper()
	server, err := start()
	if err != nil {
		t.Fatal(err)
	}
	admin, err = sql.Open("mysql", server.AdminDSN+"?interpolateParams=true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	for _, table := range tables {
		if _, err := admin.ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
	return admin, server.VerifierDSN
}

// Verifier is the DSN that Open returned.
func Verifier(t *testing.T) string {
	t.Helper()
	server, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return server.VerifierDSN
}

// createSchema runs the migrations and gives the range tables a partition for the ids of the tests.
func createSchema(dsn string) error {
	files, err := filepath.Glob(filepath.Join(migrations, "*.sql"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	var statements []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		statements = append(statements, strings.Split(withoutComments(string(text)), ";\n")...)
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, table := range partitioned {
		statements = append(statements, "ALTER TABLE "+table+" ADD PARTITION (PARTITION p1 VALUES LESS THAN (9223372036854775807))")
	}
	for _, s := range statements {
		if strings.TrimSpace(s) == "" {
			continue
		}
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
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

// Cut gives each range table partitions of days, by name and border, before the one for the ids of the tests, until the test
// ends.
func Cut(t *testing.T, admin *sql.DB, days map[string]uint64) {
	t.Helper()
	names := slices.SortedFunc(maps.Keys(days), func(a, b string) int { return cmp.Compare(days[a], days[b]) })
	var cut string
	for _, name := range names {
		cut += fmt.Sprintf("PARTITION %s VALUES LESS THAN (%d), ", name, days[name])
	}
	for _, table := range partitioned {
		if _, err := admin.ExecContext(t.Context(), "ALTER TABLE "+table+" REORGANIZE PARTITION p1 INTO ("+cut+"PARTITION p1 VALUES LESS THAN (9223372036854775807))"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, table := range partitioned {
			var left string // a test may have dropped some
			if err := admin.QueryRow(`SELECT GROUP_CONCAT(partition_name ORDER BY partition_ordinal_position) FROM information_schema.partitions
				WHERE table_schema = DATABASE() AND table_name = ? AND partition_name <> 'p0'`, table).Scan(&left); err != nil {
				t.Error(err)
			}
			if _, err := admin.Exec("ALTER TABLE " + table + " REORGANIZE PARTITION " + left + " INTO (PARTITION p1 VALUES LESS THAN (9223372036854775807))"); err != nil {
				t.Error(err)
			}
		}
	})
}
