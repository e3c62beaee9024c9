package payment_test

import (
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// shelf is a world with three payments of one merchant, a minute apart.
func shelf(t *testing.T) (*world, *payment.Service) {
	t.Helper()
	w := newWorld()
	for i, order := range []string{"a", "b", "c"} {
		if _, err := w.create(t, byte(i+1), payment.Sync, request(order, leg{payment.PG, 10})); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
	}
	return w, w.service("api")
}

func orders(found []*payment.Payment) (list string) {
	for _, p := range found {
		list += p.Order
	}
	return list
}

func TestList_IsByTime_OldestFirst_AndGoesOnAfterACursor(t *testing.T) {
	w, api := shelf(t)
	first := w.db.rows[0].payment.ID
	for _, c := range []struct {
		name     string
		from, to time.Duration
		after    payment.ID
		limit    int
		want     string
	}{
		{"all", 0, time.Hour, 0, 10, "abc"},
		{"from is in", time.Minute, time.Hour, 0, 10, "bc"},
		{"to is out", 0, time.Minute, 0, 10, "a"},
		{"a page", 0, time.Hour, 0, 2, "ab"},
		{"the next page", 0, time.Hour, first, 2, "bc"},
		{"a cursor before the range", time.Minute, time.Hour, first - 1, 10, "bc"},
		{"before there were payments", -30 * 24 * time.Hour, -29 * 24 * time.Hour, 0, 10, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := api.List(t.Context(), 1, start.Add(c.from), start.Add(c.to), c.after, c.limit)
			if got := orders(found); err != nil || got != c.want {
				t.Errorf("%q, err %v; want %q", got, err, c.want)
			}
		})
	}
	if found, err := api.List(t.Context(), 2, start, start.Add(time.Hour), 0, 10); err != nil || len(found) > 0 {
		t.Errorf("another merchant sees %s, err %v", orders(found), err)
	}
	wrapped := start.Add((1 << 42) * time.Millisecond) // an id has no room for that time: it would look like now
	for _, when := range []time.Time{{}, wrapped, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		if found, err := api.List(t.Context(), 1, when, when.Add(time.Hour), 0, 10); err != nil || len(found) > 0 {
			t.Errorf("in %d: %s, err %v", when.Year(), orders(found), err)
		}
	}
}

func TestList_NeedsABoundedRange(t *testing.T) {
	_, api := shelf(t)
	for _, to := range []time.Duration{0, -time.Second, payment.MaxRange + time.Second} {
		_, err := api.List(t.Context(), 1, start, start.Add(to), 0, 10)
		wantKind(t, err, payment.KindInvalid)
	}
}

func TestByOrder_IsThePaymentThatHoldsIt(t *testing.T) {
	w, api := shelf(t)
	if found, err := api.ByOrder(t.Context(), 1, "b"); err != nil || orders(found) != "b" {
		t.Errorf("%q, err %v", orders(found), err)
	}
	for _, none := range []struct {
		merchant payment.MerchantID
		order    string
	}{{1, "d"}, {2, "b"}} {
		if found, err := api.ByOrder(t.Context(), none.merchant, none.order); err != nil || len(found) > 0 {
			t.Errorf("%+v: %q, err %v", none, orders(found), err)
		}
	}
	_, err := api.ByOrder(t.Context(), 1, "a b")
	wantKind(t, err, payment.KindInvalid)
	w.behave = only(payment.Charge, declines)
	if _, err := w.create(t, 9, payment.Sync, request("d", leg{payment.PG, 10})); err != nil {
		t.Fatal(err)
	}
	if found, err := api.ByOrder(t.Context(), 1, "d"); err != nil || len(found) > 0 {
		t.Errorf("a failed payment holds its order: %q, err %v", orders(found), err)
	}
}

func TestEvents_AreThePaymentsAndItsCancellations(t *testing.T) {
	w, row := paid(t, card())
	if _, err := w.cancel(t, 1, row.payment.ID, 3); err != nil {
		t.Fatal(err)
	}
	events, err := w.service("api").Events(t.Context(), 1, row.payment.ID)
	if err != nil || len(events) != 4 || events[1].To != "PAID" || events[3].Cancellation != 1 || events[3].To != "SUCCEEDED" || events[3].Version != 4 {
		t.Errorf("%+v, err %v", events, err)
	}
	_, err = w.service("api").Events(t.Context(), 2, row.payment.ID)
	wantKind(t, err, payment.KindNotFound)
}

func TestGet_Archived_IsSaidSo(t *testing.T) {
	w, row := paid(t, card())
	w.db.archived = row.payment.ID - 1
	_, err := w.service("api").Get(t.Context(), 1, row.payment.ID-1)
	wantKind(t, err, payment.KindArchived)
	_, err = w.service("api").Get(t.Context(), 1, row.payment.ID+1)
	wantKind(t, err, payment.KindNotFound)
}
