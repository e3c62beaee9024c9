package scenario

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// token writes the payment-method token that asks one of the means for results and delays:
//
//	gz1;seed=42;charge=silent:after@lognormal/50ms/0.5
//	gz1;seed=42;reserve=ok@fixed/5ms;confirm=ok@fixed/5ms;refund=silent:after@fixed/5ms,ok@fixed/5ms
//
// What has no script (inquiry, release, net-cancel) follows the server's schedule. A confirmation and a refund are asked
// for again until the answer is definite, so their second request succeeds. Only the token of a payment that is to be
// canceled speaks of refunds. The seed is the token's own, so the delay that the mock draws is part of the run's plan too.
func (b Behaviour) token(means Means, canceled bool, chance *rand.Rand) string {
	// Drawn always, so that what one leg is asked for does not change with what another is.
	forward, confirm, refund := chance.Float64(), chance.Float64(), chance.Float64()
	text := append(make([]byte, 0, 160), "gz1;seed="...)
	text = strconv.AppendUint(text, chance.Uint64(), 10)
	if means == PG {
		text = append(text, ";charge="...)
		if outcome := b.outcome(forward, "insufficient_funds"); outcome == "ok" && forward < b.sum()+b.Late.Share {
			text = append(append(text, "late/"...), b.Late.By.String()...)
		} else {
			text = b.step(text, outcome)
		}
	} else {
		text = b.step(append(text, ";reserve="...), b.outcome(forward, "insufficient_funds"))
		text = b.repeated(append(text, ";confirm="...), b.Confirm.outcome(confirm, "not_confirmable"))
	}
	if canceled {
		text = b.repeated(append(text, ";refund="...), b.Refund.outcome(refund, "not_refundable"))
	}
	return string(text)
}

func (b Behaviour) step(text []byte, outcome string) []byte {
	return append(append(append(text, outcome...), '@'), b.Delay...)
}

// repeated is a step for an operation that is asked for until it is definite.
func (b Behaviour) repeated(text []byte, outcome string) []byte {
	text = b.step(text, outcome)
	if outcome == "ok" || strings.HasPrefix(outcome, decline) {
		return text // a refusal is repeated as it is
	}
	return b.step(append(text, ','), "ok")
}

const decline = "decline:"

// outcome draws by share; what no share covers succeeds. code is that of a refusal.
func (f Faults) outcome(drawn float64, code string) string {
	if drawn -= f.Decline; drawn < 0 {
		return decline + code
	}
	for _, o := range [...]struct {
		share float64
		text  string
	}{
		{f.SilentAfter, "silent:after"},
		{f.SilentBefore, "silent:before"},
		{f.ResetBefore, "reset:before"},
		{f.ResetAfter, "reset:after"},
	} {
		if drawn -= o.share; drawn < 0 {
			return o.text
		}
	}
	return "ok"
}
