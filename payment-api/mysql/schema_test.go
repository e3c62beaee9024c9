package mysql_test

import (
	"context"
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
