package scenario

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPayment_SameSeed_SamePayment(t *testing.T) {
	a, b := Default(), Default()
	for n := range 200 {
		if !reflect.DeepEqual(a.Payment("r", n), b.Payment("r", n)) {
			t.Fatalf("payment %d differs from itself", n)
		}
	}
	b.Seed = 2
	same := 0
	for n := range 200 {
		if a.Payment("r", n).Amount == b.Payment("r", n).Amount {
			same++
		}
	}
	if same > 5 {
		t.Errorf("%d of 200 amounts are the same with another seed", same)
	}
}

func TestPayment_OtherRun_OtherOrderAndKeySamePlan(t *testing.T) {
	s := Default()
	a, b := s.Payment("r1", 7), s.Payment("r2", 7)
	if a.Order == b.Order || a.Key == b.Key || a.TraceID == b.TraceID {
		t.Error("two runs share an order, a key or a trace")
	}
	if a.Amount != b.Amount || !reflect.DeepEqual(a.Legs, b.Legs) {
		t.Error("two runs of one seed differ in what is paid")
	}
}

func TestPayment_Mix_HasItsShares(t *testing.T) {
	s, got := Default(), map[string]float64{}
	const count = 40_000
	for n := range count {
		p := s.Payment("r", n)
		var means []string
		for _, leg := range p.Legs {
			means = append(means, string(leg.Means))
			for outcome := range strings.SplitSeq("decline,silent:after,silent:before,reset:before,reset:after,late/4s", ",") {
				if leg.Means == PG && strings.Contains(leg.Token, "charge="+outcome) {
					got[outcome] += 1. / count
				}
			}
		}
		got[strings.Join(means, "+")] += 1. / count
		if p.Async {
			got["async"] += 1. / count
		}
		if p.Merchant == 1 {
			got["second merchant"] += 1. / count
		}
	}
	for what, share := range map[string]float64{
		"PG": 0.60, "POINT+PG": 0.25, "COUPON+POINT+PG": 0.10, "POINT": 0.05, "async": 0.5, "second merchant": 0.5,
		"decline": 0.95 * 0.03, "silent:after": 0.95 * 0.004, "silent:before": 0.95 * 0.001, "reset:before": 0.95 * 0.0025,
		"reset:after": 0.95 * 0.0025, "late/4s": 0.95 * 0.001,
	} {
		// Five standard deviations of a share of this many.
		if slack := 5 * math.Sqrt(share*(1-share)/count); math.Abs(got[what]-share) > slack {
			t.Errorf("%s: share %.4f, want %.4f ± %.4f", what, got[what], share, slack)
		}
	}
}

func TestPayment_AnyScenario_LegsSumToTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Default()
		s.AmountMin = rapid.Int64Range(10, 1_000_000).Draw(t, "min")
		s.AmountMax = s.AmountMin + rapid.Int64Range(0, 1_000_000).Draw(t, "more")
		s.Seed = rapid.Uint64().Draw(t, "seed")
		checkPayment(t, &s, s.Payment("run", rapid.IntRange(0, 1e9).Draw(t, "n")))
	})
}

type fataler interface{ Fatalf(string, ...any) }

func checkPayment(t fataler, s *Scenario, p Payment) {
	sum := int64(0)
	for _, leg := range p.Legs {
		if leg.Amount <= 0 {
			t.Fatalf("a leg of %d: %+v", leg.Amount, p)
		}
		if len(leg.Token) > 512 || strings.ContainsAny(leg.Token, " \t\n\"\\") || !strings.HasPrefix(leg.Token, "gz1;seed=") && !strings.HasPrefix(leg.Token, map[bool]string{true: "gz1.c", false: "gz1.w"}[leg.Means == Coupon]) {
			t.Fatalf("the token %q", leg.Token)
		}
		sum += leg.Amount
	}
	if sum != p.Amount || p.Amount < s.AmountMin || p.Amount > s.AmountMax {
		t.Fatalf("legs sum to %d, amount %d of %d..%d", sum, p.Amount, s.AmountMin, s.AmountMax)
	}
	if len(p.Cancels) > 2 || len(p.Probes) > 3 {
		t.Fatalf("%d cancellations, %d probes", len(p.Cancels), len(p.Probes))
	}
	for _, c := range p.Cancels {
		if c.Amount < 0 || c.Amount >= p.Amount || c.After < 0 {
			t.Fatalf("a cancellation of %d of %d after %v", c.Amount, p.Amount, c.After)
		}
	}
	if p.Merchant < 0 || p.Merchant >= s.Merchants || len(p.Order) > 64 || len(p.Key) > 255 {
		t.Fatalf("merchant %d, order %q, key %q", p.Merchant, p.Order, p.Key)
	}
}
