package mysql_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func TestMigrate_AgainAndAtOnce_ChangesNothing(t *testing.T) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			admin, err := mysql.Open(server.AdminDSN, 1)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = admin.Close() }()
			if applied, err := mysql.Migrate(t.Context(), admin); err != nil || len(applied) != 0 {
				t.Errorf("applied %v, %v", applied, err)
			}
			if made, err := mysql.MakePartitions(t.Context(), admin, time.Now()); err != nil || made != 0 {
				t.Errorf("made %d, %v", made, err)
			}
		})
	}
	all.Wait()
}

func TestMakePartitions_ReachSevenDaysAhead_AtTheSameBordersEverywhere(t *testing.T) {
	until, err := mysql.PartitionsUntil(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, mysql.PartitionsAhead+1)
	if until.Before(want.AddDate(0, 0, -1)) { // midnight may pass while we test
		t.Errorf("room until %s, want %s", until, want)
	}
	if n := number(t, `SELECT COUNT(DISTINCT borders) FROM (SELECT GROUP_CONCAT(partition_description ORDER BY partition_ordinal_position) AS borders
		FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL GROUP BY table_name) t`); n != 1 {
		t.Errorf("%d different sets of borders: a DROP would orphan children", n)
	}
}

// Every statement that the store sends for one payment touches at most the one partition that holds it.
func TestStore_EachStatementTouchesOnePartition(t *testing.T) {
	pool, sent := record(db)
	defer func() { _ = pool.Close() }()
	recorded := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	defer recorded.Close()
	for _, mode := range []payment.Mode{payment.Sync, payment.Async} {
		n := fresh(mode)
		taken := fresh(mode)
		taken.Payment.Order = n.Payment.Order
		again := fresh(mode)
		again.Payment.KeyHash = n.Payment.KeyHash
		if got := recorded.Claim(t.Context(), []payment.NewPayment{n, again, taken}); got[0] != (payment.Claimed{}) || got[1].Key == nil || got[2].Guard == nil {
			t.Fatalf("%+v", got)
		}
		p := load(t, n.Payment.ID)
		c := move(p, payment.Failed, payment.Work{})
		if p.State == payment.Accepted {
			c = move(p, payment.Processing, payment.Work{})
		}
		c.Answer = &payment.Answer{Status: 201, Body: []byte("x")}
		if err := recorded.Apply(t.Context(), []payment.Change{c})[0]; err != nil {
			t.Fatal(err)
		}
		if _, err := recorded.Load(t.Context(), []payment.ID{p.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if len(sent.statements) < 20 {
		t.Fatalf("only %d statements were recorded", len(sent.statements))
	}
	partitioned := 0
	for _, s := range sent.statements {
		for _, table := range explain(t, s) {
			partitioned++
			if strings.Contains(table, ",") {
				t.Errorf("%s\ntouches %s", s.query, table)
			}
		}
	}
	if partitioned < 10 {
		t.Fatalf("EXPLAIN named partitions only %d times", partitioned)
	}
}

// explain is the partitions that MySQL would touch, one entry for each partitioned table of the statement.
func explain(t *testing.T, s statement) (touched []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN FORMAT=TRADITIONAL "+s.query, s.args...)
	if err != nil {
		t.Fatalf("%s: %v", s.query, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		if partitions := values[slices.Index(columns, "partitions")]; partitions.Valid {
			touched = append(touched, partitions.String)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return touched
}

func TestRegisterMerchants_KeepsHashesOnly_AndCanBeRepeated(t *testing.T) {
	merchant := payment.MerchantID(1000 + counter.Add(1))
	key := fmt.Sprintf("gzk_secret_%d", merchant)
	for range 2 {
		if err := mysql.RegisterMerchants(t.Context(), db, []mysql.Merchant{{ID: merchant, Name: "m", APIKey: key}}); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := mysql.Keys(t.Context(), db)
	if err != nil || keys[sha256.Sum256([]byte(key))] != merchant {
		t.Errorf("%v, %v", keys, err)
	}
	if n := number(t, "SELECT COUNT(*) FROM api_key WHERE merchant_id = ?", merchant); n != 1 {
		t.Errorf("%d keys", n)
	}
}

func TestTakeNode_EachStartGetsItsOwn(t *testing.T) {
	a, err := mysql.TakeNode(t.Context(), db, "a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := mysql.TakeNode(t.Context(), db, "a")
	if err != nil || a == b {
		t.Errorf("%d and %d, %v", a, b, err)
	}
}

func TestClockOffset_OfTheSameMachine_IsSmall(t *testing.T) {
	offset, err := mysql.ClockOffset(t.Context(), db)
	if err != nil || offset.Abs() > 2*time.Second {
		t.Errorf("%s, %v", offset, err)
	}
}

func TestOpen_BadAddress_IsOneSentenceWithoutThePassword(t *testing.T) {
	_, err := mysql.Open("user:hunter2@nowhere", 1)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "MYSQL_DSN") {
		t.Errorf("%v", err)
	}
}

func TestStore_ServerGone_IsUnavailable(t *testing.T) {
	gone, err := mysql.Open("u:p@tcp(127.0.0.1:1)/payment", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gone.Close() }()
	lost := mysql.NewStore(gone, mysql.DefaultGroup())
	defer lost.Close()
	got := lost.Claim(context.Background(), []payment.NewPayment{fresh(payment.Sync)})[0]
	if got.Err == nil || got.Key != nil || got.Guard != nil {
		t.Errorf("%+v", got)
	}
}
