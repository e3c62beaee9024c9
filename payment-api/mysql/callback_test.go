package mysql_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func callbacks() *mysql.Callbacks { return mysql.NewCallbacks(db) }

// caller is a merchant of this test with a URL and so many callbacks that are due, of payments 1, 2, 3 …; the first has
// waited longest. What other tests left behind is put out of the way.
func caller(t *testing.T, due int) payment.MerchantID {
	t.Helper()
	merchant := payment.MerchantID(50_000 + counter.Add(1))
	change(t, "INSERT INTO merchant (id, name, callback_url) VALUES (?, 'm', 'https://m.example/hook')", merchant)
	for i := range due {
		change(t, `INSERT INTO callback (payment_id, version, merchant_id, type, body, state, due_at, created_at)
			VALUES (?, 2, ?, 'payment.paid', ?, 'PENDING', UTC_TIMESTAMP(6) - INTERVAL ? SECOND, UTC_TIMESTAMP(6))`, ids.Next(), merchant, fmt.Sprint(i), due-i)
	}
	return merchant
}

func claimCallbacks(t *testing.T, owner string, lease time.Duration, shares ...mysql.Share) []mysql.DueCallback {
	t.Helper()
	claimed, err := callbacks().Claim(t.Context(), owner, shares, lease)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func noteOutcomes(t *testing.T, owner string, outcomes ...mysql.CallbackOutcome) {
	t.Helper()
	if err := callbacks().Record(t.Context(), owner, outcomes); err != nil {
		t.Fatal(err)
	}
}

func waiting(t *testing.T, merchant payment.MerchantID) bool {
	t.Helper()
	merchants, err := callbacks().Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(merchants, merchant)
}

func callbackRow(t *testing.T, id uint64) mysql.CallbackRow {
	t.Helper()
	rows, err := callbacks().List(t.Context(), 10_000, mysql.CallbackPending, mysql.CallbackGaveUp, mysql.CallbackDelivered)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no callback %d", id)
	return mysql.CallbackRow{}
}

func TestCallbacks_Claim_TheOldestOfEach_AndNoMoreThanItsShare(t *testing.T) {
	a, b := caller(t, 5), caller(t, 2)
	got := claimCallbacks(t, "w", time.Minute, mysql.Share{Merchant: a, Limit: 3}, mysql.Share{Merchant: b, Limit: 3})
	bodies := map[payment.MerchantID]string{}
	for _, d := range got {
		bodies[d.Merchant] += string(d.Body)
		if d.Attempts != 1 || d.Version != 2 || d.Payment == 0 || d.Age < 0 || d.Age > time.Minute {
			t.Errorf("%+v", d)
		}
	}
	if bodies[a] != "012" || bodies[b] != "01" {
		t.Errorf("claimed %v", bodies)
	}
	if got := claimCallbacks(t, "other", time.Minute, mysql.Share{Merchant: a, Limit: 9}); len(got) != 2 {
		t.Errorf("%d are left, want 2: what is leased is nobody else's", len(got))
	}
	if waiting(t, a) || waiting(t, b) {
		t.Error("all is leased, and something waits")
	}
}

func TestCallbacks_TheLeaseEnds_ItIsDueAgain(t *testing.T) {
	m := caller(t, 1)
	first := claimCallbacks(t, "dies", 50*time.Millisecond, mysql.Share{Merchant: m, Limit: 1})
	for deadline := time.Now().Add(5 * time.Second); !waiting(t, m); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the lease never ends")
		}
	}
	again := claimCallbacks(t, "lives", time.Minute, mysql.Share{Merchant: m, Limit: 1})
	if len(again) != 1 || again[0].ID != first[0].ID || again[0].Payment != first[0].Payment || again[0].Attempts != 2 {
		t.Fatalf("%+v, then %+v", first, again)
	}
	// What the first one comes to know meanwhile: a failure is past, a delivery is true.
	noteOutcomes(t, "dies", mysql.CallbackOutcome{ID: first[0].ID, State: mysql.CallbackGaveUp, Error: "late"})
	if r := callbackRow(t, first[0].ID); r.State != mysql.CallbackPending || r.Error != "" {
		t.Errorf("a failure of somebody whose lease was over counted: %+v", r)
	}
	noteOutcomes(t, "dies", mysql.CallbackOutcome{ID: first[0].ID, State: mysql.CallbackDelivered, Status: 200})
	if r := callbackRow(t, first[0].ID); r.State != mysql.CallbackDelivered {
		t.Errorf("it was delivered: %+v", r)
	}
	noteOutcomes(t, "lives", mysql.CallbackOutcome{ID: first[0].ID, State: mysql.CallbackPending, Error: "too late"})
	if r := callbackRow(t, first[0].ID); r.State != mysql.CallbackDelivered {
		t.Errorf("what ended was begun again: %+v", r)
	}
}

func TestCallbacks_Record_EachGetsItsOwn(t *testing.T) {
	m := caller(t, 3)
	got := claimCallbacks(t, "w", time.Minute, mysql.Share{Merchant: m, Limit: 3})
	noteOutcomes(t, "w",
		mysql.CallbackOutcome{ID: got[2].ID, State: mysql.CallbackGaveUp, Error: "connection refused"},
		mysql.CallbackOutcome{ID: got[0].ID, State: mysql.CallbackDelivered, Status: 204},
		mysql.CallbackOutcome{ID: got[1].ID, State: mysql.CallbackPending, Wait: 90 * time.Second, Status: 500, Error: "status 500"})
	if r := callbackRow(t, got[0].ID); r.State != mysql.CallbackDelivered || r.Status != 204 || r.Error != "" {
		t.Errorf("%+v", r)
	}
	if r := callbackRow(t, got[1].ID); r.State != mysql.CallbackPending || r.Status != 500 || r.Error != "status 500" || r.Due < 80*time.Second || r.Due > 90*time.Second {
		t.Errorf("%+v", r)
	}
	if r := callbackRow(t, got[2].ID); r.State != mysql.CallbackGaveUp || r.Status != 0 || r.Error != "connection refused" {
		t.Errorf("%+v", r)
	}
	if n := number(t, "SELECT COUNT(*) FROM callback WHERE merchant_id = ? AND (ended_at IS NULL) = (state = 'PENDING')", m); n != 3 {
		t.Error("ended_at does not say what ended")
	}
	noteOutcomes(t, "w") // nothing
}

func TestCallbacks_TwoWorkersAtOnce_ShareThem(t *testing.T) {
	m := caller(t, 200)
	var all sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]int{}
	for w := range 4 {
		all.Go(func() {
			for range 20 {
				for _, d := range claimCallbacks(t, fmt.Sprint("w", w), time.Minute, mysql.Share{Merchant: m, Limit: 5}) {
					mu.Lock()
					seen[d.ID]++
					mu.Unlock()
					noteOutcomes(t, fmt.Sprint("w", w), mysql.CallbackOutcome{ID: d.ID, State: mysql.CallbackDelivered, Status: 200})
				}
			}
		})
	}
	all.Wait()
	for id, n := range seen {
		if n > 1 {
			t.Errorf("callback %d was sent %d times", id, n)
		}
	}
	if len(seen) != 200 {
		t.Errorf("%d of 200 were claimed", len(seen))
	}
}

func TestCallbacks_Destinations_TheSecretsThatAreValidNow(t *testing.T) {
	a, b := caller(t, 0), caller(t, 0)
	change(t, "UPDATE merchant SET callback_url = NULL WHERE id = ?", b)
	change(t, `INSERT INTO webhook_secret (merchant_id, secret, created_at, expires_at) VALUES (?, 'old', UTC_TIMESTAMP(6) - INTERVAL 2 DAY, UTC_TIMESTAMP(6) + INTERVAL 1 DAY),
		(?, 'new', UTC_TIMESTAMP(6), NULL), (?, 'expired', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL 1 SECOND)`, a, a, a)
	got, err := callbacks().Destinations(t.Context(), []payment.MerchantID{a, b})
	if err != nil || got[a].URL != "https://m.example/hook" || !slices.Equal(got[a].Secrets, []string{"new", "old"}) || got[b].URL != "" || got[b].Secrets != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCallbacks_Resend_BeginsAgain(t *testing.T) {
	m := caller(t, 4)
	got := claimCallbacks(t, "w", time.Minute, mysql.Share{Merchant: m, Limit: 4})
	for _, d := range got[:3] {
		noteOutcomes(t, "w", mysql.CallbackOutcome{ID: d.ID, State: mysql.CallbackGaveUp, Error: "no"})
	}
	noteOutcomes(t, "w", mysql.CallbackOutcome{ID: got[3].ID, State: mysql.CallbackDelivered})
	change(t, "UPDATE callback SET created_at = created_at - INTERVAL 25 HOUR WHERE merchant_id = ?", m)
	if found, err := callbacks().Resend(t.Context(), got[0].ID); !found || err != nil {
		t.Fatal(found, err)
	}
	if found, err := callbacks().ResendEvent(t.Context(), got[3].Payment, 2); !found || err != nil {
		t.Fatal(found, err)
	}
	for _, missing := range []payment.ID{1, 2} {
		if found, err := callbacks().ResendEvent(t.Context(), missing, 2); found || err != nil {
			t.Error(found, err)
		}
	}
	if found, err := callbacks().Resend(t.Context(), 0); found || err != nil {
		t.Error(found, err)
	}
	again := claimCallbacks(t, "w", time.Minute, mysql.Share{Merchant: m, Limit: 9})
	if len(again) != 2 || again[0].Attempts != 1 || again[0].Age > time.Minute {
		t.Errorf("%+v", again)
	}
	for n := int64(1); n > 0; {
		var err error
		if n, err = callbacks().ResendGivenUp(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if got := claimCallbacks(t, "w", time.Minute, mysql.Share{Merchant: m, Limit: 9}); len(got) != 2 {
		t.Errorf("%d of the two that were given up came again", len(got))
	}
}

func TestCallbacks_Sweep_OnlyWhatEndedLongAgo(t *testing.T) {
	m := caller(t, 3)
	got := claimCallbacks(t, "w", time.Minute, mysql.Share{Merchant: m, Limit: 2})
	noteOutcomes(t, "w", mysql.CallbackOutcome{ID: got[0].ID, State: mysql.CallbackDelivered}, mysql.CallbackOutcome{ID: got[1].ID, State: mysql.CallbackGaveUp})
	change(t, "UPDATE callback SET ended_at = ended_at - INTERVAL 8 DAY WHERE id = ?", got[0].ID)
	change(t, "UPDATE callback SET ended_at = ended_at - INTERVAL 6 DAY WHERE id = ?", got[1].ID)
	change(t, "UPDATE callback SET created_at = created_at - INTERVAL 8 DAY WHERE merchant_id = ?", m)
	if n, err := callbacks().Sweep(t.Context(), 7*24*time.Hour, 1000); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n := number(t, "SELECT COUNT(*) FROM callback WHERE merchant_id = ?", m); n != 2 {
		t.Errorf("%d are left, want the one that waits and the one that ended lately", n)
	}
}

func TestCallbacks_Backlog_TheOldestThatWaits(t *testing.T) {
	m := caller(t, 2)
	change(t, "UPDATE callback SET created_at = created_at - INTERVAL 30 DAY WHERE merchant_id = ? AND body = '0'", m)
	change(t, "UPDATE callback SET state = 'DELIVERED', ended_at = UTC_TIMESTAMP(6) WHERE merchant_id != ?", m)
	b, err := callbacks().Backlog(t.Context())
	if err != nil || b.Pending != 2 || b.Oldest < 30*24*time.Hour {
		t.Errorf("%+v, %v", b, err)
	}
	change(t, "UPDATE callback SET state = 'DELIVERED', ended_at = UTC_TIMESTAMP(6)")
	if b, err = callbacks().Backlog(t.Context()); err != nil || b != (mysql.CallbackBacklog{}) {
		t.Errorf("%+v, %v", b, err)
	}
}

// A merchant that has not answered for hours leaves a mountain; finding out who waits must not climb it.
func TestCallbacks_Waiting_JumpsOverAMountain(t *testing.T) {
	m := caller(t, 0)
	change(t, `INSERT INTO callback (payment_id, version, merchant_id, type, body, state, due_at, created_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		SELECT 1000000 + a.i * 1000 + b.i, 1, ?, 't', 'b', 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM n a JOIN n b ON b.i <= 20`, m)
	defer change(t, "DELETE FROM callback WHERE merchant_id = ?", m)
	one, err := mysql.Open(server.AppDSN, 1) // so that what we count is ours
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = one.Close() }()
	look := func() (read int) {
		t.Helper()
		if err := one.QueryRowContext(t.Context(), `SELECT SUM(variable_value) FROM performance_schema.session_status WHERE variable_name IN
			('Handler_read_key', 'Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd_next')`).Scan(&read); err != nil {
			t.Fatal(err)
		}
		return read
	}
	idle := -look() + look()
	before := look()
	if merchants, err := mysql.NewCallbacks(one).Waiting(t.Context()); err != nil || !slices.Contains(merchants, m) {
		t.Fatalf("%v, %v", merchants, err)
	}
	if read := look() - before - idle; read > 1000 {
		t.Errorf("%d rows were read to find who waits, behind 20000 of one merchant", read)
	}
}

// Somebody is just settling a payment; who claims and records waits for nothing of that. The writes go by the ids alone, in a
// small table too.
func TestCallbacks_ANeighboursUncommittedRow_IsNotWaitedFor(t *testing.T) {
	emptied(t, "callback")
	m := caller(t, 12)
	change(t, "ANALYZE TABLE callback")
	neighbour, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = neighbour.Rollback() }()
	if _, err := neighbour.ExecContext(t.Context(), `INSERT INTO callback (payment_id, version, merchant_id, type, body, state, due_at, created_at)
		VALUES (?, 2, ?, 'payment.paid', '{}', 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`, ids.Next(), m); err != nil {
		t.Fatal(err)
	}
	pool, to := record(db)
	defer pool.Close()
	callbacks := mysql.NewCallbacks(pool)
	got, err := callbacks.Claim(t.Context(), "w", []mysql.Share{{Merchant: m, Limit: 20}}, time.Minute)
	if err != nil || len(got) != 12 {
		t.Fatalf("%d claimed, %v", len(got), err)
	}
	outcomes := make([]mysql.CallbackOutcome, len(got))
	for i, d := range got {
		outcomes[i] = mysql.CallbackOutcome{ID: d.ID, State: mysql.CallbackDelivered, Status: 200 + i%2}
	}
	if err := callbacks.Record(t.Context(), "w", outcomes); err != nil {
		t.Fatal(err)
	}
	if n := number(t, "SELECT COUNT(*) FROM callback WHERE merchant_id = ? AND state = 'DELIVERED'", m); n != 12 {
		t.Errorf("%d of 12 are recorded", n)
	}
	goesByID(t, to.drain(), 2)
}

// emptied makes a table as small as on the first day: what was deleted leaves pages behind, which the optimizer counts.
func emptied(t *testing.T, table string) {
	t.Helper()
	admin, err := mysql.Open(server.AdminDSN, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if _, err := admin.ExecContext(t.Context(), "TRUNCATE TABLE "+table); err != nil {
		t.Fatal(err)
	}
}

// Both sweepers delete; a DELETE, unlike an UPDATE, waits for every row that it looks at and somebody holds.
func TestSweeps_ANeighboursUncommittedRow_IsNotWaitedFor(t *testing.T) {
	emptied(t, "callback")
	emptied(t, "outbox")
	m := caller(t, 12)
	change(t, "UPDATE callback SET state = 'DELIVERED', ended_at = UTC_TIMESTAMP(6) - INTERVAL 8 DAY WHERE merchant_id = ?", m)
	for range 12 {
		change(t, "INSERT INTO outbox (payment_id, created_at, sent_at) VALUES (?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL 2 DAY)", ids.Next())
	}
	change(t, "ANALYZE TABLE callback, outbox")
	neighbour, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = neighbour.Rollback() }()
	for _, statement := range []string{
		`INSERT INTO callback (payment_id, version, merchant_id, type, body, state, created_at) VALUES (?, 2, 1, 't', '{}', 'PENDING', UTC_TIMESTAMP(6))`,
		"INSERT INTO outbox (payment_id, created_at) VALUES (?, UTC_TIMESTAMP(6))",
	} {
		if _, err := neighbour.ExecContext(t.Context(), statement, ids.Next()); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := callbacks().Sweep(t.Context(), 7*24*time.Hour, 100); n != 12 || err != nil {
		t.Errorf("%d callbacks, %v", n, err)
	}
	if n, err := mysql.NewOutbox(db).Sweep(t.Context(), 24*time.Hour, 100); n != 12 || err != nil {
		t.Errorf("%d rows of the outbox, %v", n, err)
	}
}

// The connection breaks at the COMMIT of a claim. Nobody knows whose the callbacks are: they are due again when the lease ends.
func TestCallbacks_ALostCommit_LosesNoCallback(t *testing.T) {
	for name, at := range map[string]cut{"not committed": beforeCommit, "committed": afterCommit} {
		t.Run(name, func(t *testing.T) {
			m := caller(t, 3)
			pool, to := record(db)
			defer pool.Close()
			to.cutNext(at)
			share := []mysql.Share{{Merchant: m, Limit: 9}}
			if got, err := mysql.NewCallbacks(pool).Claim(t.Context(), "w", share, 100*time.Millisecond); err == nil {
				t.Fatalf("%d are ours, though nobody knows", len(got))
			}
			for deadline := time.Now().Add(10 * time.Second); !waiting(t, m); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("they are never due again")
				}
			}
			if got := claimCallbacks(t, "w", time.Minute, share...); len(got) != 3 {
				t.Errorf("%d of 3 are due again", len(got))
			}
		})
	}
}
