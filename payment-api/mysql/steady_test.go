package mysql_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// What an answer to COMMIT is worth. Of a server that was demoted it is a plain no; of one that left its group it is not: the
// others may have the transaction.
func TestCommit_WhatEachAnswerMeans(t *testing.T) {
	said := func(number uint16) error {
		return mysql.Refused(&mysqldriver.MySQLError{Number: number, Message: "m"})
	}
	for name, c := range map[string]struct {
		err                  error
		ambiguous, divisible bool
		again                bool // on another connection
	}{
		"super_read_only":           {said(1290), false, false, true},
		"a read-only transaction":   {said(1792), false, false, true},
		"a read-only InnoDB":        {said(1836), false, false, true},
		"the group was lost":        {said(3100), true, false, false},
		"given up while committing": {said(3101), true, false, false},
		"a duplicate":               {said(1062), false, true, false},
		"a lock was not given":      {said(1205), false, true, false},
		"nothing was sent":          {driver.ErrBadConn, false, false, true},
		"the connection broke":      {mysqldriver.ErrInvalidConn, true, false, false},
		"the caller's time is over": {context.DeadlineExceeded, true, false, false},
	} {
		if got := mysql.Ambiguous(c.err); got != c.ambiguous {
			t.Errorf("%s: ambiguous is %t", name, got)
		}
		if got := mysql.Divisible(c.err); got != c.divisible {
			t.Errorf("%s: divisible is %t", name, got)
		}
		if got := errors.Is(c.err, driver.ErrBadConn); got != c.again {
			t.Errorf("%s: sent again is %t", name, got)
		}
	}
}

// One server that was made read-only: what is to be written is refused with the reason, what is read is read, and it heals.
func TestStore_ReadOnlyServer_RefusesWritesOnly(t *testing.T) {
	a, _ := two(t)
	migrated(t, a)
	pool := openAt(t, 4, a.Addr)
	s := mysql.NewStore(pool, mysql.DefaultGroup())
	defer s.Close()
	first := fresh(payment.Sync)
	if got := s.Claim(t.Context(), []payment.NewPayment{first})[0]; got != (payment.Claimed{}) {
		t.Fatalf("%+v", got)
	}
	a.takeWrites(t, false)
	n := fresh(payment.Sync)
	got := s.Claim(t.Context(), []payment.NewPayment{n})[0]
	if !errors.Is(got.Err, payment.ErrUnavailable) || mysql.Ambiguous(got.Err) {
		t.Errorf("%+v", got)
	}
	if found, err := s.Load(t.Context(), []payment.ID{first.Payment.ID}); err != nil || len(found) != 1 {
		t.Errorf("what is there is read: %v, %v", found, err)
	}
	a.takeWrites(t, true)
	if got := s.Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
		t.Errorf("after it takes writes again: %+v", got)
	}
}

// Too many connections: every member is told, and one try is made for all of them.
func TestStore_TooManyConnections_IsUnavailableAtOnce_AndHeals(t *testing.T) {
	a, _ := two(t)
	migrated(t, a)
	taken := openAt(t, 100, a.Addr)
	a.do(t, "SET GLOBAL max_connections = 10") // the least that MySQL takes; root's are ours too
	defer a.do(t, "SET GLOBAL max_connections = 300")
	giveBack := holdAll(t, taken)
	pool := openAt(t, 4, a.Addr)
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	defer s.Close()
	batch := make([]payment.NewPayment, 64)
	for i := range batch {
		batch[i] = fresh(payment.Sync)
	}
	before := a.number(t, refusedEver)
	for i, got := range s.Claim(t.Context(), batch) {
		if !errors.Is(got.Err, payment.ErrUnavailable) {
			t.Fatalf("member %d: %+v", i, got)
		}
	}
	// They come in one batch or in two: the committer takes the first as soon as it is there.
	if tries := a.number(t, refusedEver) - before; tries < 1 || tries > 4 {
		t.Errorf("%d connections were tried for one batch", tries)
	}
	giveBack()
	within(t, flipBound, "it heals by itself", func() bool { return s.Claim(t.Context(), batch[:1])[0] == (payment.Claimed{}) })
}

const refusedEver = "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Connection_errors_max_connections'"

func TestOpen_SeveralServers_AreOneAddressEach(t *testing.T) {
	for dsn, want := range map[string][]string{
		"u:p@tcp(a:1)/payment":                 {"u:p@tcp(a:1)/payment"},
		"u:p@tcp(a:1,b:2)/payment":             {"u:p@tcp(a:1)/payment", "u:p@tcp(b:2)/payment"},
		"u:p@tcp(a, b:2, [::1]:3)/payment?x=y": {"u:p@tcp(a)/payment?x=y", "u:p@tcp(b:2)/payment?x=y", "u:p@tcp([::1]:3)/payment?x=y"},
		"u:p,@(x,y)/z@tcp(c:1,d:1)/payment":    {"u:p,@(x,y)/z@tcp(c:1)/payment", "u:p,@(x,y)/z@tcp(d:1)/payment"},
		"u:p,q@/payment":                       {"u:p,q@/payment"},
		"u:p@nowhere":                          {"u:p@nowhere"},
		"":                                     {""},
		"u:p@tcp(a:1,)/payment":                nil,
	} {
		if got := mysql.PerServer(dsn); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", dsn, got, want)
		}
	}
	if _, err := mysql.Open("u:hunter2@tcp(a:1,:b:2)/payment?x=%zz", 1); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// The server freezes while a batch is committed. To ask what became of each member one after another, each on a connection that
// has to be found dead first, would keep everybody waiting who comes after.
func TestStore_ServerFreezes_TheBatchIsToldWithinABound(t *testing.T) {
	a, _ := two(t)
	migrated(t, a)
	pool := openAt(t, 8, a.Addr)
	s := mysql.NewStore(pool, mysql.DefaultGroup())
	defer s.Close()
	fillPool(t, pool, 8)
	const members = 7
	claims := make([]payment.NewPayment, members)
	for i := range claims {
		claims[i] = fresh(payment.Sync)
	}
	a.signal(t, syscall.SIGSTOP)
	began := time.Now()
	claimed, _ := s.Mixed(t.Context(), slices.Repeat([]bool{true}, members), claims, nil)
	took := time.Since(began)
	for _, c := range claimed {
		if c.Err == nil {
			t.Errorf("%+v", c)
		}
	}
	if took > 13*time.Second { // 5 s for the packet, 6 s for the question
		t.Errorf("it took %s", took)
	}
	a.signal(t, syscall.SIGCONT)
	within(t, flipBound, "it heals by itself", func() bool { return s.Claim(t.Context(), []payment.NewPayment{fresh(payment.Sync)})[0].Err == nil })
}
