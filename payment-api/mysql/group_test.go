package mysql_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// What many get together is what each would have got alone: random batches with repeated keys, taken orders, stale
// versions and repeated changes, once grouped and once one by one, on a real server, end in the same results and rows.
func TestGroup_GivesEachMemberWhatItWouldGetAlone(t *testing.T) {
	grouped := mysql.NewStore(db, mysql.GroupOptions{Max: 64, Committers: 1})
	alone := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
	t.Cleanup(grouped.Close)
	t.Cleanup(alone.Close)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 12).Draw(t, "members")
		keys := rapid.SliceOfN(rapid.IntRange(0, 7), size, size).Draw(t, "keys")
		orders := rapid.SliceOfN(rapid.IntRange(0, 7), size, size).Draw(t, "orders")
		steps := rapid.SliceOfN(rapid.IntRange(0, 3), size, size).Draw(t, "steps")
		together := play(t, grouped, true, keys, orders, steps)
		onebyone := play(t, alone, false, keys, orders, steps)
		if together != onebyone {
			t.Fatalf("together:\n%s\none by one:\n%s", together, onebyone)
		}
	})
}

// play claims and moves payments and tells what came of it, by the members' numbers, so that two plays can be compared.
func play(t *rapid.T, s *mysql.Store, together bool, keys, orders, steps []int) string {
	base := counter.Add(1)
	claims := make([]payment.NewPayment, len(keys))
	for i := range claims {
		claims[i] = fresh([]payment.Mode{payment.Sync, payment.Async}[i%2])
		p := claims[i].Payment
		p.KeyHash = [32]byte{byte(base), byte(base >> 8), byte(base >> 16), byte(keys[i]), 9}
		p.Order = fmt.Sprintf("g-%d-%d", base, orders[i])
	}
	number := func(id payment.ID) int {
		return slices.IndexFunc(claims, func(n payment.NewPayment) bool { return n.Payment.ID == id })
	}
	var told strings.Builder
	var changes []payment.Change
	for i, c := range inBatches(claims, together, func(b []payment.NewPayment) []payment.Claimed { return s.Claim(t.Context(), b) }) {
		switch {
		case c.Err != nil:
			fmt.Fprintf(&told, "%d: %v\n", i, c.Err)
		case c.Key != nil:
			fmt.Fprintf(&told, "%d: key of %d, answered %t\n", i, number(c.Key.Payment), c.Key.Answer != nil)
		case c.Guard != nil:
			fmt.Fprintf(&told, "%d: order of %d %s\n", i, number(c.Guard.Payment), c.Guard.State)
		default:
			changes = append(changes, step(claims[i].Payment, steps[i])...)
		}
	}
	for i, err := range inBatches(changes, together, func(b []payment.Change) []error { return s.Apply(t.Context(), b) }) {
		fmt.Fprintf(&told, "change of %d to %s: missed %t, failed %t\n", number(changes[i].Payment.ID), changes[i].Payment.State, errors.Is(err, payment.ErrMissed), err != nil)
	}
	for i := range claims {
		found, err := s.Load(t.Context(), []payment.ID{claims[i].Payment.ID})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found {
			fmt.Fprintf(&told, "%d is %s v%d %s\n", i, p.State, p.Version, p.LegStates())
		}
	}
	return told.String()
}

// step is what is tried with a payment: nothing, a good change, a stale one, or two of the same.
func step(p *payment.Payment, how int) []payment.Change {
	to := payment.Processing
	if p.State == payment.Processing {
		to = payment.Failed
	}
	good := move(p, to, payment.Work{})
	good.Answer = &payment.Answer{Status: 201, Body: []byte("x")}
	stale := move(p, to, payment.Work{})
	stale.FromVersion = 7
	return [][]payment.Change{nil, {good}, {stale}, {good, good}}[how]
}

func inBatches[T, R any](items []T, together bool, do func([]T) []R) []R {
	if together {
		return do(items)
	}
	var results []R
	for i := range items {
		results = append(results, do(items[i:i+1])...)
	}
	return results
}

// Many callers at once share transactions, and each learns of its own payment.
func TestGroup_ManyCallers_ShareTransactions(t *testing.T) {
	pool, sent := record(db)
	defer func() { _ = pool.Close() }()
	s := mysql.NewStore(pool, mysql.DefaultGroup())
	defer s.Close()
	const callers = 200
	var start, all sync.WaitGroup
	start.Add(1)
	for range callers {
		n := fresh(payment.Sync)
		all.Go(func() {
			start.Wait()
			if got := s.Claim(t.Context(), []payment.NewPayment{n})[0]; got != (payment.Claimed{}) {
				t.Errorf("%+v", got)
			}
		})
	}
	start.Done()
	all.Wait()
	inserts := 0
	for _, statement := range sent.statements {
		if strings.HasPrefix(statement.query, "INSERT INTO payment (") {
			inserts++
		}
	}
	if inserts == 0 || inserts > callers/2 {
		t.Errorf("%d transactions for %d callers", inserts, callers)
	}
}
