package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/reconcile"
)

const (
	before = "2026-02-28"
	today  = "2026-03-01"
	after  = "2026-03-02"
)

// books are both sides, in memory: by day.
type books struct {
	there map[payment.Means]map[string][]gateway.StatementLine
	here  []mysql.Booking
	cut   bool // the statement breaks off
	state payment.State
}

func newBooks() *books {
	return &books{there: map[payment.Means]map[string][]gateway.StatementLine{payment.PG: {}, payment.Point: {}, payment.Coupon: {}}}
}

func (b *books) Statement(_ context.Context, means payment.Means, date string) iter.Seq2[gateway.StatementLine, error] {
	return func(yield func(gateway.StatementLine, error) bool) {
		for _, line := range b.there[means][date] {
			if !yield(line, nil) {
				return
			}
		}
		if b.cut {
			yield(gateway.StatementLine{}, errors.New("it was cut"))
		}
	}
}

func (b *books) Bookings(_ context.Context, day string, from, to time.Time) iter.Seq2[mysql.Booking, error] {
	return func(yield func(mysql.Booking, error) bool) {
		for _, booking := range b.here {
			created := booking.Payment.Time()
			if booking.Day == day && !created.Before(from) && created.Before(to) && !yield(booking, nil) {
				return
			}
		}
	}
}

func (b *books) Booking(_ context.Context, id payment.ID, reference string) (*mysql.Booking, error) {
	for _, booking := range b.here {
		if booking.Payment == id && booking.Reference == reference {
			return &booking, nil
		}
	}
	return nil, nil
}

func (b *books) State(context.Context, payment.ID) (payment.State, error) { return b.state, nil }

func (b *books) Totals(context.Context, string, time.Time, time.Time) (map[payment.Account]int64, error) {
	return map[payment.Account]int64{payment.PayableMerchant: -1}, nil
}

// reference is that of the n-th payment of the day.
func reference(n int, rest string) (payment.ID, string) {
	id := payment.FirstIDAt(time.Date(2026, 3, 1, 1, 0, n, 0, time.UTC))
	return id, fmt.Sprintf("%d.%s", id, rest)
}

// both adds a booking that the two sides say alike; amounts below zero are refunds.
func (b *books) both(means payment.Means, n int, amount int64) {
	b.ours(means, n, amount, today)
	b.theirs(means, n, amount, today)
}

func (b *books) ours(means payment.Means, n int, amount int64, day string) {
	id, ref := reference(n, rest(amount))
	b.here = append(b.here, mysql.Booking{Payment: id, Means: means, Amount: amount, Currency: "KRW", Reference: ref, Day: day})
}

func (b *books) theirs(means payment.Means, n int, amount int64, day string) {
	_, ref := reference(n, rest(amount))
	line := gateway.StatementLine{Reference: ref, Amount: amount, Currency: "KRW"}
	if amount < 0 {
		line.Refund, line.Amount = true, -amount
	}
	b.there[means][day] = append(b.there[means][day], line)
}

func rest(amount int64) string {
	if amount < 0 {
		return "1.1"
	}
	return "1"
}

func (b *books) day(t interface {
	Helper()
	Fatal(args ...any)
},
) *reconcile.Report {
	t.Helper()
	report, err := reconcile.Day(context.Background(), b, b, today, 30*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestDay_SidesAgree_IsClean(t *testing.T) {
	b := newBooks()
	b.both(payment.PG, 1, 100)
	b.both(payment.PG, 1, -40)
	b.both(payment.Point, 1, 7)
	b.theirs(payment.PG, 2, 5, after) // another day's
	report := b.day(t)
	if !report.Clean() || report.Means[0].Here != report.Means[0].There || report.Means[0].Here.CaptureSum != 100 || report.Means[0].Here.RefundSum != 40 {
		t.Errorf("%+v", report)
	}
	want := "reconcile date=2026-03-01 verdict=CLEAN captures=2 refunds=1 differences=0 missing_here=0 missing_there=0 amount=0 timing=0"
	if report.Line() != want {
		t.Errorf("line %q", report.Line())
	}
}

// A planted difference of each kind is found, and nothing else.
func TestDay_APlantedDifferenceOfEachKind_IsFound(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(b *books)
		want  reconcile.Difference
	}{
		"capture missing here": {func(b *books) { b.theirs(payment.PG, 9, 50, today) }, reconcile.Difference{Kind: reconcile.MissingHere, There: 50}},
		"refund missing here":  {func(b *books) { b.theirs(payment.PG, 9, -50, today) }, reconcile.Difference{Kind: reconcile.MissingHere, There: -50}},
		"booked twice there": {
			func(b *books) { b.both(payment.PG, 9, 50); b.theirs(payment.PG, 9, 50, today) },
			reconcile.Difference{Kind: reconcile.MissingHere, There: 50},
		},
		"missing there": {func(b *books) { b.ours(payment.PG, 9, 50, today) }, reconcile.Difference{Kind: reconcile.MissingThere, Here: 50}},
		"amount": {
			func(b *books) { b.ours(payment.PG, 9, 50, today); b.theirs(payment.PG, 9, 51, today) },
			reconcile.Difference{Kind: reconcile.Amount, Here: 50, There: 51},
		},
		"amount, on another day": {
			func(b *books) { b.ours(payment.PG, 9, 50, today); b.theirs(payment.PG, 9, 51, after) },
			reconcile.Difference{Kind: reconcile.Amount, Here: 50, There: 51},
		},
		"timing, theirs is later": {
			func(b *books) { b.ours(payment.PG, 9, 50, today); b.theirs(payment.PG, 9, 50, after) },
			reconcile.Difference{Kind: reconcile.Timing, Here: 50, There: 50},
		},
		"timing, ours is earlier": {
			func(b *books) { b.ours(payment.PG, 9, 50, before); b.theirs(payment.PG, 9, 50, today) },
			reconcile.Difference{Kind: reconcile.Timing, Here: 50, There: 50},
		},
		"another means": {
			func(b *books) { b.ours(payment.Point, 9, 50, today); b.theirs(payment.Point, 9, 51, today) },
			reconcile.Difference{Kind: reconcile.Amount, Here: 50, There: 51},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks()
			b.both(payment.PG, 1, 100)
			b.both(payment.Point, 2, 30)
			c.plant(b)
			report := b.day(t)
			if len(report.Differences) != 1 {
				t.Fatalf("differences %+v", report.Differences)
			}
			got := report.Differences[0]
			if got.Kind != c.want.Kind || got.Here != c.want.Here || got.There != c.want.There {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			var text strings.Builder
			if err := reconcile.Text(&text, report); err != nil || !strings.Contains(text.String(), "verdict=DIFFERENT") || !strings.Contains(text.String(), got.Reference) {
				t.Errorf("text %q, %v", text.String(), err)
			}
		})
	}
}

// Whatever the two sides hold, what is told is exactly what they do not share.
func TestDay_AnyBooks_TellsExactlyWhatDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, want := newBooks(), map[reconcile.Kind]int{}
		for n := range rapid.IntRange(0, 30).Draw(t, "bookings") {
			means := rapid.SampledFrom([]payment.Means{payment.PG, payment.Point, payment.Coupon}).Draw(t, "means")
			amount := rapid.SampledFrom([]int64{-3, -2, -1, 1, 2, 3}).Draw(t, "amount")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				b.both(means, n, amount)
			case 1:
				b.ours(means, n, amount, today)
				want[reconcile.MissingThere]++
			case 2:
				b.theirs(means, n, amount, today)
				want[reconcile.MissingHere]++
			case 3:
				b.ours(means, n, amount, today)
				b.theirs(means, n, amount*2, today)
				want[reconcile.Amount]++
			case 4:
				b.ours(means, n, amount, today)
				b.theirs(means, n, amount, rapid.SampledFrom([]string{before, after}).Draw(t, "day"))
				want[reconcile.Timing]++
			}
		}
		report := b.day(t)
		for _, kind := range reconcile.Kinds {
			if report.Count(kind) != want[kind] {
				t.Fatalf("%s: %d told, want %d: %+v", kind, report.Count(kind), want[kind], report.Differences)
			}
		}
		if !slices.IsSortedFunc(report.Differences, func(a, b reconcile.Difference) int {
			return slices.Index(reconcile.Kinds, a.Kind) - slices.Index(reconcile.Kinds, b.Kind)
		}) {
			t.Fatalf("not by kind: %+v", report.Differences)
		}
	})
}

// What is missing here because its payment is still open is told as such: nobody has to look for it.
func TestDay_MissingOfAnOpenPayment_SaysWhereItStands(t *testing.T) {
	for state, want := range map[payment.State]string{payment.Review: "REVIEW, not final yet", payment.Paid: "is PAID", "": "no such payment"} {
		b := newBooks()
		b.state = state
		b.theirs(payment.PG, 1, 100, today)
		if report := b.day(t); len(report.Differences) != 1 || !strings.Contains(report.Differences[0].Note, want) {
			t.Errorf("%s: %+v", state, report.Differences)
		}
	}
}

// A statement that breaks off proves nothing: there is no report.
func TestDay_StatementIsCut_IsAnError(t *testing.T) {
	b := newBooks()
	b.both(payment.PG, 1, 100)
	b.cut = true
	if report, err := reconcile.Day(t.Context(), b, b, today, time.Hour); err == nil {
		t.Errorf("a report from half a statement: %+v", report)
	}
}

func TestDay_BadDate_IsOneSentence(t *testing.T) {
	b := newBooks()
	if _, err := reconcile.Day(t.Context(), b, b, "yesterday", time.Hour); err == nil || !strings.Contains(err.Error(), "must be a day such as") {
		t.Errorf("%v", err)
	}
}
