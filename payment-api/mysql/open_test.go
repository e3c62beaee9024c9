package mysql_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// nothingOpen removes the open work that other tests have left: a lease of theirs that runs out meanwhile would change the counts of
// this one, and what is due longest is taken first.
func nothingOpen(t *testing.T) {
	t.Helper()
	change(t, "DELETE FROM open_payment")
}

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
	nothingOpen(t)
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
	nothingOpen(t)
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
	nothingOpen(t)
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
	nothingOpen(t)
	p := due(t)
	take(t, "owner", time.Minute, p.ID)
	if err := store().Postpone(t.Context(), "stranger", []payment.Later{{Work: payment.WorkID{Payment: p.ID}}}); err != nil {
		t.Fatal(err)
	}
	if got := take(t, "b", time.Minute, p.ID); len(got) != 0 {
		t.Fatal("a stranger gave up another's lease")
	}
	if err := store().Postpone(t.Context(), "owner", []payment.Later{{Work: payment.WorkID{Payment: p.ID}}}); err != nil {
		t.Fatal(err)
	}
	if got := take(t, "b", time.Minute, p.ID); len(got) != 1 {
		t.Error("what its owner gave up is not to be had")
	}
}

// dueCancellation is a cancellation of p that is nobody's and due now.
func dueCancellation(t *testing.T, p *payment.Payment) *payment.Cancellation {
	t.Helper()
	applyCancellation(t, moveCancellation(canceling(t, p, 11), payment.CancelProcessing))
	all := cancellations(t, p.ID)
	return all[len(all)-1]
}

func TestTake_BringsCancellationsWithTheirPayments(t *testing.T) {
	nothingOpen(t)
	p := paid(t, 1)
	first, second := dueCancellation(t, p), dueCancellation(t, p)
	canceling(t, p, 2) // leased by its creator
	got := take(t, "a", time.Minute, p.ID)
	if len(got) != 2 || got[0].Payment == got[1].Payment || &got[0].Payment.Legs[0] == &got[1].Payment.Legs[0] {
		t.Fatalf("%+v", got)
	}
	for i, c := range []*payment.Cancellation{first, second} {
		task := got[i]
		if task.Cancellation == nil || task.Cancellation.Seq != c.Seq || task.Cancellation.Version != 2 || len(task.Cancellation.Refunds) != 2 ||
			task.Payment.State != payment.Paid || len(task.Payment.Legs) != 3 || task.Attempts != 1 || task.Payment.Version != 7 {
			t.Errorf("%+v %+v", task, task.Cancellation)
		}
	}
	if again := take(t, "b", time.Minute, p.ID); len(again) != 0 {
		t.Errorf("taken twice: %+v", again)
	}
	if err := store().Postpone(t.Context(), "a", []payment.Later{{Work: payment.WorkID{Payment: p.ID, Cancellation: 2}}}); err != nil {
		t.Fatal(err)
	}
	if again := take(t, "b", time.Minute, p.ID); len(again) != 1 || again[0].Cancellation.Seq != 2 || again[0].Attempts != 2 {
		t.Errorf("%+v", again)
	}
}

func TestTake_SaysWhatWasDeferred(t *testing.T) {
	nothingOpen(t)
	p := claimed(t, payment.Async)
	deferred := func() bool {
		t.Helper()
		got := take(t, "a", time.Minute, p.ID)
		if len(got) != 1 {
			t.Fatalf("%+v", got)
		}
		return got[0].Deferred
	}
	postpone := func(later payment.Later) {
		t.Helper()
		later.Work.Payment = p.ID
		if err := store().Postpone(t.Context(), "a", []payment.Later{later}); err != nil {
			t.Fatal(err)
		}
	}
	postpone(payment.Later{})
	if deferred() {
		t.Error("nobody deferred it")
	}
	postpone(payment.Later{Deferred: true})
	if !deferred() {
		t.Error("it was put off as deferred")
	}
	postpone(payment.Later{})
	if !deferred() {
		t.Error("a mere postponement took it back")
	}
	apply(t, move(load(t, p.ID), payment.Processing, payment.Work{}))
	if deferred() {
		t.Error("it was started")
	}
	apply(t, move(load(t, p.ID), payment.Accepted, payment.Work{Deferred: true}))
	if !deferred() {
		t.Error("it went back as deferred")
	}
}

func TestPostpone_EachToItsOwnTime(t *testing.T) {
	nothingOpen(t)
	now, later, p := due(t), due(t), paid(t, 1)
	dueCancellation(t, p)
	wanted := []payment.ID{now.ID, later.ID, p.ID}
	if got := take(t, "a", time.Minute, wanted...); len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	if err := store().Postpone(t.Context(), "a", []payment.Later{
		{Work: payment.WorkID{Payment: now.ID}},
		{Work: payment.WorkID{Payment: later.ID}, Wait: time.Hour},
		{Work: payment.WorkID{Payment: p.ID, Cancellation: 1}, Wait: 2 * time.Hour},
	}); err != nil {
		t.Fatal(err)
	}
	if got := take(t, "b", time.Minute, wanted...); len(got) != 1 || got[0].Payment.ID != now.ID {
		t.Errorf("%+v", got)
	}
	for id, hours := range map[payment.ID]int{later.ID: 1, p.ID: 2} {
		if n := number(t, "SELECT ROUND(TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(6), due_at) / 60) FROM open_payment WHERE payment_id = ?", id); n != hours {
			t.Errorf("payment %d is due in %d hours, want %d", id, n, hours)
		}
	}
}
