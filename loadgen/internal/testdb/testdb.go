// Package testdb gives this module's tests a real MySQL with the product's schema. Only tests import it.
package testdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the driver of the admin connection

	"gazua.example/infra/stack/stacktest"
)

// schema is read as a file: the verifier shares the tables with the system, and no code.
const schema = "../../payment-api/mysql/migrations/0001_payment.sql"

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
func Open(t *testing.T) (admin *sql.DB, verifierDSN string) {
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
	for _, table := range []string{"payment", "payment_leg", "payment_event", "open_payment", "outbox"} {
		if _, err := admin.ExecContext(t.Context(), "DELETE FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
	return admin, server.VerifierDSN
}

// createSchema runs the migration and gives its range tables a partition for the ids of the tests.
func createSchema(dsn string) error {
	text, err := os.ReadFile(schema)
	if err != nil {
		return err
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	statements := strings.Split(withoutComments(string(text)), ";\n")
	for _, table := range []string{"payment", "payment_leg", "payment_event"} {
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
