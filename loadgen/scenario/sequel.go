package scenario

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// What a merchant does about a payment beside asking for it. It is drawn from a stream of its own, so a scenario with
// other shares pays the same amounts with the same results.

// Cancel is a cancellation that the merchant asks for once it has seen the payment PAID. A payment has none, one, or two
// that are sent at once.
type Cancel struct {
	Amount int64         // 0: all that is left
	After  time.Duration // from when PAID was seen
}

// Probe is a request that must not make a second payment.
type Probe struct {
	What  ProbeKind
	Early bool          // Replay: beside the first attempt; SameOrder: right after the 202; else after the end was seen
	After time.Duration // from then
}

// ProbeKind is a sort of probe.
type ProbeKind string

// The probes and what they must be answered.
const (
	Replay    ProbeKind = "replay" // the same request with the same key: the same answer, or in progress
	ReuseKey  ProbeKind = "reuse"  // the same key with another amount: 422
	SameOrder ProbeKind = "order"  // the same order with another key: 409; or a new payment, where the first has failed
)

const (
	sequelStream = 0x9e3779b97f4a7c15      // keeps its draws apart from those of the payment
	beside       = 40 * time.Millisecond   // within this after the first attempt a replay may well meet it on its way
	soon         = 1000 * time.Millisecond // within this after the end comes what comes after it
)

// addSequel draws what comes beside and after the payment.
func (s *Scenario) addSequel(p *Payment) {
	if s.Cancel+s.Replay+s.ReuseKey+s.SameOrder == 0 {
		return
	}
	chance := rand.New(rand.NewPCG(s.Seed^sequelStream, uint64(p.Number)))
	if early := chance.IntN(2) == 0; chance.Float64() < s.Replay {
		probe := Probe{What: Replay, Early: early, After: within(soon, chance)}
		if early {
			probe.After = within(beside, chance)
		}
		p.Probes = append(p.Probes, probe)
	}
	if chance.Float64() < s.ReuseKey {
		p.Probes = append(p.Probes, Probe{What: ReuseKey, After: within(soon, chance)})
	}
	if early := chance.IntN(2) == 0; chance.Float64() < s.SameOrder {
		probe := Probe{What: SameOrder, Early: early && p.Async, After: within(soon, chance)}
		if probe.Early {
			probe.After = 0
		}
		p.Probes = append(p.Probes, probe)
	}
	if chance.Float64() < s.Cancel {
		p.Cancels = cancels(p.Amount, chance)
	}
}

// cancels draws whole or partial, and of the partial ones half as two at once, which together may ask for more than there
// is. A part may be of a size that a coupon cannot be divided for: the refusal is a result as well.
func cancels(amount int64, chance *rand.Rand) []Cancel {
	part := func() int64 { return 1 + chance.Int64N(amount-1) }
	after := within(soon, chance)
	switch chance.IntN(4) {
	case 0:
		return []Cancel{{Amount: part(), After: after}}
	case 1:
		return []Cancel{{Amount: part(), After: after}, {Amount: part(), After: after}}
	}
	return []Cancel{{After: after}}
}

func within(d time.Duration, chance *rand.Rand) time.Duration {
	return time.Duration(chance.Int64N(int64(d)))
}

// Request is what the probe sends: the payment's request with the part changed that makes it a probe. It may change p.
func (k ProbeKind) Request(p Payment) Payment {
	switch k {
	case ReuseKey:
		p.Amount++
		p.Legs[len(p.Legs)-1].Amount++
	case SameOrder:
		p.Key += "-order"
	}
	return p
}

// CancelKey is the Idempotency-Key of the payment's i-th cancellation, from 0.
func (p *Payment) CancelKey(i int) string {
	if i == 0 {
		return p.Key + "-cancel"
	}
	return p.Key + "-cancel-" + strconv.Itoa(i+1)
}
