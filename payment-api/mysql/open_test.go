package mysql_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// due is a stored payment that is nobody's and due now.
func due(t *testing.T) *payment.Payment {
	t.Helper()
	p := claimed(t, payment.Sync)
	apply(t, move(p, payment.Processing, payment.Work{}))
	return load(t, p.ID)
}

// take takes all that is due, and returns which of the wanted came.
func take(t *testing.T, owner string, lease time.Duration, wanted ...payment.ID) []payment.Task {
	t.Helper()
	tasks, err := store().Take(t.Context(), owner, 1000, lease)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(tasks, func(task payment.Task) bool { return !slices.Contains(wanted, task.Payment.ID) })
}

func TestTake_LeasesWhatIsDue_OnceUntilTheLeaseEnds(t *testing.T) {
	p := due(t)
	got := take(t, "a", 300*time.Millisecond, p.ID)
	if len(got) != 1 || got[0].Attempts != 1 || got[0].Payment.Version != 2 {
		t.Fatalf("%+v", got)
	}
	if again := take(t, "b", time.Minute, p.ID); len(again) != 0 {
		t.Fatal("taken while another holds it")
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(got) != 0 && time.Now().Before(deadline) {
		if got = take(t, "b", time.Minute, p.ID); len(got) == 1 {
			if got[0].Attempts != 2 {
				t.Errorf("%d attempts", got[0].Attempts)
			}
			return
		}
		got = make([]payment.Task, 1)
	}
	t.Fatal("the lease of a process that died never ended")
}

func TestTake_LeavesWhatIsNotDue_OrLeasedByItsCreator(t *testing.T) {
	later := claimed(t, payment.Async)
	creator := fresh(payment.Sync)
	creator.Due = 0
	if got := store().Claim(t.Context(), []payment.NewPayment{creator})[0]; got != (payment.Claimed{}) {
		t.Fatalf("%+v", got)
	}
	if got := take(t, "a", time.Minute, later.ID, creator.Payment.ID); len(got) != 0 {
		t.Errorf("took %d", len(got))
	}
}

func TestTake_Concurrently_GivesEachToOne(t *testing.T) {
	wanted := make([]payment.ID, 40)
	for i := range wanted {
		wanted[i] = due(t).ID
	}
	var mu sync.Mutex
	taken := map[payment.ID]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				tasks, err := store().Take(t.Context(), "racer", 5, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, task := range tasks {
					taken[task.Payment.ID]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, id := range wanted {
		if taken[id] != 1 {
			t.Errorf("payment %d was taken %d times", id, taken[id])
		}
	}
}

func TestPostpone_ByTheOwner_GivesUpTheLease_ByOthersDoesNothing(t *testing.T) {
	p := due(t)
	take(t, "owner", time.Minute, p.ID)
	if err := store().Postpone(t.Context(), "stranger", []payment.ID{p.ID}, 0); err != nil {
		t.Fatal(err)
	}
	if got := take(t, "b", time.Minute, p.ID); len(got) != 0 {
		t.Fatal("a stranger gave up another's lease")
	}
	if err := store().Postpone(t.Context(), "owner", []payment.ID{p.ID}, 0); err != nil {
		t.Fatal(err)
	}
	if got := take(t, "b", time.Minute, p.ID); len(got) != 1 {
		t.Error("what its owner gave up is not to be had")
	}
}

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
			for last := false; ; {
				rows, err := outbox.Claim(t.Context(), 7, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				sent := make([]mysql.Sent, len(rows))
				mu.Lock()
				for i, r := range rows {
					if _, ours := wanted[r.Payment]; ours {
						wanted[r.Payment]++
					}
					sent[i] = mysql.Sent{ID: r.ID, Partition: 3, Offset: int64(i)}
				}
				mu.Unlock()
				if err := outbox.MarkSent(t.Context(), sent); err != nil {
					t.Error(err)
				}
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
		rows, err := outbox.Claim(t.Context(), 1000, lease)
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
