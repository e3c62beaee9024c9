package mysql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/mysql"
)

// twoServers are two real MySQLs of which the tests make one the primary; started when the first test wants them. They are no
// replicas of each other: what is written to the wrong one stays there and is found.
var twoServers struct {
	once sync.Once
	all  []*other
	err  error
	stop []func()
}

// other is one of them, as root sees it.
type other struct {
	*stacktest.MySQLServer
	root *sql.DB
}

func stopTwoServers() {
	for _, stop := range twoServers.stop {
		stop()
	}
}

// two gives both: the first takes writes, the second does not, and neither has a connection of ours or a row.
func two(t *testing.T) (a, b *other) {
	t.Helper()
	twoServers.once.Do(func() {
		for range 2 {
			started, stop, err := stacktest.StartMySQL(context.Background())
			if err != nil {
				twoServers.err = err
				return
			}
			root, err := sql.Open("mysql", started.RootDSN)
			if err != nil {
				twoServers.err = err
				return
			}
			root.SetMaxOpenConns(2)
			twoServers.stop = append(twoServers.stop, func() { _ = root.Close(); stop() })
			twoServers.all = append(twoServers.all, &other{started, root})
		}
	})
	if twoServers.err != nil {
		t.Fatal(twoServers.err)
	}
	a, b = twoServers.all[0], twoServers.all[1]
	for _, s := range twoServers.all {
		t.Cleanup(func() { _ = syscall.Kill(s.PID, syscall.SIGCONT) })
		s.takeWrites(t, true)
		s.do(t, "CREATE TABLE IF NOT EXISTS written (id BIGINT PRIMARY KEY, writer INT NOT NULL)")
		s.do(t, "TRUNCATE TABLE written")
	}
	b.takeWrites(t, false)
	return a, b
}

func (s *other) do(t *testing.T, statement string) {
	t.Helper()
	if _, err := s.root.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *other) takeWrites(t *testing.T, are bool) {
	t.Helper()
	if are {
		s.do(t, "SET GLOBAL super_read_only = OFF")
		s.do(t, "SET GLOBAL read_only = OFF")
	} else {
		s.do(t, "SET GLOBAL super_read_only = ON")
	}
}

func (s *other) number(t *testing.T, query string) (n int) {
	t.Helper()
	if err := s.root.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// connections are those of our user that the server has now.
func (s *other) connections(t *testing.T) int {
	t.Helper()
	return s.number(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'payment_app'")
}

// signal sends it; who is to freeze has frozen when it returns, all threads of it.
func (s *other) signal(t *testing.T, what syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(s.PID, what); err != nil {
		t.Fatal(err)
	}
	if what != syscall.SIGSTOP {
		return
	}
	within(t, flipBound, "each of its threads has stopped", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.PID))
		if err != nil || len(threads) == 0 {
			t.Fatalf("%d threads, %v", len(threads), err)
		}
		return !slices.ContainsFunc(threads, func(stat string) bool {
			text, err := os.ReadFile(stat)
			_, state, _ := strings.Cut(string(text), ") ") // the name before it may hold anything
			return err == nil && !strings.HasPrefix(state, "T")
		})
	})
}

// at is our address of several servers.
func at(addresses ...string) string {
	head, _, _ := strings.Cut(server.AppDSN, "(")
	_, tail, _ := strings.Cut(server.AppDSN, ")")
	return head + "(" + strings.Join(addresses, ",") + ")" + tail
}

func openAt(t *testing.T, conns int, addresses ...string) *sql.DB {
	t.Helper()
	pool, err := mysql.Open(at(addresses...), conns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// within polls until it is so.
func within(t *testing.T, bound time.Duration, what string, is func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > bound {
			t.Fatalf("not within %s: %s", bound, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// port is which server answers.
func port(ctx context.Context, pool *sql.DB) (string, error) {
	var n int
	err := pool.QueryRowContext(ctx, "SELECT @@port").Scan(&n)
	return fmt.Sprintf("127.0.0.1:%d", n), err
}

// migrated gives a server our tables.
func migrated(t *testing.T, s *other) {
	t.Helper()
	admin, err := mysql.Open(s.AdminDSN, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := mysql.Migrate(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	if _, err := mysql.MakePartitions(t.Context(), admin, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// holdAll takes connections until there is none left.
func holdAll(t *testing.T, pool *sql.DB) (giveBack func()) {
	t.Helper()
	var held []*sql.Conn
	giveBack = func() {
		for _, conn := range held {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the pool must not keep it
		}
		held = nil
	}
	t.Cleanup(giveBack)
	for range 100 {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			return giveBack
		}
		held = append(held, conn)
	}
	t.Fatal("the server has connections for everybody")
	return nil
}
