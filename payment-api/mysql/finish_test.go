package mysql_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// sumsToZero: every posting of a payment sums to zero in each currency.
func sumsToZero(t *testing.T, id payment.ID) {
	t.Helper()
	if n := number(t, "SELECT COUNT(*) FROM journal_entry WHERE payment_id = ?", id); n == 0 {
		t.Error("nothing was posted")
	}
	if n := number(t, "SELECT COUNT(*) FROM (SELECT 1 FROM journal_entry WHERE payment_id = ? GROUP BY posting, currency HAVING SUM(amount) <> 0) x", id); n != 0 {
		t.Errorf("%d postings do not sum to zero", n)
	}
}

func TestApply_Paid_PostsToTheJournal(t *testing.T) {
	p := paid(t, 1)
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM journal_entry WHERE payment_id = ?":                                                                 6,
		"SELECT SUM(amount) FROM journal_entry WHERE payment_id = ? AND amount > 0":                                               60,
		"SELECT COUNT(*) FROM journal_entry WHERE payment_id = ? AND business_day = '2026-03-01' AND posted_at > booked_at":       6,
		"SELECT COUNT(*) FROM journal_entry WHERE payment_id = ? AND DATE(booked_at + INTERVAL 9 HOUR) <> business_day":           0,
		"SELECT COUNT(DISTINCT reference) FROM journal_entry JOIN payment_leg USING (payment_id, reference) WHERE payment_id = ?": 3,
	} {
		if got := number(t, query, p.ID); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	sumsToZero(t, p.ID)
}

func TestApply_PostedTwice_Collides_AndLeavesNothing(t *testing.T) {
	p, neighbour := paid(t, 1), claimed(t, payment.Sync)
	before := leftovers(t, p.ID)
	again := toPaid(p) // as if something had taken it for not yet posted
	errs := store().Apply(t.Context(), []payment.Change{again, toPaid(neighbour)})
	if errs[0] == nil || !strings.Contains(errs[0].Error(), "Duplicate entry") || errs[1] != nil {
		t.Errorf("%v", errs)
	}
	if after := leftovers(t, p.ID); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	c := canceling(t, p, 11)
	applyCancellation(t, moveCancellation(c, payment.CancelSucceeded))
	next := canceling(t, p, 12)
	colliding := moveCancellation(next, payment.CancelSucceeded)
	for i := range colliding.Posting {
		colliding.Posting[i].Seq -= 16 // those of the first
	}
	before = leftovers(t, p.ID)
	if err := store().ApplyCancellation(t.Context(), []payment.CancellationChange{colliding})[0]; err == nil {
		t.Error("the same place in the journal was taken twice")
	}
	if after := leftovers(t, p.ID); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

func TestApply_Callback_OnlyWhereTheCreatorWasAnswered202(t *testing.T) {
	merchant, mute := registered(t, "https://shop.example/callbacks"), registered(t, "")
	for _, c := range []struct {
		name     string
		merchant payment.MerchantID
		mode     payment.Mode
		answer   int
		want     int
	}{
		{"asynchronous", merchant, payment.Async, 0, 1},
		{"asynchronous, nowhere to call", mute, payment.Async, 0, 0},
		{"synchronous, not answered yet", merchant, payment.Sync, 0, 0},
		{"synchronous, answered 202 at the deadline", merchant, payment.Sync, 202, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := claimedFor(t, c.merchant, c.mode)
			if c.answer != 0 {
				if _, err := store().Answer(t.Context(), p.Merchant, p.KeyHash, payment.Answer{Status: c.answer, Body: []byte("look there")}); err != nil {
					t.Fatal(err)
				}
			}
			neighbour := claimedFor(t, c.merchant, payment.Sync) // answered 201 in the same transaction
			if errs := store().Apply(t.Context(), []payment.Change{toPaid(p), toPaid(neighbour)}); errs[0] != nil || errs[1] != nil {
				t.Fatal(errs)
			}
			if n := number(t, `SELECT COUNT(*) FROM callback WHERE payment_id = ? AND cancellation_seq = 0 AND version = 2 AND merchant_id = ? AND type = 'payment.paid'
				AND body = '{"paid":true}' AND state = 'PENDING' AND due_at <= UTC_TIMESTAMP(6) AND attempts = 0`, p.ID, p.Merchant); n != c.want {
				t.Errorf("%d callbacks, want %d", n, c.want)
			}
			if n := number(t, "SELECT COUNT(*) FROM callback WHERE payment_id = ?", neighbour.ID); n != 0 {
				t.Errorf("%d callbacks for who was answered 201", n)
			}
		})
	}
}

// The request gives up and answers 202 while the payment is just being settled: whichever comes first, there is a callback
// exactly where 202 stands.
func TestApply_WhileTheRequestAnswers_CallsBackExactlyWhere202Stands(t *testing.T) {
	merchant, racing := registered(t, "https://shop.example/callbacks"), stores(t)
	seen := map[int]int{}
	for range 60 {
		p := claimedFor(t, merchant, payment.Sync)
		var start, both sync.WaitGroup
		start.Add(1)
		both.Go(func() {
			start.Wait()
			if err := racing[0].Apply(t.Context(), []payment.Change{toPaid(p)})[0]; err != nil {
				t.Error(err)
			}
		})
		var got payment.Answer
		both.Go(func() {
			start.Wait()
			var err error
			if got, err = racing[1].Answer(t.Context(), p.Merchant, p.KeyHash, payment.Answer{Status: 202, Body: []byte("look there")}); err != nil {
				t.Error(err)
			}
		})
		start.Done()
		both.Wait()
		stands := number(t, "SELECT status FROM idempotency_key WHERE payment_id = ?", p.ID)
		called := number(t, "SELECT COUNT(*) FROM callback WHERE payment_id = ?", p.ID)
		if stands != got.Status || (stands == 202) != (called == 1) {
			t.Fatalf("answered %d, stored %d, %d callbacks", got.Status, stands, called)
		}
		seen[stands]++
	}
	t.Logf("%v", seen)
}

// The request has answered 202 and not committed when the payment is settled: settling waits, and calls back.
func TestApply_BehindAnAnswerThatIsNotCommitted_WaitsForIt(t *testing.T) {
	p := claimedFor(t, registered(t, "https://shop.example/callbacks"), payment.Sync)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "UPDATE idempotency_key SET status = 202, body = 'x' WHERE payment_id = ?", p.ID); err != nil {
		t.Fatal(err)
	}
	settled := make(chan error, 1)
	s := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
	defer s.Close()
	go func() { settled <- s.Apply(t.Context(), []payment.Change{toPaid(p)})[0] }()
	waitForLock(t)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	if n := number(t, "SELECT COUNT(*) FROM callback WHERE payment_id = ?", p.ID); n != 1 {
		t.Errorf("%d callbacks", n)
	}
}

// What a step costs: the statements of one group, however many members it has.
func TestApply_SendsNoMoreThanItMust(t *testing.T) {
	pool, sent := record(db)
	defer pool.Close()
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	defer s.Close()
	merchant := registered(t, "https://shop.example/callbacks")
	base := []string{
		"START TRANSACTION", "UPDATE payment", "INSERT INTO payment_leg", "INSERT INTO payment_event", "DELETE /*+ INDEX(open_payment PRIMARY) */ FROM open_payment",
		"UPDATE idempotency_key", "INSERT INTO journal_entry",
	}
	for _, mode := range []payment.Mode{payment.Sync, payment.Async} {
		var changes []payment.Change
		for range 5 {
			changes = append(changes, toPaid(claimedFor(t, merchant, mode)))
		}
		sent.drain()
		for _, err := range s.Apply(t.Context(), changes) {
			if err != nil {
				t.Fatal(err)
			}
		}
		want := slices.Clone(base)
		if mode == payment.Async {
			want = append(want, "INSERT INTO callback")
		}
		want = append(want, "COMMIT")
		got := sent.drain()
		if len(got)%len(want) != 0 { // the first of a burst may have gone ahead alone
			t.Errorf("%s: %d statements, want %d for each transaction", mode, len(got), len(want))
		}
		for i, g := range got {
			if !strings.HasPrefix(g.query, want[i%len(want)]) {
				t.Fatalf("%s: statement %d is %s, want %s", mode, i, g.query, want[i%len(want)])
			}
		}
	}
}
