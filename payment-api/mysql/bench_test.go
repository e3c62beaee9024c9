package mysql_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// What a synchronous card payment costs the server, by how many share a transaction: each transaction has that many claims
// and as many outcomes of payments that were claimed before.
//
//	go test ./payment-api/mysql -run '^$' -bench Store
func BenchmarkStore(b *testing.B) {
	for _, size := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprint("members=", size), func(b *testing.B) {
			s := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
			defer s.Close()
			server := serverPID(b)
			claims, changes := cards(size)
			commit(b, s, claims, nil)
			var used, own time.Duration
			payments := 0
			for b.Loop() {
				b.StopTimer()
				next, outcomes := cards(size)
				usedBefore, ownBefore := cpuOf(b, server), ownCPU(b)
				b.StartTimer()
				commit(b, s, next, changes)
				b.StopTimer()
				own += ownCPU(b) - ownBefore // first: to look at the other one costs something
				used, payments = used+cpuOf(b, server)-usedBefore, payments+size
				changes = outcomes
				b.StartTimer()
			}
			b.ReportMetric(float64(used.Microseconds())/float64(payments), "server-µs/payment")
			b.ReportMetric(float64(own.Microseconds())/float64(payments), "client-µs/payment")
			b.ReportMetric(float64(payments)/b.Elapsed().Seconds(), "payments/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// commit puts claims and changes into one transaction.
func commit(b *testing.B, s *mysql.Store, claims []payment.NewPayment, changes []payment.Change) {
	b.Helper()
	kinds := append(slices.Repeat([]bool{true}, len(claims)), make([]bool, len(changes))...)
	got, errs := s.Mixed(b.Context(), kinds, claims, changes)
	for i := range got {
		if got[i] != (payment.Claimed{}) {
			b.Fatalf("%+v", got[i])
		}
	}
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
}

// cards are new card payments and what makes them PAID.
func cards(n int) (claims []payment.NewPayment, outcomes []payment.Change) {
	for range n {
		c := card()
		claims, outcomes = append(claims, c), append(outcomes, settled(c.Payment))
	}
	return claims, outcomes
}

// card is a new card payment, with a token and a key as they are in use.
func card() payment.NewPayment {
	n := fresh(payment.Sync)
	n.Payment.Legs = []payment.Leg{{Seq: 1, Means: payment.PG, Amount: 60, State: payment.Pending, Token: "gz1;seed=1234567890;charge=ok@fixed/0s"}}
	for i := range n.Payment.KeyHash {
		n.Payment.KeyHash[i] = byte(uint64(n.Payment.ID) * 0x9e3779b97f4a7c15 >> (i % 8 * 8))
	}
	return n
}

// settled is the change that makes it PAID, with all that is written then.
func settled(p *payment.Payment) payment.Change {
	c := move(p, payment.Paid, payment.Work{})
	l := &c.Payment.Legs[0]
	l.State, l.TransactionID, l.BookedAt = payment.Captured, "tx_0123456789abcdef", time.Now().UTC()
	c.Answer = &payment.Answer{Status: 201, Body: []byte(strings.Repeat("x", 420))}
	for i, account := range []payment.Account{"receivable:PG", "merchant:1"} {
		amount := int64(60)
		if i == 1 {
			amount = -60
		}
		c.Posting = append(c.Posting, payment.Entry{Seq: uint32(i + 1), Posting: 0, Account: account, Amount: amount, Currency: "KRW", Reference: c.Payment.Reference(l), BookedAt: l.BookedAt})
	}
	return c
}

func serverPID(b *testing.B) int {
	var folder, file string
	if err := db.QueryRowContext(b.Context(), "SELECT @@datadir, @@pid_file").Scan(&folder, &file); err != nil {
		b.Fatal(err)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(folder, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		b.Fatal(err)
	}
	return pid
}

func ownCPU(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// cpuOf is the CPU time that a process has used, from the kernel's account in nanoseconds.
func cpuOf(b *testing.B, pid int) time.Duration {
	var sum time.Duration
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, task.Name()))
		if err != nil {
			continue // it has ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	return sum
}
