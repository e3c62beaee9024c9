package payment

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// paidAt is a payment of a card (3000), points (2000) and a coupon (1000), or of some of them.
func paidAt(created time.Time, legs ...Leg) *Payment {
	p := &Payment{ID: FirstIDAt(created) + 1, State: Paid, Version: 2, ReadAt: created.Add(time.Hour), Price: Money{Currency: "KRW"}}
	for i, l := range legs {
		l.Seq, l.State = uint8(i+1), Captured
		p.Price.Amount += l.Amount
		p.Legs = append(p.Legs, l)
	}
	return p
}

var (
	someDay   = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	couponLeg = Leg{Means: Coupon, Amount: 1000}
	pointLeg  = Leg{Means: Point, Amount: 2000}
	cardLeg   = Leg{Means: PG, Amount: 3000}
)

const month = 30 * 24 * time.Hour

// was is a cancellation from before, with its refunds by means.
func was(state CancellationState, refunds ...Refund) *Cancellation {
	c := &Cancellation{State: state}
	for _, r := range refunds {
		c.Amount += r.Amount
		c.Refunds = append(c.Refunds, r)
	}
	return c
}

func TestAllocate(t *testing.T) {
	p := paidAt(someDay, couponLeg, pointLeg, cardLeg)
	card := func(amount int64) Refund { return Refund{Leg: 3, Means: PG, Amount: amount} }
	points := func(amount int64) Refund { return Refund{Leg: 2, Means: Point, Amount: amount} }
	for _, c := range []struct {
		name   string
		before []*Cancellation
		amount int64  // 0: all that is left
		want   string // refunds, or the kind of the error
	}{
		{"whole", nil, 0, "PG 3000 POINT 2000 COUPON 1000"},
		{"whole, by its amount", nil, 6000, "PG 3000 POINT 2000 COUPON 1000"},
		{"the card first", nil, 1, "PG 1"},
		{"all of the card", nil, 3000, "PG 3000"},
		{"card, then points", nil, 3001, "PG 3000 POINT 1"},
		{"all but the coupon", nil, 5000, "PG 3000 POINT 2000"},
		{"part of the coupon", nil, 5001, "coupon-not-divisible"},
		{"all but one of the coupon", nil, 5999, "coupon-not-divisible"},
		{"too much", nil, 6001, "cancellation-exceeds"},
		{"the rest after a part", []*Cancellation{was(CancelSucceeded, card(1000))}, 0, "PG 2000 POINT 2000 COUPON 1000"},
		{"points when the card is empty", []*Cancellation{was(CancelSucceeded, card(3000))}, 500, "POINT 500"},
		{"the coupon empties it", []*Cancellation{was(CancelSucceeded, card(3000), points(2000))}, 1000, "COUPON 1000"},
		{"part of the coupon that is left", []*Cancellation{was(CancelSucceeded, card(3000), points(2000))}, 999, "coupon-not-divisible"},
		{"more than is left", []*Cancellation{was(CancelSucceeded, card(3000))}, 3001, "cancellation-exceeds"},
		{"what failed does not count", []*Cancellation{was(CancelFailed, card(3000))}, 3000, "PG 3000"},
		{"canceled in full", []*Cancellation{was(CancelSucceeded, card(3000), points(2000), Refund{Leg: 1, Means: Coupon, Amount: 1000})}, 0, "cancellation-exceeds"},
		{"beside one in flight", []*Cancellation{was(CancelProcessing, card(1000))}, 2000, "PG 2000"},
		{"points beside one in flight", []*Cancellation{was(CancelProcessing, card(1000))}, 2001, "PG 2000 POINT 1"},
		{"what one in flight has claimed", []*Cancellation{was(CancelProcessing, card(1000))}, 5001, "cancellation-in-progress"},
		{"over it, whatever becomes of it", []*Cancellation{was(CancelProcessing, card(1000))}, 6001, "cancellation-exceeds"},
		{"all that is left, beside one in flight", []*Cancellation{was(CancelProcessing, card(1000))}, 0, "cancellation-in-progress"},
		{"empties it only if the one in flight succeeds", []*Cancellation{was(CancelProcessing, card(1000))}, 5000, "cancellation-in-progress"},
		{"into the coupon, whatever becomes of it", []*Cancellation{was(CancelProcessing, card(1000))}, 4500, "coupon-not-divisible"},
		{"one in REVIEW is in flight", []*Cancellation{was(CancelReview, card(1000))}, 0, "cancellation-in-progress"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &CancelRequest{}
			if c.amount > 0 {
				r.Amount = &c.amount
			}
			got, err := allocate(p, c.before, r, month)
			if said := describeAllocation(t, got, err); said != c.want {
				t.Errorf("%s, want %s", said, c.want)
			}
		})
	}
}

func describeAllocation(t *testing.T, c *Cancellation, err error) string {
	t.Helper()
	var e *Error
	if errors.As(err, &e) {
		if busy := e.Kind == KindCancelBusy || e.Kind == KindNotPaid; busy != (e.RetryAfter > 0) {
			t.Errorf("%s with Retry-After %s", e.Kind, e.RetryAfter)
		}
		return string(e.Kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]string, len(c.Refunds))
	for i, r := range c.Refunds {
		parts[i] = fmt.Sprint(r.Means, " ", r.Amount)
	}
	return strings.Join(parts, " ")
}

func TestCancelable(t *testing.T) {
	for _, c := range []struct {
		name  string
		state State
		age   time.Duration
		want  Kind
	}{
		{"paid", Paid, 0, ""},
		{"accepted", Accepted, 0, KindNotPaid},
		{"processing", Processing, 0, KindNotPaid},
		{"undoing", Undoing, 0, KindNotPaid},
		{"in review", Review, 0, KindNotPaid},
		{"failed", Failed, 0, KindPaymentFailed},
		{"on the last day", Paid, month, ""},
		{"too old", Paid, month + time.Millisecond, KindCancelTooLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := paidAt(someDay, cardLeg)
			p.State, p.ReadAt = c.state, p.ID.Time().Add(c.age)
			_, err := allocate(p, nil, &CancelRequest{}, month)
			var e *Error
			if errors.As(err, &e) != (c.want != "") || e != nil && e.Kind != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// The allocation is held against a model that tries every split: the one that takes as much as it can of the card, then of
// the points, is the only one that allocate may give, and none is refused that the model allows.
func TestAllocate_IsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var legs []Leg
		for _, l := range []Leg{couponLeg, pointLeg, cardLeg} {
			if rapid.Bool().Draw(t, string(l.Means)) {
				l.Amount = rapid.Int64Range(1, 6).Draw(t, "amount")
				legs = append(legs, l)
			}
		}
		if len(legs) == 0 {
			t.Skip("no legs")
		}
		p := paidAt(someDay, legs...)
		var before []*Cancellation
		for range rapid.IntRange(0, 5).Draw(t, "cancellations") {
			amount := rapid.Int64Range(0, 10).Draw(t, "cancel")
			got, err := allocate(p, before, &CancelRequest{Amount: amountOf(amount)}, month)
			want, kind := model(p, before, amount)
			if said := describeEither(got, err); said != describeModel(want, kind) {
				t.Fatalf("%d of %v after %v: %s, and the model says %s", amount, p.Legs, before, said, describeModel(want, kind))
			}
			if err != nil {
				continue
			}
			got.State = rapid.SampledFrom([]CancellationState{CancelSucceeded, CancelProcessing, CancelFailed, CancelReview}).Draw(t, "becomes")
			before = append(before, got)
		}
	})
}

func amountOf(amount int64) *int64 {
	if amount == 0 {
		return nil
	}
	return &amount
}

// model says it another way: by trying all splits of the amount over the legs.
func model(p *Payment, before []*Cancellation, amount int64) (best map[Means]int64, kind Kind) {
	free, left, going := map[Means]int64{}, int64(0), int64(0)
	for _, l := range p.Legs {
		free[l.Means] += l.Amount
		left += l.Amount
	}
	for _, c := range before {
		for _, r := range c.Refunds {
			switch c.State {
			case CancelSucceeded:
				left -= r.Amount
				free[r.Means] -= r.Amount
			case CancelProcessing, CancelReview:
				going += r.Amount
				free[r.Means] -= r.Amount
			}
		}
	}
	if amount == 0 {
		if going > 0 {
			return nil, KindCancelBusy
		}
		amount = left
	}
	switch {
	case left == 0 || amount > left:
		return nil, KindCancelExceeds
	case amount > left-going:
		return nil, KindCancelBusy
	}
	for coupon := int64(0); coupon <= free[Coupon]; coupon++ {
		for points := int64(0); points <= free[Point]; points++ {
			card := amount - coupon - points
			whole := coupon == 0 || amount == left
			if card < 0 || card > free[PG] || !whole {
				continue
			}
			if best == nil || card > best[PG] || card == best[PG] && points > best[Point] {
				best = map[Means]int64{PG: card, Point: points, Coupon: coupon}
			}
		}
	}
	switch {
	case best != nil:
		return best, ""
	case going > 0 && amount == left-going: // the one in flight may succeed, and this empty it then
		return nil, KindCancelBusy
	}
	return nil, KindCouponWhole
}

func describeEither(c *Cancellation, err error) string {
	var e *Error
	if errors.As(err, &e) {
		return string(e.Kind)
	}
	split := map[Means]int64{}
	for _, r := range c.Refunds {
		split[r.Means] += r.Amount
	}
	return describeModel(split, "")
}

func describeModel(split map[Means]int64, kind Kind) string {
	if kind != "" {
		return string(kind)
	}
	return fmt.Sprintf("PG %d POINT %d COUPON %d", split[PG], split[Point], split[Coupon])
}
