package mysql_test

import (
	"testing"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func open(t *testing.T, b mysql.Before) mysql.Inherited {
	t.Helper()
	i, err := b.Open(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func moment(t *testing.T) mysql.Before {
	t.Helper()
	b, err := mysql.Now(t.Context(), db, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What comes later is ordinary work, whatever becomes of it; what was there before counts until it is over.
func TestBefore_CountsWhatWasThere_AndNothingThatCameLater(t *testing.T) {
	nothingOpen(t)
	for name, c := range map[string]struct {
		set  string
		read func(mysql.Inherited) int64
	}{
		"due": {"due_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, lease_until = NULL", func(i mysql.Inherited) int64 { return i.Due }},
		"its owner died": {
			"due_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, owner = 'dead'",
			func(i mysql.Inherited) int64 { return i.Due },
		},
		"leased":  {"due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR", func(i mysql.Inherited) int64 { return i.Leased }},
		"waiting": {"due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, lease_until = NULL", func(i mysql.Inherited) int64 { return i.Waiting }},
	} {
		t.Run(name, func(t *testing.T) {
			earlier := moment(t)
			without := open(t, earlier)
			p := claimed(t, payment.Async)
			defer change(t, "DELETE FROM open_payment WHERE payment_id = ?", p.ID)
			defer change(t, "DELETE FROM outbox WHERE payment_id = ?", p.ID)
			change(t, "UPDATE open_payment SET "+c.set+" WHERE payment_id = ?", p.ID)
			if after := open(t, earlier); after != without {
				t.Errorf("what came later counts: %+v, before %+v", after, without)
			}
			change(t, "DO SLEEP(0.002)") // an id's clock counts milliseconds
			later := moment(t)
			with := open(t, later)
			if c.read(with) != c.read(without)+1 || with.Unsent != without.Unsent+1 || with.None() {
				t.Errorf("with it %+v, without %+v", with, without)
			}
			for _, ordinary := range []string{"due_at = NULL", "due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, deferred = 1", "due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, attempts = 1"} {
				change(t, "UPDATE open_payment SET deferred = 0, lease_until = NULL, "+ordinary+" WHERE payment_id = ?", p.ID)
				if now := open(t, later); now.Due+now.Leased+now.Waiting != without.Due+without.Leased+without.Waiting {
					t.Errorf("what waits for its time counts (%s): %+v, without %+v", ordinary, now, without)
				}
			}
			change(t, "UPDATE outbox SET sent_at = UTC_TIMESTAMP(6) WHERE payment_id = ?", p.ID)
			if now := open(t, later); now != without {
				t.Errorf("a sent row counts: %+v, without %+v", now, without)
			}
		})
	}
}

func TestBefore_Callbacks_CountWhileTheyAreDue_AndTheLimitIsSaid(t *testing.T) {
	nothingOpen(t)
	without := open(t, moment(t))
	change(t, `INSERT INTO callback (payment_id, version, merchant_id, type, body, state, due_at, created_at)
		VALUES (900000001, 1, 77, 'payment.paid', '{}', 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`)
	defer change(t, "DELETE FROM callback WHERE payment_id = 900000001")
	b := moment(t)
	if i := open(t, b); i.Callbacks != without.Callbacks+1 || i.None() {
		t.Errorf("%+v, without it %+v", i, without)
	}
	if i, err := b.Open(t.Context(), 1); err != nil || !i.AtLeast || i.None() {
		t.Errorf("at most one row was looked at: %+v, %v", i, err)
	}
	change(t, "UPDATE callback SET due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE payment_id = 900000001")
	if i := open(t, b); i.Callbacks != without.Callbacks {
		t.Errorf("a callback that waits for its next try counts: %+v", i)
	}
}

// A cancellation may be of a payment of long ago, and is new all the same.
func TestBefore_ACancellation_IsAsOldAsItself_AndNotAsItsPayment(t *testing.T) {
	nothingOpen(t)
	p := claimed(t, payment.Async)
	defer change(t, "DELETE FROM open_payment WHERE payment_id = ?", p.ID)
	change(t, "DO SLEEP(0.002)")
	earlier := moment(t)
	without := open(t, earlier)
	change(t, "INSERT INTO open_payment (payment_id, cancellation_seq, due_at) VALUES (?, 1, UTC_TIMESTAMP(6))", p.ID)
	if after := open(t, earlier); after != without {
		t.Errorf("a cancellation that came later counts: %+v, without %+v", after, without)
	}
	change(t, "DO SLEEP(0.002)")
	if later := open(t, moment(t)); later.Due != without.Due+1 {
		t.Errorf("one that was there does not: %+v, without %+v", later, without)
	}
}
