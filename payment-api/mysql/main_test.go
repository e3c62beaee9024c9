package mysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// The tests of this package share one real MySQL with the schema as `payment-api migrate` makes it. Each works on orders
// and payments of its own.
var (
	server *stacktest.MySQLServer
	db     *sql.DB
	shared *mysql.Store
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	started, stop, err := stacktest.StartMySQL(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests need a MySQL:", err)
		return 1
	}
	defer stop()
	defer stopTwoServers()
	server = started
	admin, err := mysql.Open(server.AdminDSN, 2)
	if err == nil {
		defer func() { _ = admin.Close() }()
		_, err = mysql.Migrate(context.Background(), admin)
	}
	if err == nil {
		_, err = mysql.MakePartitions(context.Background(), admin, time.Now())
	}
	if err == nil {
		db, err = mysql.Open(server.AppDSN, 32)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = db.Close() }()
	// One committer: the members of a batch come in the order in which a test gives them.
	shared = mysql.NewStore(db, mysql.GroupOptions{Max: 64, Committers: 1})
	defer shared.Close()
	return m.Run()
}

var (
	ids     = payment.NewIDs(wallClock{}, 7)
	counter atomic.Uint32
)

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// fresh is a payment nobody has seen: three legs, an order and a key of its own.
func fresh(mode payment.Mode) payment.NewPayment {
	n := counter.Add(1)
	p := &payment.Payment{
		ID: ids.Next(), Merchant: 1, Order: fmt.Sprintf("o-%d", n), Price: payment.Money{Amount: 60, Currency: "KRW"}, Mode: mode,
		State: payment.Processing, Version: 1, KeyHash: [32]byte{byte(n), byte(n >> 8), 1},
		Legs: []payment.Leg{
			{Seq: 1, Means: payment.Coupon, Amount: 10, State: payment.Pending, Token: "c"},
			{Seq: 2, Means: payment.Point, Amount: 20, State: payment.Pending, Token: "p"},
			{Seq: 3, Means: payment.PG, Amount: 30, State: payment.Pending, Token: "g"},
		},
	}
	claim := payment.NewPayment{Payment: p, RequestHash: [32]byte{byte(n)}, Due: time.Minute, Lease: time.Minute, Actor: "test"}
	if mode == payment.Async {
		p.State = payment.Accepted
		claim.Answer, claim.Lease, claim.Expires = &payment.Answer{Status: 202, Body: []byte("accepted")}, 0, time.Minute
	}
	return claim
}

// claimed is a payment that is stored.
func claimed(t *testing.T, mode payment.Mode) *payment.Payment {
	t.Helper()
	n := fresh(mode)
	if got := store().Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
		t.Fatalf("claim: %+v", got)
	}
	return load(t, n.Payment.ID)
}

func store() *mysql.Store { return shared }

// stores are several processes' stores, for races.
func stores(t *testing.T) []*mysql.Store {
	t.Helper()
	all := make([]*mysql.Store, 4)
	for i := range all {
		all[i] = mysql.NewStore(db, mysql.DefaultGroup())
		t.Cleanup(all[i].Close)
	}
	return all
}

func load(t *testing.T, id payment.ID) *payment.Payment {
	t.Helper()
	found, err := store().Load(t.Context(), []payment.ID{id})
	if err != nil || len(found) != 1 {
		t.Fatalf("load %d: %d found, err %v", id, len(found), err)
	}
	return found[0]
}

// move is a change of p to a state, as the domain makes one.
func move(p *payment.Payment, to payment.State, work payment.Work) payment.Change {
	copied := *p
	copied.Legs = append([]payment.Leg(nil), p.Legs...)
	copied.State, copied.Version = to, p.Version+1
	return payment.Change{Payment: &copied, From: p.State, FromVersion: p.Version, Cause: "test", Actor: "test", Work: work}
}

func apply(t *testing.T, c payment.Change) {
	t.Helper()
	if err := store().Apply(t.Context(), []payment.Change{c})[0]; err != nil {
		t.Fatalf("apply: %v", err)
	}
}

// number reads one number.
func number(t *testing.T, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
