package reconcile

import "gazua.example/payment-api/payment"

// Kind is how two sides differ.
type Kind string

// The kinds of differences.
const (
	MissingHere  Kind = "missing-here"  // the means has it, our ledger does not
	MissingThere Kind = "missing-there" // our ledger has it, the means does not
	Amount       Kind = "amount"        // same reference, another amount or currency
	Timing       Kind = "timing"        // same reference and amount, another business day
)

// Kinds lists them in the order in which they are told.
var Kinds = []Kind{MissingHere, MissingThere, Amount, Timing}

// Difference is one booking that the two sides do not say alike.
type Difference struct {
	Kind      Kind             `json:"kind"`
	Means     payment.Means    `json:"means"`
	Reference string           `json:"reference"`
	Here      int64            `json:"here"` // captures above zero, refunds below; 0: nothing
	There     int64            `json:"there"`
	Currency  payment.Currency `json:"currency"`
	Note      string           `json:"note,omitempty"`
}

// Side is what one side says of a means' day.
type Side struct {
	Captures   int64 `json:"captures"`
	CaptureSum int64 `json:"capture_sum"`
	Refunds    int64 `json:"refunds"`
	RefundSum  int64 `json:"refund_sum"`
}

func (s *Side) add(amount int64) {
	if amount < 0 {
		s.Refunds++
		s.RefundSum -= amount
		return
	}
	s.Captures++
	s.CaptureSum += amount
}

// MeansReport is one means' day.
type MeansReport struct {
	Means payment.Means `json:"means"`
	Here  Side          `json:"here"`
	There Side          `json:"there"`
}

// Report is a day.
type Report struct {
	Schema      string                    `json:"schema"`
	Date        string                    `json:"date"`
	Means       []MeansReport             `json:"means"`
	Differences []Difference              `json:"differences"`
	Others      map[payment.Account]int64 `json:"other_accounts"` // of our side only
}

// Clean says that there is no difference.
func (r *Report) Clean() bool { return len(r.Differences) == 0 }

// Count is how many differences there are of a kind.
func (r *Report) Count(k Kind) (n int) {
	for _, d := range r.Differences {
		if d.Kind == k {
			n++
		}
	}
	return n
}
