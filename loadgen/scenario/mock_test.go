package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// The token's grammar and the delays are written down twice, since the program shares no code with the mock. These tests
// hold the two against each other.

func TestFaults_AreThoseOfTheMock(t *testing.T) {
	var names []string
	for _, f := range faultKinds {
		names = append(names, f.name)
	}
	slices.Sort(names)
	if want := fault.Names(); !slices.Equal(names, want) {
		t.Errorf("scenarios know the faults %v\n     and the mock knows %v", names, want)
	}
}

// Whatever a scenario may ask for is understood by the mock; what the mock does not know is a fault of the scenario.
func TestOutcomes_AreReadAsTheMockReadsThem(t *testing.T) {
	parameters := []string{
		"", "/", "/3s", "/1ms", "/10m", "/1h", "/0s", "/503", "/599", "/600", "/404", "/409", "/422", "/302", "/307", "/99", "/-1", "/500", "/0", "/html", "/empty",
		"/json", "/http", "/close", "/hold", "/long", "/short", "/none", "/512KiB", "/1KiB", "/x",
	}
	var names []string
	for _, f := range faultKinds {
		names = append(names, f.name)
	}
	names = append(names, "decline", "decline:stolen_card", "decline:", "decline:NO", "late", "nothing")
	for _, operation := range operationNumbers {
		for _, name := range names {
			for _, parameter := range parameters {
				for _, when := range []string{"", ":before", ":after", ":later", ":"} {
					text := name + parameter + when
					fault := checkOutcome(operation, text)
					_, _, _, err := script.Parse("gz1;" + operation + "=" + text + "@fixed/1ms")
					// Of sizes and differences the mock takes more spellings than a scenario needs.
					if tolerant := name == "huge" || name == "amount"; fault == "" && err != nil || fault != "" && err == nil && !tolerant {
						t.Errorf("%s=%s: the scenario says %q, the mock %v", operation, text, fault, err)
					}
				}
			}
		}
	}
	for _, text := range []string{"late/1s", "late/30s", "late/31s", "late/0s", "late/x"} {
		_, _, _, err := script.Parse("gz1;charge=" + text)
		if fault := checkOutcome(charge, text); (fault == "") != (err == nil) {
			t.Errorf("%s: the scenario says %q, the mock %v", text, fault, err)
		}
	}
}

// Thousands of draws: what the mock will wait is known before it does.
func TestInjected_IsWhatTheMockDraws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := func(label string) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(longestDelay)).Draw(t, label))
		}
		low, more := length("low"), length("more")
		text := rapid.SampledFrom([]string{
			"fixed/" + low.String(), "uniform/" + low.String() + "/" + min(low+more, longestDelay).String(),
			fmt.Sprintf("lognormal/%s/%g", low, rapid.Float64Range(0, 5).Draw(t, "sigma")),
			"exponential/" + low.String(), fmt.Sprintf("pareto/%s/%g", low, rapid.Float64Range(0.1, 100).Draw(t, "shape")),
		}).Draw(t, "delay")
		d, err := parseDelay(text)
		if err != nil {
			t.Fatal(err)
		}
		seed := rapid.Uint64().Draw(t, "seed")
		for _, operation := range operationNumbers {
			parsed, drawnFrom, _, err := script.Parse(fmt.Sprintf("gz1;seed=%d;%s=ok@%s", seed, operation, text))
			if err != nil {
				t.Fatal(err)
			}
			op, known := script.OpByName(operation)
			if !known {
				t.Fatalf("the mock has no operation %s", operation)
			}
			for n := 1; n <= 10; n++ {
				step, _ := parsed.Step(op, n)
				if got, want := d.injected(seed, operation, n), step.Delay.Draw(drawnFrom, op, n); got != want {
					t.Fatalf("%s, seed %d, %s, request %d: %s, and the mock waits %s", text, seed, operation, n, got, want)
				}
			}
		}
	})
}

// Of a payment of the default mix the mock draws, call by call, what Injected says in one sum.
func TestInjected_IsTheSumOfTheCallsOfAPaymentThatGoesWell(t *testing.T) {
	s, plain := Default(), 0
	s.Wallets = 10
	for n := range 5000 {
		p := s.Payment("r", n)
		got, ok := s.Injected(&p)
		sum, clean := time.Duration(0), true
		for _, leg := range p.Legs {
			parsed, seed, _, err := script.Parse(leg.Token)
			if err != nil {
				t.Fatalf("the mock does not understand %s: %v", leg.Token, err)
			}
			if source := script.SourceOf(leg.Token); !strings.HasPrefix(source, map[bool]string{true: "c", false: "w"}[leg.Means == Coupon]) || seed != leg.Seed {
				t.Fatalf("token %s: source %q, seed %d, the leg's is %d", leg.Token, source, seed, leg.Seed)
			}
			for _, operation := range leg.Means.forward() {
				op, _ := script.OpByName(operation)
				step, _ := parsed.Step(op, 1)
				sum += step.Delay.Draw(seed, op, 1)
				clean = clean && step.Fault == nil && step.Decline == "" && step.Late == 0
			}
		}
		if ok != clean || ok && got != sum {
			t.Fatalf("payment %d: %s %v, and its tokens say %s %v: %+v", n, got, ok, sum, clean, p.Legs)
		}
		if ok {
			plain++
		}
	}
	if plain < 4500 || plain > 4900 {
		t.Errorf("%d of 5000 payments have no fault", plain)
	}
}

func TestWallets_AreDrawnFromTheSeed(t *testing.T) {
	s, seen, coupons := Default(), map[string]int{}, map[string]bool{}
	s.Wallets = 4
	for n := range 4000 {
		p := s.Payment("r", n)
		wallet := script.SourceOf(p.Legs[len(p.Legs)-1].Token)
		for _, leg := range p.Legs {
			source := script.SourceOf(leg.Token)
			switch {
			case leg.Means == Coupon && coupons[source]:
				t.Fatalf("payment %d has a coupon that another has used: %s", n, source)
			case leg.Means == Coupon:
				coupons[source] = true
			case source != wallet:
				t.Fatalf("payment %d has legs of two members: %+v", n, p.Legs)
			}
		}
		seen[wallet]++
	}
	for _, wallet := range []string{"w0", "w1", "w2", "w3"} {
		if seen[wallet] < 850 || seen[wallet] > 1150 {
			t.Errorf("%d of 4000 payments are of wallet %s", seen[wallet], wallet)
		}
	}
	if len(seen) != 4 {
		t.Errorf("wallets %v", seen)
	}
}

// What one operation is asked for says nothing about what another is, nor about the delay.
func TestOutcomes_AreDrawnApart(t *testing.T) {
	s, count := Default(), map[string]float64{}
	half := []Outcome{{"fin", 0.5}}
	s.Cancel = 1
	s.Mix = []Kind{{Means: []Means{PG}, Weight: 1}}
	s.Means = map[Means]Behaviour{PG: {Delay: "uniform/0s/1s", Wants: map[string][]Outcome{charge: half, refund: half, inquiry: half}}}
	d, _ := parseDelay("uniform/0s/1s")
	const payments = 10_000
	for n := range payments {
		leg := s.Payment("r", n).Legs[0]
		fins := map[string]bool{}
		for _, operation := range []string{charge, refund, inquiry} {
			fins[operation] = strings.Contains(leg.Token, ";"+operation+"=fin")
		}
		for what, is := range map[string]bool{
			"charge and refund": fins[charge] && fins[refund], "charge and inquiry": fins[charge] && fins[inquiry],
			"refund and inquiry": fins[refund] && fins[inquiry], "charge and slow": fins[charge] && d.injected(leg.Seed, charge, 1) > time.Second/2,
		} {
			if is {
				count[what] += 1. / payments
			}
		}
	}
	for what, share := range count {
		if share < 0.22 || share > 0.28 {
			t.Errorf("%s: %.3f, want 0.25", what, share)
		}
	}
}
