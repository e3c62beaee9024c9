package payment

import (
	"context"
	"time"
)

// Gateway speaks to the payment means.
type Gateway interface {
	// Do makes one call and says what its answer means. It never returns an error: what is not definite is Unclear.
	Do(ctx context.Context, c Call) Reply
	// Reachable says that no breaker is open before the means of these legs; which instance of a means a leg belongs to is
	// the gateway's business.
	Reachable(legs ...Leg) bool
}

// Op is what is asked of a means.
type Op string

// All but the inquiry move money and obey the send-by deadline. Charge and reserve are sent once only; all the others are
// idempotent by our reference and repeated until their answer is definite.
const (
	Charge    Op = "charge"
	Reserve   Op = "reserve"
	Confirm   Op = "confirm"
	Release   Op = "release"
	Void      Op = "void"
	NetCancel Op = "net-cancel"
	Inquiry   Op = "inquiry"
	GiveBack  Op = "refund"
)

// Call is one request to a means.
type Call struct {
	Op      Op
	Payment *Payment
	Leg     *Leg
	SendBy  time.Time // calls that move money: not a byte goes out after this; zero: whenever

	Cancellation *Cancellation // GiveBack: of this one,
	Refund       *Refund       // this refund
}

// Reference is what the means knows the call's object by.
func (c Call) Reference() string {
	if c.Refund != nil {
		return c.Cancellation.Reference(c.Refund)
	}
	return c.Payment.Reference(c.Leg)
}

// Result is what an answer means.
type Result int

// The results. Unclear is the zero value: what nobody decided is not known.
const (
	Unclear      Result = iota // time-out, reset, garbage, 5xx, another amount: money may have moved
	Done                       // the documented success; for an inquiry: found, see Reply.Leg
	Refused                    // a documented no; see Reply.Code
	NotProcessed               // provably not processed: not a byte of it was read, or the means said so
	NotFound                   // inquiry: nothing under this reference, by now
	TooLate                    // the send-by deadline had passed, nothing was sent
)

// Reply is what a call brought.
type Reply struct {
	Result        Result
	Leg           LegState // inquiry: what the means says the leg is
	Code          string
	TransactionID string
	BookedAt      time.Time
	Tombstoned    bool // inquiry: the means will refuse whatever arrives later under this reference
}
