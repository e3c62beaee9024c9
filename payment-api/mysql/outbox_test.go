package mysql_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func TestOutbox_Concurrently_EachRowGoesToOne_AndNoneIsLost(t *testing.T) {
	outbox := mysql.NewOutbox(db)
	wanted := map[payment.ID]int{}
	var mu sync.Mutex
	var writers, readers sync.WaitGroup
	written := make(chan struct{})
	for range 4 {
		writers.Go(func() {
			for range 25 {
				n := fresh(payment.Async)
				mu.Lock()
				wanted[n.Payment.ID] = 0
				mu.Unlock()
				if got := store().Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
					t.Errorf("%+v", got)
				}
			}
		})
	}
	for range 3 {
		readers.Go(func() {
			var sent []mysql.Sent
			for last := false; ; {
				rows, err := outbox.Next(t.Context(), sent, 7, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				sent = make([]mysql.Sent, len(rows))
				mu.Lock()
				for i, r := range rows {
					if _, ours := wanted[r.Payment]; ours {
						wanted[r.Payment]++
					}
					sent[i] = mysql.Sent{ID: r.ID, Partition: 3, Offset: int64(i)}
				}
				mu.Unlock()
				if len(rows) == 0 && last {
					return
				}
				select {
				case <-written:
					last = len(rows) == 0
				default:
				}
			}
		})
	}
	writers.Wait()
	close(written)
	readers.Wait()
	for id, times := range wanted {
		if times != 1 {
			t.Errorf("the row of payment %d was taken %d times", id, times)
		}
	}
	for id := range wanted {
		if number(t, "SELECT COUNT(*) FROM outbox WHERE payment_id = ? AND sent_at IS NULL", id) != 0 {
			t.Errorf("the row of payment %d is not marked", id)
		}
	}
}

func TestOutbox_ClaimOfADeadRelay_EndsWithItsLease(t *testing.T) {
	p := claimed(t, payment.Async)
	outbox := mysql.NewOutbox(db)
	has := func(lease time.Duration) bool {
		rows, err := outbox.Next(t.Context(), nil, 1000, lease)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(rows, func(r mysql.OutboxRow) bool { return r.Payment == p.ID })
	}
	if !has(200 * time.Millisecond) {
		t.Fatal("the row is not there")
	}
	for deadline := time.Now().Add(10 * time.Second); !has(time.Minute); {
		if time.Now().After(deadline) {
			t.Fatal("the claim of a relay that died never ended")
		}
	}
}

func TestOutbox_Sweep_DeletesOnlyWhatWasSentLongAgo(t *testing.T) {
	old, young, unsent := claimed(t, payment.Async), claimed(t, payment.Async), claimed(t, payment.Async)
	for id, hours := range map[payment.ID]int{old.ID: 25, young.ID: 23} {
		if _, err := db.ExecContext(t.Context(), "UPDATE outbox SET sent_at = UTC_TIMESTAMP(6) - INTERVAL ? HOUR WHERE payment_id = ?", hours, id); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := mysql.NewOutbox(db).Sweep(t.Context(), 24*time.Hour, 1000); err != nil || n != 1 {
		t.Errorf("%d swept, %v", n, err)
	}
	if n := number(t, "SELECT COUNT(*) FROM outbox WHERE payment_id IN (?, ?)", young.ID, unsent.ID); n != 2 {
		t.Error("the sweeper took what it must keep")
	}
}

// alone empties the outbox and leaves n unsent rows: in a table as small as this the optimizer would rather look through all
// of it than for a list of ids.
func alone(t *testing.T, n int) (rows []mysql.OutboxRow) {
	t.Helper()
	emptied(t, "outbox")
	for range n {
		change(t, "INSERT INTO outbox (payment_id, created_at) VALUES (?, UTC_TIMESTAMP(6))", ids.Next())
	}
	change(t, "ANALYZE TABLE outbox")
	rows, err := mysql.NewOutbox(db).Next(t.Context(), nil, n, time.Minute)
	if err != nil || len(rows) != n {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows
}

func sentTo(rows []mysql.OutboxRow, partition int) (sent []mysql.Sent) {
	for i, r := range rows {
		sent = append(sent, mysql.Sent{ID: r.ID, Partition: partition, Offset: int64(100 + i)})
	}
	return sent
}

// Somebody is just accepting a payment; the relay neither sees its row nor waits for it. The writes go by the ids alone, in a
// small table too.
func TestOutbox_ANeighboursUncommittedRow_IsNotWaitedFor(t *testing.T) {
	rows := alone(t, 12)
	neighbour, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = neighbour.Rollback() }()
	if _, err := neighbour.ExecContext(t.Context(), "INSERT INTO outbox (payment_id, created_at) VALUES (?, UTC_TIMESTAMP(6))", ids.Next()); err != nil {
		t.Fatal(err)
	}
	change(t, "INSERT INTO outbox (payment_id, created_at) VALUES (?, UTC_TIMESTAMP(6))", ids.Next())
	pool, to := record(db)
	defer pool.Close()
	next, err := mysql.NewOutbox(pool).Next(t.Context(), sentTo(rows, 3), 100, time.Minute)
	if err != nil || len(next) != 1 {
		t.Errorf("%d rows, %v", len(next), err)
	}
	if n := number(t, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL AND kafka_partition = 3 AND kafka_offset = 100 + id - ?", rows[0].ID); n != 12 {
		t.Errorf("%d of 12 are marked with their places", n)
	}
	goesByID(t, to.drain(), 2)
}

// goesByID checks that each UPDATE finds its rows by the primary key.
func goesByID(t *testing.T, statements []statement, want int) {
	t.Helper()
	for _, s := range statements {
		if !strings.HasPrefix(s.query, "UPDATE") {
			continue
		}
		want--
		if plan := explain(t, s)[0]; plan.access != "range" || plan.key != "PRIMARY" {
			t.Errorf("%s\ngoes by %s of %s", s.query, plan.access, plan.key)
		}
	}
	if want != 0 {
		t.Errorf("%d writes more than were sent were expected", want)
	}
}

func TestOutbox_MarksAndClaims_ShareACommit(t *testing.T) {
	rows := alone(t, 3)
	change(t, "INSERT INTO outbox (payment_id, created_at) VALUES (?, UTC_TIMESTAMP(6))", ids.Next())
	pool, to := record(db)
	defer pool.Close()
	next, err := mysql.NewOutbox(pool).Next(t.Context(), sentTo(rows, 3), 10, time.Minute)
	if err != nil || len(next) != 1 {
		t.Fatalf("%d rows, %v", len(next), err)
	}
	commits := 0
	for _, s := range to.drain() {
		if s.query == "COMMIT" {
			commits++
		}
	}
	if commits != 1 {
		t.Errorf("%d commits, want one for what was sent and what is next", commits)
	}
}

// The connection breaks at COMMIT. Whatever stands there, marking the same again ends in the same, and what was claimed comes
// again when its lease ends: nothing is lost.
func TestOutbox_ALostCommit_LosesNoRow(t *testing.T) {
	for name, at := range map[string]cut{"not committed": beforeCommit, "committed": afterCommit} {
		t.Run(name, func(t *testing.T) {
			rows := alone(t, 3)
			change(t, "INSERT INTO outbox (payment_id, created_at) VALUES (?, UTC_TIMESTAMP(6))", ids.Next())
			pool, to := record(db)
			defer pool.Close()
			outbox := mysql.NewOutbox(pool)
			to.cutNext(at)
			if next, err := outbox.Next(t.Context(), sentTo(rows, 3), 10, 100*time.Millisecond); err == nil {
				t.Fatalf("%d rows, though nobody knows whether they are claimed", len(next))
			}
			var next []mysql.OutboxRow
			for deadline := time.Now().Add(10 * time.Second); len(next) == 0; time.Sleep(10 * time.Millisecond) {
				var err error
				if next, err = outbox.Next(t.Context(), sentTo(rows, 3), 10, time.Minute); err != nil {
					t.Fatal(err)
				}
				if time.Now().After(deadline) {
					t.Fatal("the row whose claim was lost never comes again")
				}
			}
			if n := number(t, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NOT NULL AND kafka_partition = 3"); n != 3 || len(next) != 1 {
				t.Errorf("%d of 3 are marked, %d of 1 came again", n, len(next))
			}
		})
	}
}
