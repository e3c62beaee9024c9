package fault

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Amount names another amount in an otherwise good answer: one minor unit more by default, `amount/-500` for 500 less.
// What is booked is what was asked for.
//
//	client ── POST charge 20000 ──► (booked: 20000, with :after)
//	client ◄── 200 {"result":"approved",…,"amount":20001,"currency":"KRW"}
type Amount struct{ Difference int64 }

const maxDifference = 1_000_000_000

func newAmount(parameter string) (Fault, error) {
	if parameter == "" {
		return Amount{Difference: 1}, nil
	}
	difference, err := strconv.ParseInt(parameter, 10, 64)
	if err != nil || difference == 0 || difference < -maxDifference || difference > maxDifference {
		return nil, fmt.Errorf("%q must be a difference in minor units such as 1 or -500, not 0, at most %d", parameter, maxDifference)
	}
	return Amount{Difference: difference}, nil
}

// Spoil changes the amount.
func (a Amount) Spoil(honest Answer) Ending {
	honest.Body = altered(honest.Body, "amount", func(raw json.RawMessage) json.RawMessage {
		amount, _ := strconv.ParseInt(string(raw), 10, 64) // ours, so it is a number
		return strconv.AppendInt(nil, amount+a.Difference, 10)
	})
	return Ending{Answer: honest}
}
