package mysql_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// A database of the time before the rules, with days, a payment and a key in it, is brought up to date, whatever a crash in
// the middle of it has left.
func TestMigrate_OfADatabaseInUse_KeepsItsRows_AndGivesNewTablesItsBorders(t *testing.T) {
	server, stop, err := stacktest.StartMySQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	old, err := mysql.OpenForMaintenance(server.AdminDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	run := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := old.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	run(statementsOf(t, "0001_payment")...)
	run("CREATE TABLE schema_migration (name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, applied_at DATETIME(6) NOT NULL)",
		"INSERT INTO schema_migration VALUES ('0001_payment', NOW())")
	for _, table := range []string{"payment", "payment_leg", "payment_event"} { // one wide partition, one of a day
		run("ALTER TABLE "+table+" ADD PARTITION (PARTITION p20260301 VALUES LESS THAN (1000))", "ALTER TABLE "+table+" ADD PARTITION (PARTITION p20260302 VALUES LESS THAN (2000))")
	}
	run(`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at) VALUES (1500, 1, 'o', 60, 'KRW', 'SYNC', 'PAID', 2, '', NOW())`,
		"INSERT INTO payment_event (payment_id, seq, from_state, to_state, cause, legs, actor, at) VALUES (1500, 1, '', 'PROCESSING', 'created', '', 'a', NOW())",
		"INSERT INTO api_key (key_hash, merchant_id) VALUES (REPEAT('k', 32), 1)")

	statements := statementsOf(t, "0002_rules")
	run(statements[:len(statements)/2]...) // crashed in the middle; and then behind the last, before it was noted
	for range 2 {
		if applied, err := mysql.Migrate(t.Context(), old); err != nil || len(applied) != 2 {
			t.Fatalf("applied %v, %v", applied, err)
		}
		run("DELETE FROM schema_migration WHERE name <> '0001_payment'")
	}
	if made, err := mysql.MakePartitions(t.Context(), old, time.Now()); err != nil || made != 6*(mysql.PartitionsAhead+1)+3*2 {
		t.Errorf("made %d, %v", made, err)
	}
	count := func(query string) (n int) {
		t.Helper()
		if err := old.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	for query, want := range map[string]int{
		`SELECT COUNT(DISTINCT borders) FROM (SELECT GROUP_CONCAT(partition_name, partition_description ORDER BY partition_ordinal_position) AS borders
			FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL GROUP BY table_name) t`: 1,
		`SELECT COUNT(DISTINCT table_name) FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL`: 6,
		"SELECT COUNT(*) FROM payment WHERE id = 1500 AND canceled_amount = 0":                                                                1,
		"SELECT COUNT(*) FROM payment_event WHERE payment_id = 1500 AND cancellation_seq = 0":                                                 1,
		"SELECT COUNT(*) FROM api_key WHERE expires_at IS NULL AND created_at > UTC_TIMESTAMP() - INTERVAL 10 MINUTE":                         1,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if keys, err := mysql.Keys(t.Context(), old); err != nil || len(keys) != 1 {
		t.Errorf("a key of the time before: %v, %v", keys, err)
	}
	s := mysql.NewStore(old, mysql.GroupOptions{Max: 1, Committers: 1})
	defer s.Close()
	n := fresh(payment.Sync)
	if got := s.Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
		t.Fatalf("%+v", got)
	}
	must(t, s.Apply(t.Context(), []payment.Change{toPaid(n.Payment)})) // the new tables take what is of today
}

// statementsOf is a migration, split as Migrate splits it.
func statementsOf(t *testing.T, name string) (statements []string) {
	t.Helper()
	text, err := os.ReadFile("migrations/" + name + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(statement) != "" {
			statements = append(statements, statement)
		}
	}
	return statements
}
