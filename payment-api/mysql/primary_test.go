package mysql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/payment-api/mysql"
)

// flipBound is for a pool to follow the primary: it looks every second, and a look at a server that hangs takes 1.1 s. On a
// machine that does nothing else it is milliseconds; ten times as much is for one that is busy.
const flipBound = 20 * time.Second

// Writers work while the role of the primary goes to and fro. What was acknowledged is there, once; nobody wrote to a
// server after it was demoted; and nobody is connected to it any more, also those who only read or do nothing.
func TestPrimary_Flips_WritersAndIdleOnesFollow(t *testing.T) {
	a, b := two(t)
	writing, reading := openAt(t, 8, a.Addr, b.Addr), openAt(t, 4, b.Addr, a.Addr)
	fillPool(t, reading, 4)
	var written sync.Map // id → acknowledged
	var next atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for ctx.Err() == nil {
				id := next.Add(1)
				if err := write(writing, id, w); err == nil {
					written.Store(id, true)
				} else {
					time.Sleep(time.Millisecond) // nobody is primary for a moment
				}
			}
		})
	}
	primary, standby := a, b
	for range 4 {
		inUse, err := reading.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before := primary.number(t, "SELECT COUNT(*) FROM written")
		within(t, flipBound, "the primary is written to", func() bool { return primary.number(t, "SELECT COUNT(*) FROM written") > before+20 })
		primary.takeWrites(t, false)
		stands := primary.number(t, "SELECT COUNT(*) FROM written")
		was := standby.number(t, "SELECT COUNT(*) FROM written")
		standby.takeWrites(t, true)
		took := within(t, flipBound, "the new primary is written to", func() bool { return standby.number(t, "SELECT COUNT(*) FROM written") > was })
		gone := within(t, flipBound, "only who is in the middle of something is connected to the old one", func() bool { return primary.connections(t) == 1 })
		_ = inUse.Close()
		within(t, flipBound, "nobody is connected to the old one", func() bool { return primary.connections(t) == 0 })
		t.Logf("the first write after %s, the idle connections gone after %s", took.Round(time.Millisecond), gone.Round(time.Millisecond))
		if n := primary.number(t, "SELECT COUNT(*) FROM written"); n != stands {
			t.Errorf("%d rows were written to a server that was demoted", n-stands)
		}
		if from, err := port(t.Context(), reading); err != nil || from != standby.Addr {
			t.Errorf("the pool that only reads goes to %s, %v", from, err)
		}
		primary, standby = standby, primary
	}
	stop()
	writers.Wait()
	there := map[int64]int{}
	for _, s := range []*other{a, b} {
		ids, err := s.root.QueryContext(t.Context(), "SELECT id FROM written")
		if err != nil {
			t.Fatal(err)
		}
		defer ids.Close()
		for ids.Next() {
			var id int64
			if err := ids.Scan(&id); err != nil {
				t.Fatal(err)
			}
			there[id]++
		}
		if err := ids.Err(); err != nil {
			t.Fatal(err)
		}
	}
	acknowledged := 0
	written.Range(func(id, _ any) bool {
		acknowledged++
		if there[id.(int64)] != 1 {
			t.Errorf("row %d was acknowledged and is there %d times", id, there[id.(int64)])
		}
		return true
	})
	if len(there) != acknowledged {
		t.Errorf("%d rows are there, %d were acknowledged: a refused write was written", len(there), acknowledged)
	}
}

// write is a transaction of ours, which either is acknowledged or wrote nothing: nothing breaks here.
func write(pool *sql.DB, id int64, writer int) error {
	tx, err := pool.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("INSERT INTO written VALUES (?, ?)", id, writer); err != nil {
		return err
	}
	return tx.Commit()
}

// fillPool makes idle connections.
func fillPool(t *testing.T, pool *sql.DB, n int) {
	t.Helper()
	for range n {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
}

// The server refuses a COMMIT since it was demoted meanwhile: nothing was written, and everybody knows.
func TestPrimary_DemotedBeforeCommit_IsNotCommitted_AndNotAmbiguous(t *testing.T) {
	a, b := two(t)
	pool := openAt(t, 2, a.Addr, b.Addr)
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO written VALUES (1, 1)"); err != nil {
		t.Fatal(err)
	}
	a.takeWrites(t, false)
	b.takeWrites(t, true)
	err = tx.Commit()
	if !errors.Is(err, driver.ErrBadConn) || mysql.Ambiguous(err) || !strings.Contains(err.Error(), "1290") {
		t.Errorf("%v", err)
	}
	if n := a.number(t, "SELECT COUNT(*) FROM written") + b.number(t, "SELECT COUNT(*) FROM written"); n != 0 {
		t.Errorf("%d rows", n)
	}
	if err := write(pool, 1, 1); err != nil || b.number(t, "SELECT COUNT(*) FROM written") != 1 {
		t.Errorf("the next one: %v", err)
	}
}

// The primary hangs with its port open. Who connects finds the other one by the short time-outs, who holds a connection loses
// it, and when the hanging one goes on nobody goes back to it.
func TestPrimary_ThatHangs_IsLetGo(t *testing.T) {
	a, b := two(t)
	used, fresh, remembers := openAt(t, 2, a.Addr, b.Addr), openAt(t, 2, a.Addr, b.Addr), openAt(t, 1, a.Addr, b.Addr)
	fillPool(t, used, 2)
	fillPool(t, remembers, 1)
	remembers.SetMaxIdleConns(0) // it has to connect again, and tries the last primary first
	b.takeWrites(t, true)
	a.signal(t, syscall.SIGSTOP)
	for name, pool := range map[string]*sql.DB{"who never was connected": fresh, "who remembers the one that hangs": remembers} {
		began := time.Now()
		if from, err := port(t.Context(), pool); err != nil || from != b.Addr {
			t.Errorf("%s goes to %s, %v", name, from, err)
		}
		took := time.Since(began)
		if t.Logf("%s is there after %s", name, took.Round(time.Millisecond)); took > time.Second { // 300 ms, and to connect
			t.Errorf("%s needs %s; the other one answers at once", name, took)
		}
	}
	took := within(t, flipBound, "who was connected goes to the other one", func() bool {
		from, err := port(t.Context(), used)
		return err == nil && from == b.Addr
	})
	t.Logf("who was connected is there after %s", took.Round(time.Millisecond))
	a.signal(t, syscall.SIGCONT)
	a.takeWrites(t, false)
	within(t, flipBound, "nobody is connected to the one that hung", func() bool { return a.connections(t) == 0 })
	if err := write(used, 1, 1); err != nil || b.number(t, "SELECT COUNT(*) FROM written") != 1 {
		t.Errorf("a write: %v", err)
	}
}

// A dead address among them costs nothing.
func TestPrimary_ADeadAddress_IsPassedOver(t *testing.T) {
	a, b := two(t)
	for _, addresses := range [][]string{{deadAddress(t), a.Addr, b.Addr}, {b.Addr, a.Addr, deadAddress(t)}} {
		if from, err := port(t.Context(), openAt(t, 1, addresses...)); err != nil || from != a.Addr {
			t.Errorf("%s, %v", from, err)
		}
	}
}

func TestPrimary_None_IsOneSentenceThatNamesEach(t *testing.T) {
	a, b := two(t)
	a.takeWrites(t, false)
	dead := deadAddress(t)
	pool := openAt(t, 2, a.Addr, b.Addr, dead)
	err := write(pool, 1, 1)
	for _, want := range []string{"no database server takes writes: ", a.Addr + " is read-only", b.Addr + " is read-only", dead + ": dial tcp", "connection refused"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than a line", err)
	}
	b.takeWrites(t, true)
	within(t, flipBound, "it heals by itself", func() bool { return write(pool, 1, 1) == nil })
}

func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// While nobody is primary a loaded pool does not keep the servers busy with questions.
func TestPrimary_None_IsAskedForSeldom(t *testing.T) {
	a, b := two(t)
	a.takeWrites(t, false)
	pool := openAt(t, 8, a.Addr, b.Addr)
	before, began, tries := a.number(t, connectionsEver), time.Now(), 0
	for ; time.Since(began) < 500*time.Millisecond; tries++ {
		_ = write(pool, 1, 1)
	}
	if made := a.number(t, connectionsEver) - before; tries < 100 || made > 20 {
		t.Errorf("%d tries in half a second made %d connections", tries, made)
	}
}

const connectionsEver = "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Connections'"

// A statement costs one round trip, whether there is one server or several; only connecting asks once more.
func TestPrimary_CostsOneQuestionAtConnect_AndNoneAfter(t *testing.T) {
	a, b := two(t)
	connecting := map[int]int{}
	for _, addresses := range [][]string{{a.Addr}, {a.Addr, b.Addr}} {
		pool := openAt(t, 1, addresses...)
		first := questions(t, pool)
		for id := range 10 {
			if _, err := pool.ExecContext(t.Context(), "REPLACE INTO written VALUES (?, 1)", id); err != nil {
				t.Fatal(err)
			}
		}
		if n := questions(t, pool) - first - 1; n != 10 {
			t.Errorf("%d servers: 10 statements were %d questions", len(addresses), n)
		}
		connecting[len(addresses)] = first
	}
	if connecting[2] != connecting[1]+1 {
		t.Errorf("connecting to one of two servers took %d questions, to one %d", connecting[2], connecting[1])
	}
}

// questions are what the pool's only connection was asked so far, this one included.
func questions(t *testing.T, pool *sql.DB) (n int) {
	t.Helper()
	var name string
	if err := pool.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPrimary_Close_LeavesNothingRunning(t *testing.T) {
	a, b := two(t)
	before := goleak.IgnoreCurrent()
	pool, err := mysql.Open(at(a.Addr, b.Addr), 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(pool, 1, 1); err != nil {
		t.Fatal(err)
	}
	within(t, flipBound, "the watch has a connection of its own", func() bool { return a.connections(t) == 2 })
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
	within(t, flipBound, "its connections are gone", func() bool { return a.connections(t)+b.connections(t) == 0 })
}

// A member of a replication group is the primary only when its group says so, though it is writable.
func TestPrimary_OfAGroup_IsWhoTheGroupSays(t *testing.T) {
	a, b := two(t)
	a.joinAlone(t)
	pool := openAt(t, 2, a.Addr, b.Addr)
	if from, err := port(t.Context(), pool); err != nil || from != a.Addr {
		t.Fatalf("an ONLINE PRIMARY: %s, %v", from, err)
	}
	a.do(t, "STOP GROUP_REPLICATION")
	a.takeWrites(t, true)
	within(t, flipBound, "who has left its group is left", func() bool {
		_, err := port(t.Context(), pool)
		return err != nil && strings.Contains(err.Error(), a.Addr+" is OFFLINE") && strings.Contains(err.Error(), b.Addr+" is read-only")
	})
	a.do(t, "UNINSTALL PLUGIN group_replication")
	within(t, flipBound, "in no group it is as any other", func() bool { return write(pool, 1, 1) == nil })
}

// joinAlone makes the server the only member of a group of its own.
func (s *other) joinAlone(t *testing.T) {
	t.Helper()
	for _, statement := range []string{
		"INSTALL PLUGIN group_replication SONAME 'group_replication.so'",
		"SET GLOBAL group_replication_group_name = '6f1c2f3e-0000-4000-8000-000000000001'",
		"SET GLOBAL group_replication_local_address = '" + deadAddress(t) + "'",
		"SET GLOBAL group_replication_bootstrap_group = ON", "START GROUP_REPLICATION", "SET GLOBAL group_replication_bootstrap_group = OFF",
	} {
		s.do(t, statement)
	}
}
