package retention_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/retention"
)

// Each test has a real MySQL server with partitions from six days ago on, and payments of those days.
type world struct {
	t     *testing.T
	app   *sql.DB // as the worker's
	long  *sql.DB // for maintenance
	store *mysql.Store
	dir   string
	now   time.Time
	ids   map[int]*payment.IDs // by days ago
	n     int
}

var server *stacktest.MySQLServer

func TestMain(m *testing.M) {
	started, stop, err := stacktest.StartMySQL(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests need a MySQL:", err)
		os.Exit(1)
	}
	server = started
	code := m.Run()
	stop()
	os.Exit(code)
}

// newWorld starts over with an empty schema.
func newWorld(t *testing.T) *world {
	t.Helper()
	admin, err := mysql.Open(server.AdminDSN, 2)
	check(t, err)
	defer func() { _ = admin.Close() }()
	drop(t, admin)
	_, err = mysql.Migrate(t.Context(), admin)
	check(t, err)
	w := &world{t: t, dir: t.TempDir(), now: time.Now(), ids: map[int]*payment.IDs{}}
	for ago := 6; ago >= 0; ago-- {
		_, err = mysql.MakePartitions(t.Context(), admin, w.now.AddDate(0, 0, -ago))
		check(t, err)
	}
	w.app, err = mysql.Open(server.AppDSN, 8)
	check(t, err)
	w.long, err = mysql.OpenForMaintenance(server.AppDSN)
	check(t, err)
	w.store = mysql.NewStore(w.app, mysql.DefaultGroup())
	t.Cleanup(func() { w.store.Close(); _ = w.app.Close(); _ = w.long.Close() })
	return w
}

func drop(t *testing.T, admin *sql.DB) {
	t.Helper()
	found, err := admin.QueryContext(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
	check(t, err)
	var tables []string
	for found.Next() {
		var name string
		check(t, found.Scan(&name))
		tables = append(tables, name)
	}
	check(t, found.Err())
	check(t, found.Close())
	for _, name := range tables {
		_, err := admin.ExecContext(t.Context(), "DROP TABLE "+name)
		check(t, err)
	}
}

// keeper keeps three days.
func (w *world) keeper() *retention.Keeper {
	w.t.Helper()
	k, err := retention.New(w.long, retention.Options{Keep: 72 * time.Hour, Dir: w.dir, Now: func() time.Time { return w.now }}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	check(w.t, err)
	return k
}

func (w *world) look() retention.Report {
	w.t.Helper()
	report, err := w.keeper().Look(w.t.Context())
	check(w.t, err)
	return report
}

type clock time.Time

func (c clock) Now() time.Time { return time.Time(c) }

// pay stores a payment of some days ago and brings it to a state.
func (w *world) pay(ago int, to payment.State) *payment.Payment {
	w.t.Helper()
	p, err := w.tryPay(ago, to)
	check(w.t, err)
	return p
}

func (w *world) tryPay(ago int, to payment.State) (*payment.Payment, error) {
	p := w.next(ago)
	claimed := w.store.Claim(context.Background(), []payment.NewPayment{{Payment: p, Due: time.Hour, Lease: time.Hour, Actor: "test"}})[0]
	if claimed.Err != nil || to == payment.Processing {
		return p, claimed.Err
	}
	p.State, p.Version = to, 2
	change := payment.Change{Payment: p, From: payment.Processing, FromVersion: 1, Cause: "test", Actor: "test"}
	if to == payment.Paid {
		p.Legs[0].State = payment.Captured
		change.Posting = []payment.Entry{
			{Seq: 2, Account: payment.ReceivablePG, Amount: 100, Currency: "KRW", Reference: p.Reference(&p.Legs[0]), BookedAt: p.ID.Time()},
			{Seq: 3, Account: payment.PayableMerchant, Amount: -100, Currency: "KRW", Reference: p.Reference(&p.Legs[0]), BookedAt: p.ID.Time()},
		}
	}
	return p, w.store.Apply(context.Background(), []payment.Change{change})[0]
}

func (w *world) next(ago int) *payment.Payment {
	w.n++
	if w.ids[ago] == nil {
		anHourIn := w.now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -ago).Add(time.Hour)
		w.ids[ago] = payment.NewIDs(clock(anHourIn), 1)
	}
	return &payment.Payment{
		ID: w.ids[ago].Next(), Merchant: 1, Order: fmt.Sprintf("o-%d", w.n), Price: payment.Money{Amount: 100, Currency: "KRW"}, Mode: payment.Sync,
		State: payment.Processing, Version: 1, KeyHash: [32]byte{byte(w.n), byte(w.n >> 8), byte(w.n >> 16)},
		Legs: []payment.Leg{{Seq: 1, Means: payment.PG, Amount: 100, State: payment.Pending, Token: "tok-secret"}},
	}
}

func (w *world) number(query string, args ...any) (n int64) {
	w.t.Helper()
	check(w.t, w.app.QueryRowContext(w.t.Context(), query, args...).Scan(&n))
	return n
}

func (w *world) archived(id payment.ID) bool {
	w.t.Helper()
	archived, err := w.store.Archived(w.t.Context(), id)
	check(w.t, err)
	return archived
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
