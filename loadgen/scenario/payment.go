package scenario

import (
	"math/rand/v2"
	"strconv"
)

// Payment is one payment that a merchant asks for. It is a pure function of the run id, the seed and its number, so a
// repeat of the request needs no stored copy: it is made again, byte for byte.
type Payment struct {
	Number   int
	Order    string
	Key      string // the Idempotency-Key
	Merchant int    // counted from 0: the merchants of the stack's file in their order
	Amount   int64
	Currency string
	Legs     []Leg
	Async    bool
	TraceID  [2]uint64
	Sampled  bool
	Cancels  []Cancel
	Probes   []Probe
}

// Leg is the part of the amount that one of the means pays.
type Leg struct {
	Means  Means
	Amount int64
	Token  string
	Seed   uint64 // of the token
	Plain  bool   // the token asks for nothing but delays, as long as the payment goes well
}

// Payment makes payment n of a run. Legs are in the order in which the system calls the means.
func (s *Scenario) Payment(run string, n int) Payment {
	p, chance := s.order(run, n)
	p.Legs = s.split(p.Amount, s.kind(chance).Means, chance)
	s.addSequel(&p)
	for i := range p.Legs {
		leg := &p.Legs[i]
		leg.Seed = chance.Uint64()
		leg.Token, leg.Plain = s.Means[leg.Means].token(leg.Means, s.source(&p, leg.Means), len(p.Cancels) > 0, leg.Seed, "")
	}
	return p
}

// order is payment n without its legs, and the source from which they are drawn on.
func (s *Scenario) order(run string, n int) (Payment, *rand.Rand) {
	// Independent streams: what is paid, what else the merchant does about it, and (inside the tokens) what the mock draws
	// its delays from.
	chance := rand.New(rand.NewPCG(s.Seed, uint64(n)))
	return Payment{
		Number:   n,
		Order:    run + "-" + strconv.Itoa(n),
		Key:      "key-" + run + "-" + strconv.Itoa(n),
		Merchant: chance.IntN(s.Merchants),
		Currency: s.Currency,
		Amount:   s.AmountMin + chance.Int64N(s.AmountMax-s.AmountMin+1),
		Async:    chance.Float64() < s.Async,
		TraceID:  [2]uint64{textHash(run) ^ s.Seed, chance.Uint64() | 1}, // an id of all zeroes is not valid
		Sampled:  chance.Float64() < s.Sampled,
	}, chance
}

// walletStream keeps the draws of wallets apart from all others.
const walletStream = 0xe7037ed1a0b428db

// source names what a leg is taken from, "" where wallets have no bounds: the member's wallet, or the coupon, which is good
// for one payment and so is of this payment of this run only.
func (s *Scenario) source(p *Payment, means Means) string {
	switch {
	case s.Wallets == 0:
		return ""
	case means == Coupon:
		return "c" + strconv.FormatUint(textHash(p.Order), 36)
	}
	return "w" + strconv.FormatUint(mix(s.Seed^walletStream^mix(uint64(p.Number)))%uint64(s.Wallets), 10)
}

// kind draws from the mix by weight.
func (s *Scenario) kind(chance *rand.Rand) Kind {
	return s.Mix[weighted(s.Mix, func(k Kind) int { return k.Weight }, chance)]
}

// split gives coupon and points up to a third of the amount each, and the rest to the last of the means, which is the
// card where there is one. Every leg is above zero: the smallest amount is at least 10.
func (s *Scenario) split(amount int64, means []Means, chance *rand.Rand) []Leg {
	legs, rest := make([]Leg, 0, len(means)), amount
	for _, m := range []Means{Coupon, Point, PG} {
		for _, asked := range means {
			if asked != m {
				continue
			}
			part := rest
			if len(legs) < len(means)-1 {
				part = 1 + chance.Int64N(amount/3)
			}
			legs = append(legs, Leg{Means: m, Amount: part})
			rest -= part
		}
	}
	return legs
}

// textHash is FNV-1a: short, and the same in every build.
func textHash(text string) uint64 {
	hash := uint64(14695981039346656037)
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * 1099511628211
	}
	return hash
}
