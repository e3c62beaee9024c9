package mysql_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func TestBetween_PagesThroughAMerchantsOwn_ById(t *testing.T) {
	mine, other := registered(t, ""), registered(t, "")
	var want []payment.ID
	for range 5 {
		want = append(want, claimedFor(t, mine, payment.Sync).ID)
		claimedFor(t, other, payment.Sync)
	}
	end := ids.Next()
	for first, pages := want[0], 0; ; pages++ {
		found, err := store().Between(t.Context(), mine, first, end, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			if pages != 3 || len(want) != 0 {
				t.Errorf("%d pages, %v left", pages, want)
			}
			break
		}
		for _, p := range found {
			if len(want) == 0 || p.ID != want[0] || len(p.Legs) != 3 {
				t.Fatalf("%+v, want %v", p, want)
			}
			want = want[1:]
		}
		first = found[len(found)-1].ID + 1
	}
}

func TestBetween_EndsBeforeBefore(t *testing.T) {
	mine := registered(t, "")
	first, second := claimedFor(t, mine, payment.Sync), claimedFor(t, mine, payment.Sync)
	found, err := store().Between(t.Context(), mine, first.ID, second.ID, 10)
	if err != nil || len(found) != 1 || found[0].ID != first.ID {
		t.Errorf("%v, %v", found, err)
	}
}

// A range of days reads the partitions of these days, by the merchant's index, and no others.
func TestBetween_TouchesTheDaysOfItsRangeOnly(t *testing.T) {
	pool, sent := record(db)
	defer pool.Close()
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 1, Committers: 1})
	defer s.Close()
	today := time.Now().UTC().Truncate(24 * time.Hour)
	if _, err := s.Between(t.Context(), 1, payment.FirstIDAt(today.AddDate(0, 0, 1)), payment.FirstIDAt(today.AddDate(0, 0, 4)), 10); err != nil {
		t.Fatal(err)
	}
	steps := explain(t, sent.drain()[0])
	if len(steps) != 1 || len(strings.Split(steps[0].partitions, ",")) != 3 || steps[0].key != "merchant" {
		t.Errorf("%+v", steps)
	}
}

func TestByOrder_FindsTheHolder_OfThatMerchantOnly(t *testing.T) {
	p := claimed(t, payment.Sync)
	if holder, taken, err := store().ByOrder(t.Context(), p.Merchant, p.Order); err != nil || !taken || holder != p.ID {
		t.Errorf("%d, %t, %v", holder, taken, err)
	}
	if _, taken, err := store().ByOrder(t.Context(), p.Merchant+1, p.Order); err != nil || taken {
		t.Errorf("another merchant's order: %t, %v", taken, err)
	}
}

func TestEvents_AreThePaymentsAndItsCancellations_WithoutGaps(t *testing.T) {
	p := paid(t, 1)
	c := canceling(t, p, 11)
	applyCancellation(t, moveCancellation(c, payment.CancelSucceeded))
	events, err := store().Events(t.Context(), p.ID)
	if err != nil || len(events) != 4 {
		t.Fatalf("%+v, %v", events, err)
	}
	for i, want := range []payment.Event{
		{Version: 1, From: "", To: "PROCESSING", Cause: "created"},
		{Version: 2, From: "PROCESSING", To: "PAID", Cause: "test"},
		{Version: 3, Cancellation: 1, From: "", To: "PROCESSING", Cause: "created"},
		{Version: 4, Cancellation: 1, From: "PROCESSING", To: "SUCCEEDED", Cause: "test"},
	} {
		got := events[i]
		if got.At.IsZero() {
			t.Errorf("event %d has no time", i)
		}
		got.At = time.Time{}
		if got != want {
			t.Errorf("event %d: %+v, want %+v", i, got, want)
		}
	}
}

func TestArchived_IsEveryIdOfADayThatWas(t *testing.T) {
	day := time.Date(2026, 2, int(1+counter.Add(1)%25), 0, 0, 0, 0, time.UTC)
	first, until := payment.FirstIDAt(day), payment.FirstIDAt(day.AddDate(0, 0, 1))
	if _, err := db.ExecContext(t.Context(), "INSERT INTO archive_day (day, first_id, until_id, step) VALUES (?, ?, ?, 'DONE')", day, first, until); err != nil {
		t.Fatal(err)
	}
	defer db.Exec("DELETE FROM archive_day WHERE day = ?", day)
	for id, want := range map[payment.ID]bool{first - 1: false, first: true, until - 1: true, until: false} {
		if got, err := store().Archived(t.Context(), id); err != nil || got != want {
			t.Errorf("%d: %t, %v, want %t", id, got, err, want)
		}
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE archive_day SET step = 'EXCHANGING' WHERE day = ?", day); err != nil {
		t.Fatal(err)
	}
	if _, err := store().Archived(t.Context(), first); !errors.Is(err, payment.ErrUnavailable) {
		t.Errorf("of a day that may yet come back: %v", err)
	}
}

// An order outlives its payment's rows: what was archived and still holds its order was PAID.
func TestClaim_OrderOfAnArchivedPayment_IsPaid(t *testing.T) {
	p := paid(t, 1)
	for _, table := range slices.Backward(partitionedTables) {
		column := "payment_id"
		if table == "payment" {
			column = "id"
		}
		if _, err := db.ExecContext(t.Context(), "DELETE FROM "+table+" WHERE "+column+" = ?", p.ID); err != nil {
			t.Fatal(err)
		}
	}
	n := fresh(payment.Sync)
	n.Payment.Order = p.Order
	got := store().Claim(t.Context(), []payment.NewPayment{n})[0]
	if got.Guard == nil || *got.Guard != (payment.GuardRecord{Payment: p.ID, State: payment.Paid}) {
		t.Errorf("%+v", got)
	}
	if left := number(t, "SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ?", n.Payment.ID); left != 0 {
		t.Error("a refused request left its key behind")
	}
}
