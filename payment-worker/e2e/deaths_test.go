package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// slow is a charge that is booked at once and answered only just before the time-out: long enough to die in between.
const slow = "gz1;charge=ok@fixed/350ms"

// These two stop workers that the other stories share, so they do not run in parallel with them.

func TestWorkerKilledInTheMiddleOfACharge_AnotherSettlesIt(t *testing.T) {
	o := order{id: "worker-killed", key: "worker-killed-1", point: tok, charge: slow}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	eventually(t, "the charge is booked", func() bool { return booked(t, got.view.ID, "charged") })
	victim := actorOf(t, got.view.ID, "PROCESSING")
	system.workers[victim].signal(syscall.SIGKILL)
	if code := system.workers[victim].end(t); code != -1 {
		t.Fatalf("%s ended with %d", victim, code)
	}
	judge(t, got.view.ID, "PAID")
	if by := actorOf(t, got.view.ID, "PAID"); by == victim {
		t.Errorf("%s paid it before it died; the story needs a longer delay", by)
	}
	restartWorker(t, victim)
}

func TestWorkerStopped_FinishesWhatItWorksOn_AndExits0(t *testing.T) {
	o := order{id: "worker-stopped", key: "worker-stopped-1", point: tok, charge: slow}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	eventually(t, "the charge is booked", func() bool { return booked(t, got.view.ID, "charged") })
	name := actorOf(t, got.view.ID, "PROCESSING")
	system.workers[name].signal(syscall.SIGTERM)
	if code := system.workers[name].end(t); code != 0 {
		t.Errorf("%s ended with %d:\n%s", name, code, system.workers[name].tail())
	}
	seen := system.workers[name].shutdown(t)
	if !strings.Contains(seen.begins.InFlight, "message") || seen.outcomes() != inOrder(workerPhases) {
		t.Errorf("%s had %q in flight, and its phases were %s", name, seen.begins.InFlight, seen.outcomes())
	}
	judge(t, got.view.ID, "PAID")
	if by := actorOf(t, got.view.ID, "PAID"); by != name {
		t.Errorf("%s had begun it, and %s had to finish it", name, by)
	}
	restartWorker(t, name)
}

func restartWorker(t *testing.T, name string) {
	t.Helper()
	var err error
	if system.workers[name], err = startWorker(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// The API dies between the charge and its answer, at different moments: whatever the merchant does next, money moved once.
func TestAPIKilledInTheMiddleOfACharge_TheWorkerSettlesIt(t *testing.T) {
	victim, err := startAPI(t.Context(), "api-killed")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	const many = 8
	var pending sync.WaitGroup
	orders := make([]order, many)
	for i := range orders {
		orders[i] = order{id: fmt.Sprint("api-killed-", i), key: fmt.Sprint("api-killed-", i), coupon: tok, point: fmt.Sprintf("gz1;reserve=ok@fixed/%dms", 40*i), charge: slow}
		pending.Go(func() {
			if a := orders[i].pay(t, victim); a.err == nil {
				t.Errorf("order %d was answered %d %s", i, a.status, a.body)
			}
		})
	}
	first := ""
	eventually(t, "the first charge is booked", func() bool {
		first = holder(t, orders[0].id)
		return first != "" && booked(t, first, "charged")
	})
	victim.signal(syscall.SIGKILL)
	pending.Wait()
	for _, o := range orders {
		got := o.payUntilAnswered(t, system.apis[1])
		if got.status != 201 {
			t.Errorf("order %s: %d %s", o.id, got.status, got.body)
			continue
		}
		judge(t, got.view.ID, got.view.Status)
	}
	judge(t, first, "PAID") // its charge was booked before the death
}
