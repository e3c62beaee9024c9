package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// Claims and changes of other payments in one transaction, with repeated keys, taken orders (some of which a change of the
// same batch frees), stale and repeated changes, while a stranger holds the row of one of them for a moment: each gets what
// it would have got alone, the claims before the changes.
func TestGroup_ClaimsAndChangesTogether_GetWhatTheyWouldGetAlone(t *testing.T) {
	s := mysql.NewStore(db, mysql.GroupOptions{Max: 64, Committers: 1})
	t.Cleanup(s.Close)
	rapid.Check(t, func(r *rapid.T) {
		m := mixture{
			keys:   rapid.SliceOfN(rapid.IntRange(0, 9), 0, 8).Draw(r, "keys"),
			steps:  rapid.SliceOfN(rapid.IntRange(1, 3), 0, 8).Draw(r, "steps"),
			locked: rapid.IntRange(0, 40).Draw(r, "locked"), // most of the time nobody's
		}
		m.orders = rapid.SliceOfN(rapid.IntRange(0, 12), len(m.keys), len(m.keys)).Draw(r, "orders")
		m.order = rapid.Permutation(m.kinds()).Draw(r, "order")
		together, onebyone := m.play(t, s, true), m.play(t, s, false)
		if together != onebyone {
			r.Fatalf("together:\n%s\none by one:\n%s", together, onebyone)
		}
	})
}

// mixture is what a play claims and changes.
type mixture struct {
	keys, orders []int  // of the claims; orders from 8 on are those of the payments that are changed
	steps        []int  // of the changes, as step takes them
	order        []bool // claim or change
	locked       int    // the payment whose row a stranger holds; beyond them: none
}

func (m mixture) kinds() (kinds []bool) {
	for range m.keys {
		kinds = append(kinds, true)
	}
	for _, how := range m.steps {
		for range step(fresh(payment.Sync).Payment, how) {
			kinds = append(kinds, false)
		}
	}
	return kinds
}

// play tells what came of it, by the members' numbers.
func (m mixture) play(t *testing.T, s *mysql.Store, together bool) string {
	base := counter.Add(1)
	var old []*payment.Payment
	var changes []payment.Change
	for _, how := range m.steps {
		p := claimed(t, payment.Sync)
		old, changes = append(old, p), append(changes, step(p, how)...)
	}
	claims := make([]payment.NewPayment, len(m.keys))
	for i := range claims {
		claims[i] = fresh(payment.Sync)
		p := claims[i].Payment
		p.KeyHash = [32]byte{byte(base), byte(base >> 8), byte(base >> 16), byte(m.keys[i]), 10}
		if p.Order = fmt.Sprintf("m-%d-%d", base, m.orders[i]); m.orders[i] >= 8 && m.orders[i]-8 < len(old) {
			p.Order = old[m.orders[i]-8].Order
		}
	}
	release := hold(t, old, m.locked)
	defer release()
	var got []payment.Claimed
	var errs []error
	if together {
		got, errs = s.Mixed(t.Context(), m.order, claims, changes)
	} else {
		for i := range claims {
			one, _ := s.Mixed(t.Context(), []bool{true}, claims[i:i+1], nil)
			got = append(got, one...)
		}
		for i := range changes {
			_, one := s.Mixed(t.Context(), []bool{false}, nil, changes[i:i+1])
			errs = append(errs, one...)
		}
	}
	return m.tell(t, claims, old, got, errs)
}

func (m mixture) tell(t *testing.T, claims []payment.NewPayment, old []*payment.Payment, got []payment.Claimed, errs []error) string {
	var told strings.Builder
	number := func(id payment.ID) string {
		for i := range claims {
			if claims[i].Payment.ID == id {
				return fmt.Sprint("claim ", i)
			}
		}
		for i, p := range old {
			if p.ID == id {
				return fmt.Sprint("old ", i)
			}
		}
		return "a stranger"
	}
	for i, c := range got {
		switch {
		case c.Err != nil:
			fmt.Fprintf(&told, "claim %d: %v\n", i, c.Err)
		case c.Key != nil:
			fmt.Fprintf(&told, "claim %d: key of %s\n", i, number(c.Key.Payment))
		case c.Guard != nil:
			fmt.Fprintf(&told, "claim %d: order of %s %s\n", i, number(c.Guard.Payment), c.Guard.State)
		}
	}
	for i, err := range errs {
		fmt.Fprintf(&told, "change %d: missed %t, failed %t\n", i, errors.Is(err, payment.ErrMissed), err != nil)
	}
	for i := range claims {
		fmt.Fprintf(&told, "claim %d left %s\n", i, leftOf(t, claims[i].Payment.ID))
	}
	for i, p := range old {
		fmt.Fprintf(&told, "old %d left %s\n", i, leftOf(t, p.ID))
	}
	return told.String()
}

// leftOf tells everything that a payment has in any table, without its id and times.
func leftOf(t *testing.T, id payment.ID) string {
	t.Helper()
	found, err := store().Load(t.Context(), []payment.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return fmt.Sprintf("nothing but %d rows", number(t, `SELECT (SELECT COUNT(*) FROM payment_event WHERE payment_id = ?) + (SELECT COUNT(*) FROM payment_leg WHERE payment_id = ?) +
			(SELECT COUNT(*) FROM open_payment WHERE payment_id = ?) + (SELECT COUNT(*) FROM order_guard WHERE payment_id = ?) +
			(SELECT COUNT(*) FROM idempotency_key WHERE payment_id = ?)`, id, id, id, id, id))
	}
	p := found[0]
	return fmt.Sprintf("%s v%d %s, events %d, guard %d, key %d, rows %s", p.State, p.Version, p.LegStates(),
		number(t, "SELECT COUNT(*) FROM payment_event WHERE payment_id = ?", id),
		number(t, "SELECT COUNT(*) FROM order_guard WHERE payment_id = ?", id),
		number(t, "SELECT COALESCE(SUM(COALESCE(status, 1)), 0) FROM idempotency_key WHERE payment_id = ?", id), leftovers(t, id))
}

// hold locks a payment's row for a moment, as somebody does who is just moving it.
func hold(t *testing.T, payments []*payment.Payment, which int) (release func()) {
	t.Helper()
	if which >= len(payments) {
		return func() {}
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("SELECT id FROM payment WHERE id = ? FOR UPDATE", payments[which].ID); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	end := func() { once.Do(func() { _ = tx.Rollback() }) }
	timer := time.AfterFunc(30*time.Millisecond, end)
	return func() { timer.Stop(); end() }
}

// A row that a stranger does not give back: who wants it is told that it is not committed, all others are.
func TestGroup_ALockThatIsNotGiven_CostsOnlyWhoWantsIt(t *testing.T) {
	pool, sent := record(db)
	defer pool.Close()
	sent.lockWait(1)
	s := mysql.NewStore(pool, mysql.GroupOptions{Max: 64, Committers: 1})
	defer s.Close()
	const members, locked = 12, 7
	var changes []payment.Change
	for range members {
		changes = append(changes, toPaid(claimed(t, payment.Sync)))
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("SELECT id FROM payment WHERE id = ? FOR UPDATE", changes[locked].Payment.ID); err != nil {
		t.Fatal(err)
	}
	claim := fresh(payment.Sync)
	kinds := append(make([]bool, members), true)
	got, errs := s.Mixed(t.Context(), kinds, []payment.NewPayment{claim}, changes)
	if got[0] != (payment.Claimed{}) {
		t.Errorf("claim: %+v", got[0])
	}
	for i, err := range errs {
		if refused := errors.Is(err, payment.ErrUnavailable); refused != (i == locked) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := load(t, changes[locked].Payment.ID); got.State != payment.Processing {
		t.Errorf("the one that was refused is %s", got.State)
	}
}
