package mysql_test

import (
	"database/sql"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// What was posted is found by its business day, whenever the payment was created, and by its reference, whatever the day.
func TestJournal_BookingsOfADay_AndOfAReference(t *testing.T) {
	p := paid(t, registered(t, ""))
	journal, created := mysql.NewJournal(db), p.ID.Time()
	found := map[string]mysql.Booking{}
	for b, err := range journal.Bookings(t.Context(), "2026-03-01", created.Add(-time.Hour), created.Add(time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Payment == p.ID {
			found[b.Reference] = b
		}
	}
	for i := range p.Legs {
		l := &p.Legs[i]
		want := mysql.Booking{Payment: p.ID, Means: payment.PG, Amount: l.Amount, Currency: "KRW", Reference: p.Reference(l), Day: "2026-03-01"}
		if found[want.Reference] != want {
			t.Errorf("got %+v, want %+v", found[want.Reference], want)
		}
		if b, err := journal.Booking(t.Context(), p.ID, want.Reference); err != nil || b == nil || *b != want {
			t.Errorf("by reference: %+v, %v", b, err)
		}
	}
	if len(found) != len(p.Legs) {
		t.Errorf("%d bookings of %d legs", len(found), len(p.Legs))
	}
	for b, err := range journal.Bookings(t.Context(), "2026-03-02", created.Add(-time.Hour), created.Add(time.Hour)) {
		if err != nil || b.Payment == p.ID {
			t.Errorf("on the day after: %+v, %v", b, err)
		}
	}
	if b, err := journal.Booking(t.Context(), p.ID, "none"); b != nil || err != nil {
		t.Errorf("no such reference: %+v, %v", b, err)
	}
	sums, err := journal.Totals(t.Context(), "2026-03-01", created.Add(-time.Hour), created.Add(time.Hour))
	if err != nil || sums[payment.PayableMerchant] > -60 || sums[payment.ReceivablePG] != 0 {
		t.Errorf("totals %v, %v", sums, err)
	}
}

// A reader that stops early leaves no connection behind.
func TestJournal_ReaderStops_GivesItsConnectionBack(t *testing.T) {
	p := paid(t, registered(t, ""))
	one, err := mysql.Open(server.AppDSN, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = one.Close() }()
	for range 3 {
		for range mysql.NewJournal(one).Bookings(t.Context(), "2026-03-01", p.ID.Time().Add(-time.Hour), p.ID.Time().Add(time.Hour)) {
			break
		}
	}
	if used := one.Stats().InUse; used != 0 {
		t.Errorf("%d connections are in use", used)
	}
}

// sendJournal sends what the journal is read with.
func sendJournal(t *testing.T, pool *sql.DB, _ *recorder) {
	p := paid(t, registered(t, ""))
	journal, hour := mysql.NewJournal(pool), p.ID.Time()
	for _, err := range journal.Bookings(t.Context(), "2026-03-01", hour, hour) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := journal.Booking(t.Context(), p.ID, "1"); err != nil {
		t.Fatal(err)
	}
	if state, err := journal.State(t.Context(), p.ID); err != nil || state != payment.Paid {
		t.Fatal(state, err)
	}
	if _, err := journal.Totals(t.Context(), "2026-03-01", hour, hour.Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for _, err := range journal.Bookings(t.Context(), "2026-03-01", hour, hour.Add(time.Millisecond)) {
		if err != nil {
			t.Fatal(err)
		}
	}
}
