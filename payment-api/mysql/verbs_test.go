package mysql_test

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// everyVerb sends each statement of this package at least once, for payments of one day. Who adds a statement adds it here:
// statements_test.go looks for those that nobody sends.
var everyVerb = []func(t *testing.T, pool *sql.DB, to *recorder){
	sendPayments, sendCancellations, sendAmbiguous, sendOpenWork, sendPages, sendKeys, sendMerchants, sendOutbox, sendCallbacks, sendJournal, sendReviews,
	sendPartitions,
}

func recordedStore(t *testing.T, pool *sql.DB) *mysql.Store {
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	t.Cleanup(s.Close)
	return s
}

func sendPayments(t *testing.T, pool *sql.DB, _ *recorder) {
	s, merchant := recordedStore(t, pool), registered(t, "https://shop.example/callbacks")
	for _, mode := range []payment.Mode{payment.Sync, payment.Async} {
		n, taken, again := fresh(mode), fresh(mode), fresh(mode)
		n.Payment.Merchant, taken.Payment.Merchant, again.Payment.Merchant = merchant, merchant, merchant
		taken.Payment.Order, again.Payment.KeyHash = n.Payment.Order, n.Payment.KeyHash
		if got := s.Claim(t.Context(), []payment.NewPayment{n, taken}); got[0] != (payment.Claimed{}) || got[1].Guard == nil {
			t.Fatalf("%+v", got)
		}
		if got := s.Claim(t.Context(), []payment.NewPayment{again}); got[0].Key == nil {
			t.Fatalf("%+v", got)
		}
		other := fresh(mode)
		other.Payment.Order, other.Payment.Merchant = n.Payment.Order, merchant
		if got := s.Claim(t.Context(), []payment.NewPayment{other}); got[0].Guard == nil {
			t.Fatalf("%+v", got)
		}
		p := load(t, n.Payment.ID)
		going := move(p, payment.Processing, payment.Work{Due: time.Minute})
		must(t, s.Apply(t.Context(), []payment.Change{going}))
		must(t, s.Apply(t.Context(), []payment.Change{toPaid(load(t, p.ID))}))
		failing := claimedFor(t, merchant, mode)
		failed := move(failing, payment.Failed, payment.Work{})
		failed.Answer = &payment.Answer{Status: 201, Body: []byte("failed")}
		must(t, s.Apply(t.Context(), []payment.Change{failed}))
		if _, err := s.Load(t.Context(), []payment.ID{p.ID, failing.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Answer(t.Context(), merchant, p.KeyHash, payment.Answer{Status: 202}); err != nil {
			t.Fatal(err)
		}
	}
}

func sendCancellations(t *testing.T, pool *sql.DB, _ *recorder) {
	s, merchant := recordedStore(t, pool), registered(t, "https://shop.example/callbacks")
	n := cancellation(paid(t, merchant), 11)
	got := s.ClaimCancellation(t.Context(), []payment.NewCancellation{n, cancellation(paid(t, merchant), 12)})
	for _, g := range got {
		if g.Err != nil || g.Cancellation == nil {
			t.Fatalf("%+v", g)
		}
	}
	if _, err := s.Answer(t.Context(), merchant, n.KeyHash, payment.Answer{Status: 202}); err != nil {
		t.Fatal(err)
	}
	review := moveCancellation(got[1].Cancellation, payment.CancelReview)
	must(t, s.ApplyCancellation(t.Context(), []payment.CancellationChange{moveCancellation(got[0].Cancellation, payment.CancelSucceeded), review}))
	if all, err := s.Cancellations(t.Context(), n.Payment); err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
}

// sendAmbiguous makes the store look what became of a COMMIT.
func sendAmbiguous(t *testing.T, pool *sql.DB, to *recorder) {
	s := recordedStore(t, pool)
	to.cutNext(afterCommit)
	n := fresh(payment.Sync)
	if got := s.Claim(t.Context(), []payment.NewPayment{n}); got[0] != (payment.Claimed{}) {
		t.Fatalf("%+v", got)
	}
	to.cutNext(afterCommit)
	must(t, s.Apply(t.Context(), []payment.Change{toPaid(load(t, n.Payment.ID))}))
	to.cutNext(afterCommit)
	if got := s.ClaimCancellation(t.Context(), []payment.NewCancellation{cancellation(load(t, n.Payment.ID), 11)})[0]; got.Key == nil {
		t.Fatalf("%+v", got)
	}
	to.cutNext(afterCommit)
	must(t, s.ApplyCancellation(t.Context(), []payment.CancellationChange{moveCancellation(cancellations(t, n.Payment.ID)[0], payment.CancelSucceeded)}))
}

func sendOpenWork(t *testing.T, pool *sql.DB, _ *recorder) {
	s := recordedStore(t, pool)
	p, canceled := due(t), paid(t, 1)
	dueCancellation(t, canceled)
	tasks, err := s.Take(t.Context(), "sender", 1000, time.Millisecond)
	if err != nil || !slices.ContainsFunc(tasks, func(task payment.Task) bool { return task.Cancellation != nil && task.Payment.ID == canceled.ID }) {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	batch := []payment.Later{{Work: payment.WorkID{Payment: p.ID}, Wait: time.Minute}, {Work: payment.WorkID{Payment: canceled.ID, Cancellation: 1}, Deferred: true}}
	if err := s.Postpone(t.Context(), "sender", batch); err != nil {
		t.Fatal(err)
	}
	if _, err := mysql.CountUnsent(t.Context(), pool, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := mysql.CountBacklog(t.Context(), pool, 1000); err != nil {
		t.Fatal(err)
	}
	before, err := mysql.Now(t.Context(), pool, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.Open(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
}

func sendPages(t *testing.T, pool *sql.DB, _ *recorder) {
	s, p := recordedStore(t, pool), paid(t, 1)
	today := payment.FirstIDAt(p.ID.Time().Truncate(24 * time.Hour))
	if found, err := s.Between(t.Context(), 1, today, p.ID+1, 10); err != nil || len(found) == 0 {
		t.Fatalf("%v, %v", found, err)
	}
	if _, _, err := s.ByOrder(t.Context(), 1, p.Order); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Events(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Archived(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
}

func sendKeys(t *testing.T, pool *sql.DB, _ *recorder) {
	p := paid(t, 1)
	if _, err := db.ExecContext(t.Context(), "UPDATE idempotency_key SET created_at = created_at - INTERVAL 10 YEAR WHERE payment_id = ?", p.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := recordedStore(t, pool).SweepKeys(t.Context(), 9*365*24*time.Hour, 1000); err != nil || n == 0 {
		t.Fatalf("%d swept, %v", n, err)
	}
}

func sendMerchants(t *testing.T, pool *sql.DB, _ *recorder) {
	id := payment.MerchantID(10_000 + counter.Add(1))
	m := mysql.Merchant{ID: id, Name: "m", APIKey: fmt.Sprintf("gzk_%d", id), WebhookSecret: secret, CallbackURL: "https://shop.example/callbacks"}
	if err := mysql.RegisterMerchants(t.Context(), pool, []mysql.Merchant{m}); err != nil {
		t.Fatal(err)
	}
	_, err := mysql.RotateKey(t.Context(), pool, id, time.Hour)
	_, err2 := mysql.RotateSecret(t.Context(), pool, id, time.Hour)
	_, err3 := mysql.RevokeKey(t.Context(), pool, id, "0123456789ab")
	_, err4 := mysql.RevokeSecret(t.Context(), pool, id, "0123456789ab")
	_, err5 := mysql.ListKeys(t.Context(), pool, id)
	_, err6 := mysql.ListSecrets(t.Context(), pool, id)
	_, err7 := mysql.Keys(t.Context(), pool)
	must(t, []error{err, err2, err3, err4, err5, err6, err7})
}

func sendOutbox(t *testing.T, pool *sql.DB, _ *recorder) {
	p, outbox := claimed(t, payment.Async), mysql.NewOutbox(pool)
	rows, err := outbox.Next(t.Context(), nil, 5, time.Millisecond)
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	_, swept := outbox.Sweep(t.Context(), 1000*time.Hour, 10)
	_, fate := outbox.Fate(t.Context(), p.ID)
	_, marked := outbox.Next(t.Context(), []mysql.Sent{{ID: rows[0].ID, Partition: 1, Offset: 1}}, 5, time.Millisecond)
	must(t, []error{marked, swept, fate})
}

func sendCallbacks(t *testing.T, pool *sql.DB, _ *recorder) {
	merchant, callbacks := registered(t, "https://shop.example/callbacks"), mysql.NewCallbacks(pool)
	p := claimedFor(t, merchant, payment.Async)
	must(t, store().Apply(t.Context(), []payment.Change{toPaid(p)}))
	waiting, err := callbacks.Waiting(t.Context())
	if err != nil || !slices.Contains(waiting, merchant) {
		t.Fatalf("%v, %v", waiting, err)
	}
	due, err := callbacks.Claim(t.Context(), "sender", []mysql.Share{{Merchant: merchant, Limit: 5}}, time.Minute)
	if err != nil || len(due) != 1 {
		t.Fatalf("%v, %v", due, err)
	}
	recorded := callbacks.Record(t.Context(), "sender", []mysql.CallbackOutcome{{ID: due[0].ID, State: mysql.CallbackGaveUp, Status: 500}})
	_, backlog := callbacks.Backlog(t.Context())
	_, destinations := callbacks.Destinations(t.Context(), []payment.MerchantID{merchant})
	_, list := callbacks.List(t.Context(), 10, mysql.CallbackPending, mysql.CallbackGaveUp)
	_, again := callbacks.Resend(t.Context(), due[0].ID)
	_, event := callbacks.ResendEvent(t.Context(), p.ID, 2)
	_, givenUp := callbacks.ResendGivenUp(t.Context(), 10)
	_, swept := callbacks.Sweep(t.Context(), 100*24*time.Hour, 10)
	must(t, []error{recorded, backlog, destinations, list, again, event, givenUp, swept})
}

func sendPartitions(t *testing.T, pool *sql.DB, _ *recorder) {
	_, err := mysql.MakePartitions(t.Context(), pool, time.Now())
	_, err2 := mysql.PartitionsUntil(t.Context(), pool)
	_, err3 := mysql.TakeNode(t.Context(), pool, "sender")
	_, err4 := mysql.ClockOffset(t.Context(), pool)
	must(t, []error{err, err2, err3, err4})
}

func must(t *testing.T, errs []error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
