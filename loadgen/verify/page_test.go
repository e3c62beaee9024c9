package verify

import (
	"context"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"gazua.example/loadgen/internal/testdb"
)

// bare writes payments without anything that hangs on them, and opens the database.
func bare(t *testing.T, count int) *Database {
	t.Helper()
	admin, dsn := testdb.Open(t)
	w := &world{}
	for i := range count {
		w.payments = append(w.payments, &Payment{ID: firstID + uint64(i)*3, Merchant: 1, Order: "o", Amount: 1, Currency: "KRW", Mode: "SYNC", State: "PAID"})
	}
	rows := &batches{db: admin, waiting: map[string]*batch{}}
	w.fill(t, rows)
	for query, b := range rows.waiting {
		if err := rows.flush(t.Context(), query, b); err != nil {
			t.Fatal(err)
		}
	}
	database, err := OpenDatabase(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return database
}

func TestPayments_SeveralPages_EachIsReadOnce(t *testing.T) {
	database := bare(t, 2*pageSize+500)
	defer database.Close()
	snapshot, err := database.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	for range 2 { // the connection is free again afterwards
		var ids []uint64
		for p, err := range snapshot.Payments(t.Context(), firstID-1, 1<<63-1) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, p.ID)
		}
		if len(ids) != 2*pageSize+500 || !slices.IsSorted(ids) || ids[0] != firstID || ids[len(ids)-1] != firstID+uint64(len(ids)-1)*3 {
			t.Errorf("%d payments, in order: %v", len(ids), slices.IsSorted(ids))
		}
	}
}

func TestPayments_ReaderHasEnough_NothingIsLeftRunning(t *testing.T) {
	database := bare(t, 2*pageSize+500)
	before := goleak.IgnoreCurrent()
	for _, take := range []int{1, pageSize, pageSize + 1} {
		snapshot, err := database.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range snapshot.Payments(t.Context(), firstID-1, 1<<63-1) {
			if err != nil {
				t.Fatal(err)
			}
			if take--; take == 0 {
				break
			}
		}
		snapshot.Close()
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}

func TestPayments_CanceledOnTheWay_IsAnErrorAndNotAnEnd(t *testing.T) {
	database := bare(t, 2*pageSize+500)
	defer database.Close()
	snapshot, err := database.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range snapshot.Payments(ctx, firstID-1, 1<<63-1) {
		if last = err; err == nil {
			n++
		}
		cancel()
	}
	if last == nil {
		t.Errorf("%d of %d payments were read, and no error", n, 2*pageSize+500)
	}
}
