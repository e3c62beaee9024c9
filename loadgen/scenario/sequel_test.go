package scenario

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestPayment_Sequel_HasItsShares(t *testing.T) {
	s, got := Default(), map[string]float64{}
	const count = 100_000
	for n := range count {
		p := s.Payment("r", n)
		switch {
		case len(p.Cancels) == 2:
			got["two parts"] += 1. / count
			if p.Cancels[0].After != p.Cancels[1].After {
				t.Fatalf("payment %d: its two cancellations are not sent at once: %+v", n, p.Cancels)
			}
		case len(p.Cancels) == 1 && p.Cancels[0].Amount > 0:
			got["one part"] += 1. / count
		case len(p.Cancels) == 1:
			got["whole"] += 1. / count
		}
		for _, probe := range p.Probes {
			what := string(probe.What)
			if probe.Early {
				what = "early " + what
			}
			if probe.What == SameOrder && !p.Async {
				what += " of a synchronous one"
			}
			got[what] += 1. / count
		}
	}
	for what, share := range map[string]float64{
		"whole": 0.05, "one part": 0.025, "two parts": 0.025, "replay": 0.025, "early replay": 0.025, "reuse": 0.01,
		"order of a synchronous one": 0.005, "order": 0.0025, "early order": 0.0025,
	} {
		// Five standard deviations of a share of this many.
		if slack := 5 * math.Sqrt(share*(1-share)/count); math.Abs(got[what]-share) > slack {
			t.Errorf("%s: share %.4f, want %.4f ± %.4f", what, got[what], share, slack)
		}
		delete(got, what)
	}
	if len(got) > 0 {
		t.Errorf("also drawn: %v", got)
	}
}

func TestPayment_OtherSequel_PaysTheSame(t *testing.T) {
	with, without := Default(), Default()
	without.Cancel, without.Replay, without.ReuseKey, without.SameOrder = 0, 0, 0, 0
	for n := range 2000 {
		a, b := with.Payment("r", n), without.Payment("r", n)
		if len(b.Cancels)+len(b.Probes) > 0 {
			t.Fatalf("payment %d: drawn where every share is 0: %+v", n, b)
		}
		for i := range a.Legs {
			a.Legs[i].Token, _, _ = strings.Cut(a.Legs[i].Token, ";refund=")
		}
		a.Cancels, a.Probes = nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("payment %d is another one without its sequel:\n%+v\n%+v", n, a, b)
		}
	}
}

func TestPayment_Token_SpeaksOfRefundsWhereThereIsOne(t *testing.T) {
	s, count := Default(), 0
	for n := range 2000 {
		p := s.Payment("r", n)
		for _, leg := range p.Legs {
			if strings.Contains(leg.Token, ";refund=") != (len(p.Cancels) > 0) {
				t.Fatalf("payment %d has %d cancellations and the token %s", n, len(p.Cancels), leg.Token)
			}
		}
		count += len(p.Cancels)
	}
	if count == 0 {
		t.Error("no payment has a cancellation")
	}
}

// What is asked for until it is definite must become so: a fault strikes the first request only.
func TestToken_EachOutcome_IsWrittenAsTheMockReadsIt(t *testing.T) {
	type wants = map[string][]Outcome
	all := func(text string) []Outcome { return []Outcome{{text, 1}} }
	for want, b := range map[string]struct {
		means Means
		wants wants
		plain bool
	}{
		";charge=ok@fixed/1ms;refund=ok@fixed/1ms":                                              {PG, nil, true},
		";charge=decline:insufficient_funds@fixed/1ms;refund=ok@fixed/1ms":                      {PG, wants{charge: all("decline")}, false},
		";charge=decline:stolen@fixed/1ms;refund=ok@fixed/1ms":                                  {PG, wants{charge: all("decline:stolen")}, false},
		";charge=late/4s,ok@fixed/1ms;refund=ok@fixed/1ms":                                      {PG, wants{charge: all("late/4s")}, false},
		";charge=silent:before@fixed/1ms,ok@fixed/1ms;refund=ok@fixed/1ms":                      {PG, wants{charge: all("silent:before")}, false},
		";charge=ok@fixed/1ms;refund=decline:not_refundable@fixed/1ms":                          {PG, wants{refund: all("decline")}, true},
		";charge=ok@fixed/1ms;refund=ok@fixed/1ms;inquiry=5xx/503@fixed/1ms,ok@fixed/1ms":       {PG, wants{inquiry: all("5xx/503")}, true},
		";charge=ok@fixed/1ms;refund=ok@fixed/1ms;net-cancel=fin:after@fixed/1ms,ok@fixed/1ms":  {PG, wants{netCancel: all("fin:after")}, true},
		";reserve=reset:after@fixed/1ms,ok@fixed/1ms;confirm=ok@fixed/1ms;refund=ok@fixed/1ms":  {Point, wants{reserve: all("reset:after")}, false},
		";reserve=ok@fixed/1ms;confirm=silent:after@fixed/1ms,ok@fixed/1ms;refund=ok@fixed/1ms": {Point, wants{confirm: all("silent:after")}, false},
		";reserve=ok@fixed/1ms;confirm=decline:not_confirmable@fixed/1ms;refund=half@fixed/1ms,ok@fixed/1ms": {
			Coupon, wants{confirm: all("decline"), refund: all("half")}, false,
		},
	} {
		s := Default()
		s.Cancel = 1
		s.Mix = []Kind{{Means: []Means{b.means}, Weight: 1}}
		s.Means = map[Means]Behaviour{b.means: {Delay: "fixed/1ms", Wants: b.wants}}
		for n := range 20 {
			leg := s.Payment("r", n).Legs[0]
			_, script, _ := strings.Cut(strings.TrimPrefix(leg.Token, "gz1;"), ";")
			if ";"+script != want {
				t.Fatalf("token %s\n want %s", leg.Token, want)
			}
			if leg.Plain != b.plain {
				t.Fatalf("token %s is said to ask for nothing but delays: %v", leg.Token, leg.Plain)
			}
		}
	}
}

func TestProbe_Request_ChangesOnePart(t *testing.T) {
	s := Default()
	for n := range 50 {
		p := s.Payment("r", n)
		if got := Replay.Request(s.Payment("r", n)); !reflect.DeepEqual(got, p) {
			t.Fatalf("a replay asks for %+v, the payment was %+v", got, p)
		}
		reuse := ReuseKey.Request(s.Payment("r", n))
		sum := int64(0)
		for _, leg := range reuse.Legs {
			sum += leg.Amount
		}
		if reuse.Key != p.Key || reuse.Order != p.Order || reuse.Amount == p.Amount || sum != reuse.Amount {
			t.Fatalf("the key is reused for %+v, the payment was %+v", reuse, p)
		}
		again := SameOrder.Request(s.Payment("r", n))
		if again.Key == p.Key || again.Order != p.Order || again.Amount != p.Amount || !reflect.DeepEqual(again.Legs, p.Legs) {
			t.Fatalf("the order comes again as %+v, the payment was %+v", again, p)
		}
	}
}
