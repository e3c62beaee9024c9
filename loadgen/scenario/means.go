package scenario

import (
	"strings"
	"time"
)

// Means is a way to pay.
type Means string

// The payment means that the system under test knows.
const (
	PG     Means = "PG" // the card
	Point  Means = "POINT"
	Coupon Means = "COUPON"
)

// The operations of a payment means, as tokens name them.
const (
	charge    = "charge"
	reserve   = "reserve"
	confirm   = "confirm"
	release   = "release"
	void      = "void"
	netCancel = "net-cancel"
	inquiry   = "inquiry"
	refund    = "refund"
)

// operations lists what can be asked of one of the means, in the order in which a token says it.
func (m Means) operations() []string {
	if m == PG {
		return []string{charge, refund, void, netCancel, inquiry}
	}
	return []string{reserve, confirm, refund, release, void, inquiry}
}

// forward are the operations of a payment that goes well, one request each.
func (m Means) forward() []string { return m.operations()[:m.forwards()] }

func (m Means) forwards() int {
	if m == PG {
		return 1
	}
	return 2
}

// Behaviour is what is asked of one of the means, in the token. Delay is that of each answer, in the token's own grammar,
// such as lognormal/50ms/0.5.
type Behaviour struct {
	Delay string               `json:"delay"`
	Wants map[string][]Outcome `json:"operations,omitempty"` // by operation
}

// Outcome is the share of an operation's first requests (refund: in payments that are to be canceled) that are to come to
// this, in the token's own grammar: decline, late/4s, silent:after, 5xx/503:before. What no share covers succeeds.
type Outcome struct {
	Text  string  `json:"outcome"`
	Share float64 `json:"share"`
}

// shares are all of an operation's together.
func shares(all []Outcome) (sum float64) {
	for _, o := range all {
		sum += o.Share
	}
	return sum
}

// LongestLate is how long after a payment's end a charge of it may still arrive at the PG.
func (s *Scenario) LongestLate() (longest time.Duration) {
	for _, o := range s.Means[PG].Wants[charge] {
		if by, late := o.late(); late && o.Share > 0 {
			longest = max(longest, by)
		}
	}
	for _, f := range s.Faults {
		for _, by := range lates(f.Script) {
			longest = max(longest, by)
		}
	}
	return longest
}

// late says that the charge is to come that much later.
func (o Outcome) late() (by time.Duration, ok bool) {
	text, _, _ := strings.Cut(o.Text, "@") // a delay may stand behind it in a script
	text, ok = strings.CutPrefix(text, lateName+"/")
	if ok {
		by, _ = time.ParseDuration(text) // as it was checked
	}
	return by, ok
}

// LeadsToReview says whether a cancellation may end up with a person: by rule it does when points or a coupon are not
// taken back after the card was.
func (s *Scenario) LeadsToReview() bool {
	for _, m := range []Means{Point, Coupon} {
		for _, o := range s.Means[m].Wants[refund] {
			if isDecline(o.Text) && o.Share > 0 {
				return true
			}
		}
	}
	return false
}
