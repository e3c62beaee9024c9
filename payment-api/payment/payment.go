// Package payment is the domain: what a payment is, how it is created, settled, and recovered when somebody died on the
// way. It knows no HTTP, SQL or Kafka; they reach it through the ports in ports.go. Everything that moves a payment goes
// through this package, whether the API, the worker or the resolver does it.
//
// One payment pays one order with one leg a means. The legs are a saga: reserve the coupon, reserve the points, charge
// the PG, confirm the reservations; or undo what was done, in reverse. Each leg's reference is committed before its call
// goes out, and a call without a definite answer leaves the leg UNKNOWN, never failed.
package payment

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MerchantID names who is paid.
type MerchantID uint32

// Means is what a leg is paid with.
type Means string

// The means, in the order in which a payment calls them: what is easiest to give back comes first.
const (
	Coupon Means = "COUPON"
	Point  Means = "POINT"
	PG     Means = "PG"
)

// callOrder decides the seq of the legs.
var callOrder = []Means{Coupon, Point, PG}

// Mode is how the merchant asked.
type Mode string

// The modes: wait for the outcome, or have it settled in the background.
const (
	Sync  Mode = "SYNC"
	Async Mode = "ASYNC"
)

// Reasons of a payment that is UNDOING or FAILED, and of a cancellation that is FAILED or in REVIEW.
const (
	ReasonDeclined    = "declined"
	ReasonUnavailable = "means-unavailable"
	ReasonInterrupted = "interrupted"
	ReasonExpired     = "expired"
	ReasonRefused     = "refused" // of a cancellation
)

// Payment is one payment with its legs, as read from the store or as it is to become. Its methods check every move
// against the tables; a Payment is not safe for concurrent use.
type Payment struct {
	ID       ID
	Merchant MerchantID
	Order    string
	Price    Money
	Mode     Mode
	State    State
	Version  uint32
	Reason   string
	KeyHash  [32]byte // the idempotency key that created it
	Canceled int64    // what SUCCEEDED cancellations gave back
	Legs     []Leg    // by Seq

	// By the database's clock; zero where it has not come to that.
	StartedAt, UndoingAt, ExpiresAt time.Time
	ReadAt                          time.Time // when this was read
}

// Leg is one means' share of a payment.
type Leg struct {
	Seq           uint8
	Means         Means
	Amount        int64
	State         LegState
	Token         string // payment-method token, opaque to us
	TransactionID string // the means' own id
	Code          string // why it was declined, or what made it unknown
	BookedAt      time.Time
}

// Reference is what the means knows this leg by: one reference a leg for ever, so that every call but a charge can be
// repeated.
func (p *Payment) Reference(l *Leg) string {
	return strconv.FormatUint(uint64(p.ID), 10) + "." + strconv.Itoa(int(l.Seq))
}

// LegStates is the states by seq, for the event log.
func (p *Payment) LegStates() string {
	states := make([]string, len(p.Legs))
	for i, l := range p.Legs {
		states[i] = string(l.State)
	}
	return strings.Join(states, ",")
}

// CapturedInFull says that every leg is held or captured and the PG's, if there is one, captured: the payment can go
// forward to PAID and need not go back.
func (p *Payment) CapturedInFull() bool {
	return p.every(func(l *Leg) bool { return l.State == Captured || l.State == Held && l.Means != PG })
}

func (p *Payment) every(is func(*Leg) bool) bool {
	for i := range p.Legs {
		if !is(&p.Legs[i]) {
			return false
		}
	}
	return true
}

func (p *Payment) any(is func(*Leg) bool) bool {
	return !p.every(func(l *Leg) bool { return !is(l) })
}

// moveLeg panics on an illegal move: who calls it has decided by the leg's state, so that is a programmer's mistake.
func (p *Payment) moveLeg(l *Leg, to LegState) {
	err := check(LegMoves, l.State, to)
	undo, back := to == Voided || to == Released && l.State == Unknown, p.State == Undoing || p.State == Review
	if err == nil && undo && !back {
		err = fmt.Errorf("a leg becomes %s only while UNDOING, or by a person in REVIEW", to)
	}
	if err != nil {
		panic(fmt.Sprintf("payment %d leg %d: %v", p.ID, l.Seq, err))
	}
	l.State = to
}
