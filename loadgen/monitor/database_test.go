package monitor

import (
	"database/sql"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

// asVerifier opens the database as the monitor does, with the rights that it has.
func asVerifier(t *testing.T) (admin, verifier *sql.DB) {
	t.Helper()
	admin, dsn := testdb.Open(t)
	verifier, err := openDatabase(dsn, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = verifier.Close() })
	return admin, verifier
}

func put(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestServer_CountsCommitsOfTheServer(t *testing.T) {
	admin, verifier := asVerifier(t)
	s := &server{db: verifier, counters: counters{}}
	before := time.Now()
	if _, err := s.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 50 {
		put(t, admin, "INSERT INTO node (name, started_at) VALUES ('x', UTC_TIMESTAMP(6))")
	}
	ended := time.Now()
	v, err := s.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The rate counts from a moment within the first reading to one within the second.
	rate := v["mysql/commits_per_s"]
	if least, most := rate*ended.Sub(began).Seconds(), rate*time.Since(before).Seconds(); least > 55 || most < 50 {
		t.Errorf("from %.0f to %.0f commits, want 50: %v", least, most, v)
	}
	for _, key := range []string{"mysql/threads_running", "mysql/threads_connected", "mysql/questions_per_s", "mysql/fsyncs_per_s", "mysql/buffer_pool_hit_pct", "mysql/row_lock_waits_per_s"} {
		if _, ok := v[key]; !ok {
			t.Errorf("no %s: %v", key, v)
		}
	}
	if hit := v["mysql/buffer_pool_hit_pct"]; hit < 0 || hit > 100 {
		t.Errorf("hit %g %%", hit)
	}
}

func TestServer_WithoutTheRightForTheBinlog_AsksOnce(t *testing.T) {
	_, verifier := asVerifier(t)
	s := &server{db: verifier, counters: counters{}}
	for range 3 {
		v, err := s.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := v["mysql/binlog_fsyncs_per_s"]; ok && s.noBinlog {
			t.Error("a figure that nobody may read")
		}
	}
}

func TestWork_CountsWhatIsNotDone(t *testing.T) {
	admin, verifier := asVerifier(t)
	w := &work{verifier}
	v, err := w.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range catalogue {
		if value, ok := v["work/"+m.name]; m.of == "work" && (!ok || value != 0) {
			t.Errorf("of nothing %s = %g (%t)", m.name, value, ok)
		}
	}
	put(t, admin, `INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at) VALUES
		(7, 1, 'a', 1, 'KRW', 'SYNC', 'PROCESSING', 1, REPEAT('x', 32), UTC_TIMESTAMP(6) - INTERVAL 20 SECOND),
		(8, 1, 'b', 1, 'KRW', 'SYNC', 'REVIEW', 1, REPEAT('y', 32), UTC_TIMESTAMP(6) - INTERVAL 90 SECOND)`)
	put(t, admin, "INSERT INTO open_payment (payment_id, cancellation_seq, due_at) VALUES (7, 0, UTC_TIMESTAMP(6)), (8, 0, NULL), (8, 1, UTC_TIMESTAMP(6))")
	put(t, admin, "INSERT INTO outbox (payment_id, created_at, sent_at) VALUES (7, UTC_TIMESTAMP(6) - INTERVAL 5 SECOND, NULL), (7, UTC_TIMESTAMP(6) - INTERVAL 50 SECOND, UTC_TIMESTAMP(6))")
	put(t, admin, `INSERT INTO callback (payment_id, version, merchant_id, type, body, state, created_at) VALUES (7, 1, 1, 'x', '', 'PENDING', UTC_TIMESTAMP(6)), (7, 2, 1, 'x', '', 'DELIVERED', UTC_TIMESTAMP(6))`)
	if v, err = w.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]float64{"work/open": 2, "work/review": 1, "work/outbox_unsent": 1, "work/callbacks_pending": 1} {
		if v[key] != want {
			t.Errorf("%s = %g, want %g", key, v[key], want)
		}
	}
	// The payment in REVIEW, which is older, waits for a person.
	if age := v["work/oldest_open_s"]; age < 20 || age > 60 {
		t.Errorf("the oldest open payment is %g s old, want 20", age)
	}
	if age := v["work/outbox_oldest_s"]; age < 5 || age > 45 {
		t.Errorf("the oldest message is %g s old, want 5", age)
	}
}

func TestOpenDatabase_NeverShowsThePassword(t *testing.T) {
	if _, err := openDatabase("verifier:secret@nowhere", time.Second); err == nil || err.Error() != "MYSQL_DSN is not of the form user:password@tcp(host:port)/payment" {
		t.Errorf("%v", err)
	}
}
