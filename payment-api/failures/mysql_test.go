package failures_test

import (
	"database/sql"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
)

// Time-outs of a single MySQL (payment-api/mysql/connect.go): a statement, and a connect with its handshake.
const (
	statementTimeout = 5 * time.Second
	connectTimeout   = 3 * time.Second
)

// trouble runs payments and reads, synchronous and asynchronous, while something is away.
func (a *api) trouble(t *testing.T, when string, how time.Duration, location string) (pay, async, get []answer) {
	t.Helper()
	streams := []*stream{{name: "points", rate: 20, send: a.point}, {name: "asynchronous", rate: 10, send: a.async}, {name: "GET", rate: 20, send: a.get(location)}}
	run(t.Context(), how, streams...)
	for _, s := range streams {
		show(t, when, s.name, s.all)
	}
	return streams[0].all, streams[1].all, streams[2].all
}

// healed waits until payments go through again, and shows how long it took.
func (a *api) healed(t *testing.T, when string, bound time.Duration) {
	t.Helper()
	began := time.Now()
	within(t, bound, when+": it heals by itself", func() bool { return a.point(t.Context()).what == "201 PAID" })
	paid := time.Since(began)
	within(t, bound, when+": it is ready again", a.ready)
	t.Logf("│ %s │ over │ payments after %s, ready after %s │", when, round(paid), round(time.Since(began)))
}

// MySQL is not there: everything is refused in no time, and goes on when it is back.
func TestMySQLGone_503AtOnce_AndHeals(t *testing.T) {
	w := build(t, system.mysql.Addr)
	a := start(t, "MYSQL_DSN="+dsnAt(w.address))
	location := a.aPayment(t)
	w.down()
	pay, async, get := a.trouble(t, "MySQL gone", 3*time.Second, location)
	for _, answers := range [][]answer{pay, async, get} {
		only(t, "MySQL gone", answers, "503 unavailable")
		quick(t, "MySQL gone", answers, slack)
	}
	within(t, 15*time.Second, "it says that it is not ready", func() bool { return !a.ready() })
	if !a.logged(t, w.address+": dial tcp") {
		t.Error("the log does not say which server refuses")
	}
	w.up(t)
	a.healed(t, "MySQL gone", 15*time.Second)
}

// MySQL is frozen with its port open, the worst case: nobody waits longer than the time-outs say, and what was not answered
// is there once or not at all.
func TestMySQLFrozen_NobodyWaitsLongerThanTheTimeouts_AndHeals(t *testing.T) {
	a := start(t)
	location := a.aPayment(t)
	warm := &stream{name: "GET", rate: 500, send: a.get(location)} // so that there are many connections, each of which has to be found dead
	run(t.Context(), time.Second, warm)
	if err := syscall.Kill(system.mysql.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	goOn := func() { _ = syscall.Kill(system.mysql.PID, syscall.SIGCONT) }
	defer goOn()
	pay, async, get := a.trouble(t, "MySQL frozen", 10*time.Second, location)
	for name, c := range map[string]struct {
		answers []answer
		bound   time.Duration
	}{
		"points":       {pay, statementTimeout + 2*connectTimeout}, // its batch, and the one before
		"asynchronous": {async, statementTimeout + 2*connectTimeout},
		"GET":          {get, statementTimeout + time.Second},
	} {
		only(t, name, c.answers, "503 unavailable")
		if worst := quantile(c.answers, 1); worst > c.bound+slack {
			t.Errorf("%s: somebody waited %s", name, worst)
		}
	}
	goOn()
	a.healed(t, "MySQL frozen", 20*time.Second)
}

// MySQL is slow: everything takes longer, by a few round trips, and nothing fails.
func TestMySQLSlow_EverythingIsSlower_NothingFails(t *testing.T) {
	w := build(t, system.mysql.Addr)
	a := start(t, "MYSQL_DSN="+dsnAt(w.address))
	location := a.aPayment(t)
	for _, delay := range []time.Duration{20 * time.Millisecond, 200 * time.Millisecond} {
		w.delay.Store(int64(delay))
		pay, async, get := a.trouble(t, fmt.Sprintf("MySQL %s slower", delay), 4*time.Second, location)
		only(t, "points", pay, "201 PAID")
		only(t, "asynchronous", async, "202 ACCEPTED")
		only(t, "GET", get, "200 PAID")
		quick(t, "GET", get, 20*delay+slack)
		quick(t, "points", pay, 20*delay+slack)
	}
	w.delay.Store(0)
	a.healed(t, "MySQL slow", 10*time.Second)
}

// MySQL takes no writes: payments are refused in no time, and what is there can be read.
func TestMySQLReadOnly_WritesAre503_ReadsGoOn(t *testing.T) {
	a := start(t)
	location := a.aPayment(t)
	global(t, "super_read_only = ON")
	defer global(t, "read_only = OFF")
	pay, async, get := a.trouble(t, "MySQL read-only", 3*time.Second, location)
	only(t, "points", pay, "503 unavailable")
	only(t, "asynchronous", async, "503 unavailable")
	only(t, "GET", get, "200 PAID")
	for _, answers := range [][]answer{pay, async, get} {
		quick(t, "MySQL read-only", answers, slack)
	}
	if !a.logged(t, "the server takes no writes: Error 1290") {
		t.Error("the log does not say why")
	}
	global(t, "read_only = OFF")
	a.healed(t, "MySQL read-only", 10*time.Second)
}

func global(t *testing.T, set string) {
	t.Helper()
	if _, err := system.root.Exec("SET GLOBAL " + set); err != nil {
		t.Fatal(err)
	}
}

// Others hold all connections of MySQL: who has none gets 503 at once.
func TestMySQLOutOfConnections_503AtOnce_AndHeals(t *testing.T) {
	w := build(t, system.mysql.Addr)
	a := start(t, "MYSQL_DSN="+dsnAt(w.address))
	location := a.aPayment(t)
	others, err := mysql.Open(system.mysql.AppDSN, 50)
	if err != nil {
		t.Fatal(err)
	}
	defer others.Close()
	global(t, "max_connections = 20")
	defer global(t, "max_connections = 300")
	w.down() // the API loses the connections that it has,
	held := holdAll(t, others)
	w.up(t) // and finds all of them taken
	pay, async, get := a.trouble(t, "MySQL out of connections", 3*time.Second, location)
	for _, answers := range [][]answer{pay, async, get} {
		only(t, "MySQL out of connections", answers, "503 unavailable")
		quick(t, "MySQL out of connections", answers, slack)
	}
	if !a.logged(t, "Error 1040") {
		t.Error("the log does not say why")
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	_ = others.Close()
	a.healed(t, "MySQL out of connections", 15*time.Second)
}

func holdAll(t *testing.T, pool *sql.DB) (held []*sql.Conn) {
	t.Helper()
	for {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			if !strings.Contains(err.Error(), "1040") || len(held) == 0 {
				t.Fatalf("%d connections, then %v", len(held), err)
			}
			return held
		}
		held = append(held, conn)
	}
}

// Nobody takes the outbox away: asynchronous payments are accepted up to the bound and then refused, synchronous ones go on.
func TestOutboxFull_AsynchronousAre503_AndOpensAgain(t *testing.T) {
	if _, err := system.root.Exec("UPDATE outbox SET sent_at = UTC_TIMESTAMP(6) WHERE sent_at IS NULL"); err != nil {
		t.Fatal(err)
	}
	a := start(t, "OUTBOX_BOUND=20")
	location := a.aPayment(t)
	within(t, 10*time.Second, "it is full", func() bool { return a.async(t.Context()).what == "503 backlog-full" })
	pay, async, get := a.trouble(t, "outbox full", 3*time.Second, location)
	only(t, "points", pay, "201 PAID")
	only(t, "asynchronous", async, "503 backlog-full")
	only(t, "GET", get, "200 PAID")
	quick(t, "asynchronous", async, slack)
	if _, err := system.root.Exec("UPDATE outbox SET sent_at = UTC_TIMESTAMP(6) WHERE sent_at IS NULL"); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "it opens again", func() bool { return a.async(t.Context()).what == "202 ACCEPTED" })
}
