package scenario

import (
	"math/rand/v2"
	"strconv"
)

// token writes the payment-method token that asks one of the means for a result and a delay:
//
//	gz1;seed=42;charge=silent:after@lognormal/50ms/0.5
//
// The first request of the operation gets the scripted outcome; what comes after it for the same reference (inquiry,
// release, net-cancel) has no script and follows the server's schedule. The seed is the token's own, so the delay that
// the mock draws is part of the run's plan too.
func (b Behaviour) token(means Means, chance *rand.Rand) string {
	outcome, text := b.outcome(chance.Float64()), make([]byte, 0, 96)
	text = append(text, "gz1;seed="...)
	text = strconv.AppendUint(text, chance.Uint64(), 10)
	if means == PG {
		return string(append(text, ";charge="+outcome+"@"+b.Delay...))
	}
	return string(append(text, ";reserve="+outcome+"@"+b.Delay+";confirm=ok@"+b.Delay...))
}

// outcome draws by share; what no share covers succeeds.
func (b Behaviour) outcome(drawn float64) string {
	for _, o := range []struct {
		share float64
		text  string
	}{
		{b.Decline, "decline:insufficient_funds"},
		{b.SilentAfter, "silent:after"},
		{b.SilentBefore, "silent:before"},
		{b.ResetBefore, "reset:before"},
		{b.ResetAfter, "reset:after"},
	} {
		if drawn -= o.share; drawn < 0 {
			return o.text
		}
	}
	return "ok"
}
