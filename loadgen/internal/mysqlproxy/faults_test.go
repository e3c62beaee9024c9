package mysqlproxy

import (
	"context"
	"net"
	"testing"
	"time"
)

// MySQL is away: what is open breaks, what is new is refused, and then all is well again.
func TestRefuse_BreaksWhatIsOpenAndTurnsAwayWhoComes(t *testing.T) {
	w := start(t)
	db := w.through("")
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.proxy.Refuse()
	if err := conn.PingContext(t.Context()); err == nil {
		t.Error("an open connection goes on")
	}
	if err := db.PingContext(t.Context()); err == nil || w.proxy.Counts().Refused == 0 {
		t.Errorf("a new one is taken in: %v, %+v", err, w.proxy.Counts())
	}
	w.proxy.Heal()
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("after it healed: %v", err)
	}
}

// A client that gave up during a hang has not taken its COMMIT back: it comes when the network does.
func TestHang_NothingComesThrough_UntilItHeals(t *testing.T) {
	w := start(t)
	db, id := w.through("&readTimeout=200ms"), w.next()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	w.proxy.Hang()
	if err := onePacket(t.Context(), db, id); !broke(err) {
		t.Errorf("the client is told %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := w.through("").PingContext(ctx); err == nil {
		t.Error("a new connection got through")
	}
	if w.there(id) {
		t.Error("the transaction got through")
	}
	w.proxy.Heal()
	w.eventually("the late COMMIT", func() bool { return w.there(id) })
	if err := db.Ping(); err != nil {
		t.Errorf("after it healed: %v", err)
	}
	if c := w.proxy.Counts(); c.Cut() != 0 || c.Commits != 1 {
		t.Errorf("%+v", c)
	}
}

func TestDelay_MakesEachStatementLate(t *testing.T) {
	w := start(t)
	db := w.through("")
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	const late = 80 * time.Millisecond
	w.proxy.Delay(late)
	took := func() time.Duration {
		began := time.Now()
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
		return time.Since(began)
	}
	if d := took(); d < late {
		t.Errorf("it took %s", d)
	}
	w.proxy.Delay(time.Hour)
	go func() {
		w.eventually("the query is waiting", func() bool { return w.proxy.Counts().Connections > 0 })
		w.proxy.Heal()
	}()
	took() // or this would hang
}

// Hang, Delay and Close at any moment: nothing is left behind, and TestMain looks.
func TestClose_EndsWhatHangs(t *testing.T) {
	w := start(t)
	db := w.through("")
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	w.proxy.Hang()
	ended := make(chan error)
	go func() { ended <- onePacket(context.Background(), db, w.next()) }()
	w.proxy.Close()
	if err := <-ended; err == nil {
		t.Error("the client was told that it is done")
	}
	if err := db.Ping(); err == nil {
		t.Error("it still listens")
	}
	w.proxy.Close() // once more is no mistake
}

func TestStart_WithoutATarget_ResetsWhoComes(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Start(ctx, "127.0.0.1:0", nobody, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, proxy: p}
	if err := w.through("").Ping(); err == nil {
		t.Error("connected to nobody")
	}
	if _, err := Start(ctx, p.Addr(), nobody, 1); err == nil {
		t.Error("two listen on one port")
	}
	cancel() // ends it as Close does
	p.running.Wait()
}

// One client may not take all: who comes beyond the bound is turned away.
func TestAccept_IsBounded(t *testing.T) {
	w := start(t)
	w.proxy.mu.Lock()
	for range maxConnections {
		w.proxy.links[&link{}] = struct{}{}
	}
	w.proxy.mu.Unlock()
	err := w.through("").Ping()
	w.proxy.mu.Lock()
	clear(w.proxy.links)
	w.proxy.mu.Unlock()
	if err == nil || w.proxy.Counts().Refused == 0 {
		t.Errorf("%v, %+v", err, w.proxy.Counts())
	}
}
