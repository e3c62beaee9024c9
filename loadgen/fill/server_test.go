package fill

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// asRoot is the same database by its root, who may loosen the server.
func asRoot(t *testing.T, db *sql.DB) *sql.DB {
	t.Helper()
	var folder string
	if err := db.QueryRowContext(t.Context(), "SELECT @@datadir").Scan(&folder); err != nil {
		t.Fatal(err)
	}
	socket, unlink, err := short(filepath.Join(folder, "mysql.sock"))
	if err != nil {
		t.Fatal(err)
	}
	root, end, err := connect(socket, "test-root", unlink) // the password of throw-away servers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return root
}

const settingsQuery = "SELECT CONCAT_WS(',', @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.sync_binlog, @@GLOBAL.innodb_max_dirty_pages_pct)"

func settingsOf(t *testing.T, db *sql.DB) (text string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), settingsQuery).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// A root's fill is not in the binary log, and leaves the server as careful as it was.
func TestFill_AsRoot_LoosensTheServerAndPutsItBack(t *testing.T) {
	db := asRoot(t, database(t))
	do(t, db, "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
	do(t, db, "SET GLOBAL sync_binlog = 1")
	t.Cleanup(func() { // for the tests after this one: they need not outlive the machine
		_, _ = db.Exec("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
		_, _ = db.Exec("SET GLOBAL sync_binlog = 0")
	})
	before, log := settingsOf(t, db), binlog(t, db)
	r := mustFill(t, db, options(2_000))
	if after := settingsOf(t, db); after != before || !r.Tight || !r.Flushed || strings.Join(r.Loosened, " ") != "innodb_flush_log_at_trx_commit=2 sync_binlog=0" {
		t.Errorf("%s became %s; %+v", before, after, r)
	}
	if grown := binlog(t, db) - log; grown > 100_000 { // partitions and the fill's own table; the rows are over a megabyte
		t.Errorf("the binary log has grown by %d bytes", grown)
	}
}

// Also a fill that fails, or is stopped, puts everything back.
func TestFill_ThatFails_PutsTheServerBack(t *testing.T) {
	db := asRoot(t, database(t))
	before := settingsOf(t, db)
	do(t, db, "INSERT INTO order_guard VALUES (7, 'fill-a-00000031', 1)")
	if _, err := Fill(t.Context(), db, options(2_000)); err == nil {
		t.Fatal("no error")
	}
	if after := settingsOf(t, db); after != before {
		t.Errorf("%s became %s", before, after)
	}
	s := &server{db: db}
	if err := s.loosen(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.tighten(stopped); err != nil {
		t.Fatal(err)
	}
	if after := settingsOf(t, db); after != before {
		t.Errorf("stopped: %s became %s", before, after)
	}
}

func TestFill_Careful_LoosensNothing(t *testing.T) {
	db := asRoot(t, database(t))
	o := options(200)
	o.Loosen = false
	if r := mustFill(t, db, o); len(r.Loosened) > 0 {
		t.Errorf("%v", r.Loosened)
	}
}

func binlog(t *testing.T, db *sql.DB) (size int64) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SHOW BINARY LOGS")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, encrypted string
		var bytes int64
		if err := rows.Scan(&name, &bytes, &encrypted); err != nil {
			t.Fatal(err)
		}
		size += bytes
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return size
}
