package scenario

import "time"

// Means is a way to pay.
type Means string

// The payment means that the system under test knows.
const (
	PG     Means = "PG" // the card
	Point  Means = "POINT"
	Coupon Means = "COUPON"
)

// Behaviour is what is asked of one of the means, in the token. Delay is in the token's own grammar, such as
// lognormal/50ms/0.5; the shares are of that means' legs (refund: of its legs in payments that are to be canceled), and
// the rest succeeds.
type Behaviour struct {
	Delay   string `json:"delay"`
	Faults         // of the charge, or of the reservation
	Late    Late   `json:"late"`    // PG only
	Confirm Faults `json:"confirm"` // POINT and COUPON only
	Refund  Faults `json:"refund"`
}

// Faults are the shares of an operation's first requests that do not simply succeed.
type Faults struct {
	Decline      float64 `json:"decline_share"`
	SilentAfter  float64 `json:"silent_after_share"`  // booked, then no answer
	SilentBefore float64 `json:"silent_before_share"` // not booked, no answer
	ResetBefore  float64 `json:"reset_before_share"`
	ResetAfter   float64 `json:"reset_after_share"`
}

// Late is the share of charges that are read and only decided and booked By later, as if they had been long on their
// way: what was sent to undo them overtakes them.
type Late struct {
	Share float64       `json:"share"`
	By    time.Duration `json:"by_ns"`
}

func (f Faults) sum() float64 {
	return f.Decline + f.SilentAfter + f.SilentBefore + f.ResetBefore + f.ResetAfter
}

// LongestLate is how long after a payment's end a charge of it may still arrive at the PG.
func (s *Scenario) LongestLate() time.Duration {
	if late := s.Means[PG].Late; late.Share > 0 {
		return late.By
	}
	return 0
}

// LeadsToReview says whether a cancellation may end up with a person: by rule it does when points or a coupon are not
// taken back after the card was.
func (s *Scenario) LeadsToReview() bool {
	return s.Means[Point].Refund.Decline+s.Means[Coupon].Refund.Decline > 0
}
