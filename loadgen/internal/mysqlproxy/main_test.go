package mysqlproxy

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	mysql "github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"gazua.example/infra/stack/stacktest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stopServer()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var stopServer = func() {}

// server is a real MySQL, started when the first test needs it: the fuzz targets do without.
var server = sync.OnceValues(func() (*stacktest.MySQLServer, error) {
	s, stop, err := stacktest.StartMySQL(context.Background())
	if err == nil {
		stopServer = stop
	}
	return s, err
})

// world is a proxy before MySQL, and a straight connection that sees what is really there.
type world struct {
	t      testing.TB
	proxy  *Proxy
	direct *sql.DB
	last   int
}

func start(t testing.TB) *world {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	w.direct = w.pool(s.Addr, "")
	for _, statement := range []string{"DROP TABLE IF EXISTS paid", "CREATE TABLE paid (id INT PRIMARY KEY, size INT NOT NULL DEFAULT 0)"} {
		if _, err := w.direct.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if w.proxy, err = Start(t.Context(), "127.0.0.1:0", s.Addr, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.proxy.Close)
	return w
}

// pool connects as our programs do: several statements in one packet, and no time zones or the like.
func (w *world) pool(addr, more string) *sql.DB {
	w.t.Helper()
	c, err := mysql.ParseDSN("payment_admin:test-admin@tcp(" + addr + ")/payment?multiStatements=true&interpolateParams=true&timeout=5s" + more)
	if err != nil {
		w.t.Fatal(err)
	}
	c.Logger = &mysql.NopLogger{} // it would tell of each cut
	connector, err := mysql.NewConnector(c)
	if err != nil {
		w.t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	w.t.Cleanup(func() { db.Close() })
	return db
}

func (w *world) through(more string) *sql.DB { return w.pool(w.proxy.Addr(), more) }

// next is an id that no row has.
func (w *world) next() int {
	w.last++
	return w.last
}

func (w *world) there(id int) bool {
	w.t.Helper()
	return w.number("SELECT COUNT(*) FROM paid WHERE id = ?", id) == 1
}

func (w *world) number(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.direct.QueryRow(query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// eventually waits for what other goroutines do.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s", what)
		}
	}
}

// steps is a transaction of three packets.
func steps(ctx context.Context, db *sql.DB, id int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO paid (id) VALUES (?)", id); err != nil {
		_ = tx.Rollback()
		return fmt.Errorf("insert: %w", err)
	}
	return tx.Commit()
}

// onePacket is a whole transaction in one.
func onePacket(ctx context.Context, db *sql.DB, id int) error {
	_, err := db.ExecContext(ctx, "START TRANSACTION;\nINSERT INTO paid (id) VALUES (?);\nCOMMIT", id)
	return err
}

// broke says that the connection broke under way: not a word of the server's, and nothing that database/sql tries again.
func broke(err error) bool {
	var said *mysql.MySQLError
	return err != nil && !errors.As(err, &said) && !errors.Is(err, driver.ErrBadConn)
}
