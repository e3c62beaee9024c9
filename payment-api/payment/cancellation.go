package payment

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Cancellation gives a PAID payment back, whole or in part. It is a record of its own with states of its own; the payment
// stays PAID, and its canceled amount says the rest.
type Cancellation struct {
	Payment ID
	Seq     uint32 // 1, 2, 3 … of its payment
	Amount  int64
	State   CancellationState
	Version uint32
	Reason  string   // why it is FAILED or in REVIEW
	Note    string   // why the merchant wants it
	KeyHash [32]byte // the idempotency key that created it
	Refunds []Refund // in the order of the calls: PG, POINT, COUPON
	Created time.Time
}

// Refund is one means' share of a cancellation.
type Refund struct {
	Leg           uint8 // seq of the leg
	Means         Means
	Amount        int64
	State         RefundState
	TransactionID string // the means' own id
	Code          string // why it was refused
	BookedAt      time.Time
}

// MaxNoteLen bounds a merchant's reason, in characters.
const MaxNoteLen = 200

// CancelRequest is what a merchant asks for, decoded.
type CancelRequest struct {
	Amount *int64 `json:"amount"` // minor units; nil: all that is left
	Reason string `json:"reason"`
}

// Validate says what is wrong, in words for the merchant.
func (r *CancelRequest) Validate() error {
	if r.Amount != nil && (*r.Amount <= 0 || *r.Amount > MaxAmount) {
		return invalid("amount %d must be from 1 to %d minor units; leave it out to cancel all that is left", *r.Amount, int64(MaxAmount))
	}
	if utf8.RuneCountInString(r.Reason) > MaxNoteLen || strings.ContainsFunc(r.Reason, unicode.IsControl) {
		return invalid("reason must be at most %d characters without control characters", MaxNoteLen)
	}
	return nil
}

// Hash is the request's fingerprint, over its decoded form.
func (r *CancelRequest) Hash() [32]byte {
	canonical, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encode a request: %v", err)) // a struct of a string and an integer
	}
	return sha256.Sum256(canonical)
}

// Reference is what the means knows this refund by: one reference for ever, stored before the call. Every means books a
// reference at most once and answers repeats with the first result, so the call is repeated until its answer is definite.
func (c *Cancellation) Reference(r *Refund) string {
	return strconv.FormatUint(uint64(c.Payment), 10) + "." + strconv.Itoa(int(r.Leg)) + "." + strconv.FormatUint(uint64(c.Seq), 10)
}

// RefundStates is the states in the order of the calls, for the event log.
func (c *Cancellation) RefundStates() string {
	states := make([]string, len(c.Refunds))
	for i, r := range c.Refunds {
		states[i] = string(r.State)
	}
	return strings.Join(states, ",")
}

func (c *Cancellation) refunded() (sum int64, all bool) {
	all = true
	for _, r := range c.Refunds {
		if r.State == Refunded {
			sum += r.Amount
		}
		all = all && r.State == Refunded
	}
	return sum, all
}

// refused is the refund that a means said no to, or nil.
func (c *Cancellation) refused() *Refund {
	for i := range c.Refunds {
		if c.Refunds[i].State == RefundRefused {
			return &c.Refunds[i]
		}
	}
	return nil
}

// moveRefund panics on an illegal move: a programmer's mistake.
func (c *Cancellation) moveRefund(r *Refund, to RefundState) {
	if err := check(RefundMoves, r.State, to); err != nil {
		panic(fmt.Sprintf("cancellation %d.%d: %v", c.Payment, c.Seq, err))
	}
	r.State = to
}
