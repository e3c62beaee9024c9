package scenario

import (
	"slices"
	"strconv"
)

// token writes the payment-method token that asks one of the means for results and delays:
//
//	gz1;seed=42;charge=silent:after@lognormal/50ms/0.5,ok@lognormal/50ms/0.5
//	gz1.w7;seed=42;reserve=ok@fixed/5ms;confirm=ok@fixed/5ms;refund=silent:after@fixed/5ms,ok@fixed/5ms
//
// What strikes, strikes the first request of its operation only: what is asked for until the answer is definite must become
// so. (A refusal is repeated as it is.) An operation of which the scenario says nothing follows the server's schedule, but
// for those of a payment that goes well. Only the token of a payment that is to be canceled speaks of refunds. The seed is
// the token's own, so the delay that the mock draws is part of the run's plan too.
//
// The second value says that nothing but ok is asked of the operations of a payment that goes well.
func (b Behaviour) token(means Means, source string, canceled bool, seed uint64, wanted string) (token string, plain bool) {
	text := append(make([]byte, 0, 192), "gz1"...)
	if source != "" {
		text = append(append(text, '.'), source...)
	}
	text = strconv.AppendUint(append(text, ";seed="...), seed, 10)
	plain = true
	for i, operation := range means.operations() {
		forward := i < means.forwards()
		shares := b.Wants[operation]
		switch {
		case operation == refund && !canceled:
			continue
		case !forward && operation != refund && len(shares) == 0:
			continue
		}
		outcome := "ok"
		if i == 0 && wanted != "" {
			outcome = written(operation, wanted)
		} else if len(shares) > 0 {
			outcome = drawn(shares, operation, operationChance(seed, operation))
		}
		plain = plain && (!forward || outcome == "ok")
		text = append(append(append(text, ';'), operation...), '=')
		text = b.steps(text, outcome)
	}
	return string(text), plain
}

func (b Behaviour) steps(text []byte, outcome string) []byte {
	text = append(text, outcome...)
	if len(outcome) < len(lateName) || outcome[:len(lateName)] != lateName { // which is a delay by itself
		text = append(append(text, '@'), b.Delay...)
	}
	if outcome == "ok" || isDecline(outcome) {
		return text
	}
	return append(append(text, ",ok@"...), b.Delay...)
}

// drawn is what this chance, from 0 to 1, comes to.
func drawn(shares []Outcome, operation string, chance float64) string {
	for _, o := range shares {
		if chance -= o.Share; chance < 0 {
			return written(operation, o.Text)
		}
	}
	return "ok"
}

// written gives a refusal without a code the usual one.
func written(operation, outcome string) string {
	if outcome != declineName {
		return outcome
	}
	switch operation {
	case charge, reserve:
		return declineName + ":insufficient_funds"
	case refund:
		return declineName + ":not_refundable"
	case confirm:
		return declineName + ":not_confirmable"
	}
	return outcome
}

// The operations by the number that draws are told apart by; a new one goes to the end.
var operationNumbers = []string{charge, reserve, confirm, release, void, netCancel, inquiry, refund}

func operationNumber(operation string) uint64 {
	return uint64(slices.Index(operationNumbers, operation))
}

// outcomeStream keeps the draws of outcomes apart from those of delays, which come from the same seed.
const outcomeStream = 0xa0761d6478bd642f

// operationChance is a number from 0 to 1 that belongs to one operation: what one is asked for does not change with what
// another is.
func operationChance(seed uint64, operation string) float64 {
	return float64(mix(mix(seed^outcomeStream)+operationNumber(operation))>>11) / (1 << 53)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
