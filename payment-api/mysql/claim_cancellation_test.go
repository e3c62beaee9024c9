package mysql_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func TestClaimCancellation_StoresEverythingBeforeACall(t *testing.T) {
	p := paid(t, 1)
	n := cancellation(p, 11)
	got := store().ClaimCancellation(t.Context(), []payment.NewCancellation{n})[0]
	if got.Err != nil || got.Key != nil || got.Cancellation.Seq != 1 || got.Cancellation.KeyHash != n.KeyHash || got.Payment.Version != p.Version+1 {
		t.Fatalf("%+v", got)
	}
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM cancellation WHERE payment_id = ? AND seq = 1 AND state = 'PROCESSING' AND version = 1 AND amount = 11":           1,
		"SELECT COUNT(*) FROM refund WHERE payment_id = ? AND cancellation_seq = 1 AND state = 'PENDING'":                                       2,
		"SELECT COUNT(*) FROM payment_event WHERE payment_id = ? AND cancellation_seq = 1 AND seq = 3 AND from_state = ''":                      1,
		"SELECT COUNT(*) FROM open_payment WHERE payment_id = ? AND cancellation_seq = 1 AND owner = 'test' AND lease_until > UTC_TIMESTAMP(6)": 1,
		"SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ? AND cancellation_seq = 1 AND status IS NULL":                                 1,
		"SELECT version FROM payment WHERE id = ?": int(p.Version) + 1,
	} {
		if got := number(t, query, p.ID); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	stored := cancellations(t, p.ID)
	if len(stored) != 1 || stored[0].Note != "왜" || stored[0].RefundStates() != "PENDING,PENDING" || stored[0].Refunds[0].Means != payment.PG ||
		!stored[0].Created.Equal(got.Cancellation.Created) || stored[0].KeyHash != n.KeyHash {
		t.Errorf("%+v", stored)
	}
	if reference := fmt.Sprintf("%d.3.1", p.ID); number(t, "SELECT COUNT(*) FROM refund WHERE payment_id = ? AND reference = ?", p.ID, reference) != 1 {
		t.Error("the reference of the PG's refund is not stored")
	}
}

func TestClaimCancellation_SameKey_FindsTheFirst_AndLeavesNothing(t *testing.T) {
	p := paid(t, 1)
	n := cancellation(p, 11)
	got := store().ClaimCancellation(t.Context(), []payment.NewCancellation{n, n}) // in one batch, and after
	got = append(got, store().ClaimCancellation(t.Context(), []payment.NewCancellation{n})...)
	for _, again := range got[1:] {
		if again.Key == nil || again.Key.Payment != p.ID || again.Key.Cancellation != 1 || again.Key.RequestHash != n.RequestHash || again.Key.Answer != nil {
			t.Fatalf("%+v", again)
		}
	}
	answer, err := store().Answer(t.Context(), p.Merchant, n.KeyHash, payment.Answer{Status: 202, Body: []byte("look there")})
	if err != nil || answer.Status != 202 {
		t.Fatalf("%+v, %v", answer, err)
	}
	again := store().ClaimCancellation(t.Context(), []payment.NewCancellation{n})[0]
	if again.Key == nil || again.Key.Answer == nil || string(again.Key.Answer.Body) != "look there" {
		t.Fatalf("%+v", again)
	}
	if n := number(t, "SELECT COUNT(*) FROM cancellation WHERE payment_id = ?", p.ID); n != 1 || load(t, p.ID).Version != p.Version+1 {
		t.Errorf("%d cancellations, %+v", n, load(t, p.ID))
	}
}

// leftovers is what stands of a payment, in numbers.
func leftovers(t *testing.T, id payment.ID) string {
	t.Helper()
	tables := []string{"cancellation", "refund", "payment_event", "open_payment", "idempotency_key", "journal_entry", "callback"}
	counts := make([]string, len(tables))
	var args []any
	for i, table := range tables {
		counts[i] = "(SELECT COUNT(*) FROM " + table + " WHERE payment_id = ?)"
		args = append(args, id)
	}
	var stands string
	query := "SELECT CONCAT_WS(' ', state, version, canceled_amount, " + strings.Join(counts, ", ") + ") FROM payment WHERE id = ?"
	if err := db.QueryRowContext(t.Context(), query, append(args, id)...).Scan(&stands); err != nil {
		t.Fatal(err)
	}
	return stands
}

func TestClaimCancellation_Refused_LeavesNothing(t *testing.T) {
	p := paid(t, 1)
	before := leftovers(t, p.ID)
	for _, n := range []payment.NewCancellation{refusing(p), refusing(p)} {
		got := store().ClaimCancellation(t.Context(), []payment.NewCancellation{n})[0]
		var refused *payment.Error
		if !errors.As(got.Err, &refused) || refused.Kind != payment.KindCancelExceeds {
			t.Fatalf("%+v", got)
		}
	}
	broken := cancellation(p, 1)
	broken.Allocate = func(*payment.Payment, []*payment.Cancellation) (*payment.Cancellation, error) { panic("a mistake") }
	if got := store().ClaimCancellation(t.Context(), []payment.NewCancellation{broken})[0]; got.Err == nil || !strings.Contains(got.Err.Error(), "a mistake") {
		t.Fatalf("a panic: %+v", got)
	}
	if after := leftovers(t, p.ID); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

func TestClaimCancellation_OfAnotherMerchantOrNone_HasNoPayment(t *testing.T) {
	p := paid(t, 1)
	foreign := cancellation(p, 1)
	foreign.Merchant = 2
	nowhere := cancellation(p, 1)
	nowhere.Payment = ids.Next()
	for _, got := range store().ClaimCancellation(t.Context(), []payment.NewCancellation{foreign, nowhere}) {
		if got.Err != nil || got.Key != nil || got.Payment != nil || got.Cancellation != nil {
			t.Errorf("%+v", got)
		}
	}
	if len(cancellations(t, p.ID)) != 0 {
		t.Error("a stranger canceled it")
	}
}

// Whoever waits for the payment's row sees all that its holder has committed, and not the legs of the time before.
func TestClaimCancellation_WaitsForTheRow_ThenSeesWhatItsHolderDid(t *testing.T) {
	p := claimed(t, payment.Sync)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "UPDATE payment SET state = 'PAID', version = version + 1 WHERE id = ?", p.ID); err != nil {
		t.Fatal(err)
	}
	n := cancellation(p, 11)
	var state, legs string
	allocate := n.Allocate
	n.Allocate = func(p *payment.Payment, before []*payment.Cancellation) (*payment.Cancellation, error) {
		state, legs = string(p.State), p.LegStates()
		return allocate(p, before)
	}
	done := make(chan payment.ClaimedCancellation, 1)
	s := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
	defer s.Close()
	go func() { done <- s.ClaimCancellation(t.Context(), []payment.NewCancellation{n})[0] }()
	waitForLock(t)
	if _, err := tx.ExecContext(t.Context(), "UPDATE payment_leg SET state = 'CAPTURED' WHERE payment_id = ?", p.ID); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.Err != nil || state != "PAID" || legs != "CAPTURED,CAPTURED,CAPTURED" {
		t.Errorf("%+v: allocated from %s %s", got, state, legs)
	}
}

// waitForLock waits until somebody waits for a row.
func waitForLock(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		var name string
		var waits int
		if err := db.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'").Scan(&name, &waits); err != nil {
			t.Fatal(err)
		}
		if waits > 0 {
			return
		}
	}
	t.Fatal("nobody waits for a row")
}

// Many cancellations of one payment at once, by several processes and by the domain's own rule: what succeeds is never more
// than was paid, and what is refused leaves nothing.
func TestClaimCancellation_Concurrently_NeverExceedsThePayment(t *testing.T) {
	p, racing := paid(t, 1), stores(t)
	amounts := []int64{7, 11, 13, 5, 17, 23, 3, 19, 29, 2, 31, 37}
	type outcome struct {
		canceled payment.Canceled
		err      error
	}
	got := make([]outcome, len(amounts))
	var start, all sync.WaitGroup
	start.Add(1)
	for i := range amounts {
		s := service(racing[i%len(racing)], generous{})
		all.Go(func() {
			start.Wait()
			c, err := s.Cancel(t.Context(), p.Merchant, p.ID, [32]byte{byte(i), 0xc0, byte(p.ID >> 12), byte(p.ID)}, &payment.CancelRequest{Amount: &amounts[i]})
			got[i] = outcome{c, err}
		})
	}
	start.Done()
	all.Wait()
	var sum int64
	succeeded := 0
	for i, o := range got {
		var refused *payment.Error
		switch {
		case o.err == nil && o.canceled.Status == 201:
			sum += amounts[i]
			succeeded++
		case errors.As(o.err, &refused) && slices.Contains([]payment.Kind{payment.KindCancelBusy, payment.KindCancelExceeds, payment.KindCouponWhole}, refused.Kind):
		default:
			t.Errorf("cancel %d: %+v", amounts[i], o)
		}
	}
	now := load(t, p.ID)
	if sum == 0 || sum > 60 || now.Canceled != sum {
		t.Errorf("canceled %d of 60, the payment says %d", sum, now.Canceled)
	}
	if n := number(t, "SELECT COALESCE(MAX(sums), 0) FROM (SELECT SUM(r.amount) - l.amount AS sums FROM refund r JOIN payment_leg l ON l.payment_id = r.payment_id AND l.seq = r.leg_seq WHERE r.payment_id = ? AND r.state = 'REFUNDED' GROUP BY l.seq, l.amount) x", p.ID); n > 0 {
		t.Errorf("a leg gave back %d more than it holds", n)
	}
	for table, want := range map[string]int{"cancellation": succeeded, "open_payment": 0, "payment_event": 2 + 2*succeeded, "idempotency_key": 1 + succeeded} {
		if n := number(t, "SELECT COUNT(*) FROM "+table+" WHERE payment_id = ?", p.ID); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	if int(now.Version) != 2+2*succeeded {
		t.Errorf("version %d after %d events", now.Version, 2+2*succeeded)
	}
	sumsToZero(t, p.ID)
}

// The stored answer is what the first one got, byte for byte.
func TestCancel_Replayed_IsTheSameBytes(t *testing.T) {
	p, s := paid(t, 1), service(store(), generous{})
	key := [32]byte{byte(p.ID), byte(p.ID >> 8), byte(p.ID >> 12), 0xc1}
	first, err := s.Cancel(t.Context(), p.Merchant, p.ID, key, &payment.CancelRequest{Reason: "없던 일로"})
	if err != nil || first.Status != 201 || first.Replayed {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := s.Cancel(t.Context(), p.Merchant, p.ID, key, &payment.CancelRequest{Reason: "없던 일로"})
	if err != nil || !again.Replayed || again.Seq != 1 || again.Status != first.Status || !bytes.Equal(again.Body, first.Body) {
		t.Errorf("%+v, %v, want %s", again, err, first.Body)
	}
	_, err = s.Cancel(t.Context(), p.Merchant, p.ID, key, &payment.CancelRequest{})
	var reused *payment.Error
	if !errors.As(err, &reused) || reused.Kind != payment.KindKeyReused {
		t.Errorf("another request with the key: %v", err)
	}
	if now := load(t, p.ID); now.Canceled != 60 {
		t.Errorf("canceled %d", now.Canceled)
	}
}
