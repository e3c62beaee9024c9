package mysql_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// What holds of payments in a group holds of cancellations: random ones of few payments, allowed and refused, with repeated keys; then changes of them, good,
// stale and repeated.
func TestGroup_GivesEachCancellationWhatItWouldGetAlone(t *testing.T) {
	grouped := mysql.NewStore(db, mysql.GroupOptions{Max: 64, Committers: 1})
	alone := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
	t.Cleanup(grouped.Close)
	t.Cleanup(alone.Close)
	merchant := registered(t, "https://shop.example/callbacks")
	rapid.Check(t, func(r *rapid.T) {
		wanted := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) cancelWanted {
			return cancelWanted{
				payment: rapid.IntRange(0, 4).Draw(r, "payment"), key: rapid.IntRange(0, 9).Draw(r, "key"),
				amount: rapid.Int64Range(2, 45).Draw(r, "amount"), answered: rapid.Bool().Draw(r, "answered 202"), step: rapid.IntRange(0, 6).Draw(r, "step"),
			}
		}), 1, 12).Draw(r, "cancellations")
		together := cancelAll(t, grouped, merchant, true, wanted)
		onebyone := cancelAll(t, alone, merchant, false, wanted)
		if together != onebyone {
			r.Fatalf("together:\n%s\none by one:\n%s", together, onebyone)
		}
	})
}

type cancelWanted struct {
	payment  int // 0…2 are PAID, 3 is not, 4 is another merchant's
	key      int
	amount   int64 // of 60
	answered bool
	step     int
}

// cancelAll claims and moves cancellations and tells what came of it, by numbers, so that two plays can be compared.
func cancelAll(t *testing.T, s *mysql.Store, merchant payment.MerchantID, together bool, wanted []cancelWanted) string {
	base := counter.Add(1)
	payments := somePayments(t, merchant)
	number := func(id payment.ID) int {
		return slices.IndexFunc(payments, func(p *payment.Payment) bool { return p.ID == id })
	}
	claims := make([]payment.NewCancellation, len(wanted))
	for i, w := range wanted {
		claims[i] = cancellation(payments[w.payment], w.amount)
		claims[i].KeyHash = [32]byte{byte(base), byte(base >> 8), byte(base >> 16), byte(w.key), 8}
		claims[i].RequestHash = [32]byte{byte(i)}
		allocate := claims[i].Allocate
		claims[i].Allocate = func(p *payment.Payment, before []*payment.Cancellation) (*payment.Cancellation, error) {
			left := p.Price.Amount
			for _, c := range before {
				left -= c.Amount
			}
			if p.State != payment.Paid || w.amount > left {
				return nil, &payment.Error{Kind: payment.KindCancelExceeds, Detail: fmt.Sprint("left ", left)}
			}
			return allocate(p, before)
		}
		if w.payment == 4 {
			claims[i].Merchant++
		}
	}
	var told strings.Builder
	var changes []payment.CancellationChange
	for i, c := range inBatches(claims, together, func(b []payment.NewCancellation) []payment.ClaimedCancellation {
		return s.ClaimCancellation(t.Context(), b)
	}) {
		switch {
		case c.Err != nil:
			fmt.Fprintf(&told, "%d: %v\n", i, c.Err)
		case c.Key != nil:
			fmt.Fprintf(&told, "%d: key of %d.%d by request %d, answered %t\n", i, number(c.Key.Payment), c.Key.Cancellation, c.Key.RequestHash[0], c.Key.Answer != nil)
		case c.Payment == nil:
			fmt.Fprintf(&told, "%d: no payment\n", i)
		default:
			fmt.Fprintf(&told, "%d: %d.%d, the payment is v%d\n", i, number(c.Payment.ID), c.Cancellation.Seq, c.Payment.Version)
			if wanted[i].answered {
				if _, err := s.Answer(t.Context(), merchant, c.Cancellation.KeyHash, payment.Answer{Status: 202, Body: []byte("look there")}); err != nil {
					t.Fatal(err)
				}
			}
			changes = append(changes, cancelStep(c.Cancellation, wanted[i].step)...)
		}
	}
	for i, err := range inBatches(changes, together, func(b []payment.CancellationChange) []error { return s.ApplyCancellation(t.Context(), b) }) {
		fmt.Fprintf(&told, "change of %d.%d to %s: missed %t, failed %t\n", number(changes[i].Payment), changes[i].Cancellation.Seq, changes[i].Cancellation.State,
			errors.Is(err, payment.ErrMissed), err != nil)
	}
	for i, p := range payments {
		now := load(t, p.ID)
		fmt.Fprintf(&told, "%d is %s v%d, canceled %d\n", i, now.State, now.Version, now.Canceled)
		for _, c := range cancellations(t, p.ID) {
			fmt.Fprintf(&told, "%d.%d is %s v%d, %d, %s\n", i, c.Seq, c.State, c.Version, c.Amount, c.RefundStates())
		}
		events, err := s.Events(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			fmt.Fprintf(&told, "%d v%d: %d %s to %s\n", i, e.Version, e.Cancellation, e.From, e.To)
		}
		fmt.Fprintf(&told, "%d left %s\n", i, leftovers(t, p.ID))
	}
	return told.String()
}

// somePayments are five, of which the fourth is not PAID.
func somePayments(t *testing.T, merchant payment.MerchantID) []*payment.Payment {
	claims := make([]payment.NewPayment, 5)
	for i := range claims {
		claims[i] = fresh(payment.Sync)
		claims[i].Payment.Merchant = merchant
	}
	var payments []*payment.Payment
	var changes []payment.Change
	for i, got := range store().Claim(t.Context(), claims) {
		if got != (payment.Claimed{}) {
			t.Fatalf("%+v", got)
		}
		payments = append(payments, claims[i].Payment)
		if i != 3 {
			changes = append(changes, toPaid(claims[i].Payment))
		}
	}
	must(t, store().Apply(t.Context(), changes))
	return payments
}

// cancelStep is what is tried with a cancellation: nothing, an end, REVIEW, a stale change, or two of the same.
func cancelStep(c *payment.Cancellation, how int) []payment.CancellationChange {
	good, stale := moveCancellation(c, payment.CancelSucceeded), moveCancellation(c, payment.CancelSucceeded)
	stale.FromVersion = 7
	return [][]payment.CancellationChange{
		nil,
		{good},
		{moveCancellation(c, payment.CancelFailed)},
		{moveCancellation(c, payment.CancelReview)},
		{moveCancellation(c, payment.CancelProcessing)},
		{stale},
		{good, good},
	}[how]
}
