package payment_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// A process that freezes longer than its lease and thaws must not send what another one has undone.
func TestSettle_FrozenPastTheLease_SendsNothingForward(t *testing.T) {
	for _, op := range []payment.Op{payment.Charge, payment.Confirm} {
		t.Run(string(op), func(t *testing.T) {
			w := newWorld()
			frozen := false
			w.behave = func(asked payment.Op) behaviour {
				if asked == op && !frozen {
					frozen = true
					w.pass(w.limits.Lease)
				}
				return works
			}
			points := request("o", leg{payment.Point, 5})
			if op == payment.Charge {
				points = request("o", leg{payment.Point, 5}, leg{payment.PG, 5})
			}
			created, err := w.service("frozen").Create(t.Context(), 1, [32]byte{1}, points, payment.How{Mode: payment.Sync})
			if err != nil || created.Status != 202 {
				t.Fatalf("answer %d, err %v", created.Status, err)
			}
			if version := w.only(t).payment.Version; version != 1 {
				t.Errorf("a process without a lease concludes something: version %d", version)
			}
			for _, b := range w.means.bookings {
				if b.captured() != nil {
					t.Errorf("%s was charged by a process without a lease", b.reference)
				}
			}
			w.mustSettle(t)
		})
	}
}

func TestSettle_SyncDeadlineBeforeThePG_IsUndone_And202(t *testing.T) {
	w := newWorld()
	w.behave = func(asked payment.Op) behaviour {
		if asked == payment.Reserve {
			w.pass(3 * time.Second)
		}
		if asked == payment.Charge {
			t.Error("a charge starts after the sync deadline")
		}
		return works
	}
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || created.Status != 202 {
		t.Fatalf("answer %d, err %v", created.Status, err)
	}
	w.behave = func(payment.Op) behaviour { return works }
	w.mustSettle(t)
	if row := w.only(t); row.payment.State != payment.Failed {
		t.Errorf("%s", row.payment.State)
	}
}

func TestConfirm_DefinitelyRefused_UndoesThePayment(t *testing.T) {
	w := newWorld()
	w.behave = func(asked payment.Op) behaviour {
		if asked == payment.Confirm {
			for _, b := range w.means.bookings { // the reservations ended at the means
				if t := &b.takings[0]; t.status == payment.Held {
					t.status = expired
				}
			}
		}
		return works
	}
	created, err := w.create(t, 1, payment.Sync, threeLegs())
	if err != nil || !strings.Contains(string(created.Body), `"status":"FAILED","reason":"interrupted"`) {
		t.Fatalf("answer %d %s, err %v", created.Status, created.Body, err)
	}
	if !strings.Contains(w.Story(), "release") { // what was refused may still be held
		t.Errorf("nothing was released\n%s", w.Story())
	}
	w.mustBeRight(t)
}

func TestUndo_PastTheWindow_IsReview_AndKeepsTheOrder(t *testing.T) {
	w := newWorld()
	broken := true
	w.behave = func(op payment.Op) behaviour {
		if op == payment.Charge || op == payment.Reserve {
			return works
		}
		if broken {
			return silentBefore
		}
		return works
	}
	w.dieAt, w.after = 4, true // the charge is booked, nothing says so
	w.begin(payment.Sync, threeLegs())
	w.dieAt = 0
	resolver := w.service("resolver")
	for range 20 {
		w.pass(10 * time.Minute)
		w.run(func() { resolveDue(context.Background(), resolver) })
	}
	if row := w.only(t); row.payment.State != payment.Review || len(w.db.guards) != 1 || len(row.work) != 1 || !row.work[0].parked {
		t.Errorf("%d guards\n%s", len(w.db.guards), w.Story())
	}
}
