package payment

import "fmt"

// The tables below are the only place where moves between states are written down. The code asks them before it
// moves, each SQL write compares the state and version it moves from, and the diagram in docs/states.md is made from them.

// State is where a payment stands.
type State string

// The states of a payment. PAID and FAILED are final; REVIEW waits for a person and keeps the order's guard.
const (
	Accepted   State = "ACCEPTED"   // asynchronous, nobody has started it
	Processing State = "PROCESSING" // somebody calls the means, or did until it died
	Paid       State = "PAID"
	Undoing    State = "UNDOING" // what is held or charged is given back; nothing goes forward from here
	Failed     State = "FAILED"
	Review     State = "REVIEW"
)

// LegState is where one leg of a payment stands.
type LegState string

// The states of a leg. UNKNOWN is not a failure: money may have moved.
const (
	Pending  LegState = "PENDING" // its call may have gone out
	Held     LegState = "HELD"    // reserved, not yet confirmed
	Captured LegState = "CAPTURED"
	Declined LegState = "DECLINED" // the means said no
	Absent   LegState = "ABSENT"   // provably never processed
	Unknown  LegState = "UNKNOWN"
	Voided   LegState = "VOIDED"   // was captured, given back
	Released LegState = "RELEASED" // was held, given back
)

// CancellationState is where a cancellation stands.
type CancellationState string

// The states of a cancellation. SUCCEEDED and FAILED are final; REVIEW waits for a person and keeps what it claimed.
const (
	CancelProcessing CancellationState = "PROCESSING"
	CancelSucceeded  CancellationState = "SUCCEEDED"
	CancelFailed     CancellationState = "FAILED"
	CancelReview     CancellationState = "REVIEW"
)

// RefundState is where one refund of a cancellation stands.
type RefundState string

// The states of a refund. PENDING is repeated, with the same reference, until its answer is definite.
const (
	RefundPending RefundState = "PENDING"
	Refunded      RefundState = "REFUNDED"
	RefundRefused RefundState = "REFUSED"
	RefundAbsent  RefundState = "ABSENT" // never called
)

// Move is one line of a table of transitions.
type Move[S ~string] struct {
	From, To S
	When     string // why, for the reader and the diagram
}

// PaymentMoves is every legal move of a payment. The empty state is the one before it exists.
var PaymentMoves = []Move[State]{
	{"", Accepted, "created, asynchronous"},
	{"", Processing, "created, synchronous"},
	{Accepted, Processing, "claimed"},
	{Accepted, Failed, "expired"},
	{Processing, Processing, "an outcome became known"},
	{Processing, Paid, "captured in full"},
	{Processing, Undoing, "cannot go forward, something may be held or charged"},
	{Processing, Failed, "by the lease's holder: every leg DECLINED, ABSENT or never called"},
	{Processing, Accepted, "by the lease's holder, asynchronous: every leg ABSENT or never called"},
	{Processing, Review, "captured in full, and not confirmed within the PG's window"},
	{Undoing, Undoing, "a leg was given back"},
	{Undoing, Failed, "every leg ABSENT, DECLINED, RELEASED or VOIDED"},
	{Undoing, Review, "not undone within the PG's window"},
	{Review, Paid, "settled by a person"},
	{Review, Failed, "settled by a person"},
}

// LegMoves is every legal move of a leg.
var LegMoves = []Move[LegState]{
	{Pending, Held, "reserved"},
	{Pending, Captured, "charged"},
	{Pending, Declined, "declined"},
	{Pending, Absent, "provably not processed, or never called"},
	{Pending, Unknown, "anything else than a definite answer"},
	{Absent, Pending, "only with PROCESSING to ACCEPTED"},
	{Unknown, Held, "inquiry found it"},
	{Unknown, Captured, "inquiry found it"},
	{Unknown, Declined, "inquiry found it"},
	{Unknown, Absent, "proved absent"},
	{Unknown, Voided, "only while UNDOING, or by a person in REVIEW"},
	{Unknown, Released, "only while UNDOING, or by a person in REVIEW"},
	{Held, Captured, "confirmed"},
	{Held, Released, "released"},
	{Captured, Voided, "only while UNDOING, or by a person in REVIEW"},
}

// CancellationMoves is every legal move of a cancellation.
var CancellationMoves = []Move[CancellationState]{
	{"", CancelProcessing, "created"},
	{CancelProcessing, CancelProcessing, "a refund became known"},
	{CancelProcessing, CancelSucceeded, "every refund given back"},
	{CancelProcessing, CancelFailed, "the first means refused, nothing was given back"},
	{CancelProcessing, CancelReview, "a later means refused, or not definite within the PG's window"},
	{CancelReview, CancelSucceeded, "settled by a person"},
	{CancelReview, CancelFailed, "settled by a person"},
}

// RefundMoves is every legal move of a refund.
var RefundMoves = []Move[RefundState]{
	{RefundPending, Refunded, "given back"},
	{RefundPending, RefundRefused, "refused"},
	{RefundPending, RefundAbsent, "never called: a means before it refused"},
}

// Final says that nothing moves from here any more.
func (s State) Final() bool { return s == Paid || s == Failed }

// Final says that nothing moves from here any more.
func (s CancellationState) Final() bool { return s == CancelSucceeded || s == CancelFailed }

// Gone says that the leg holds no money and never will.
func (s LegState) Gone() bool {
	return s == Absent || s == Declined || s == Released || s == Voided
}

func check[S ~string](table []Move[S], from, to S) error {
	for _, m := range table {
		if m.From == from && m.To == to {
			return nil
		}
	}
	return fmt.Errorf("no move from %q to %q in the table of transitions", from, to)
}
