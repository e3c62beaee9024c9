package payment

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of trouble an error is; HTTP status and retry rules follow from it in one place each.
type Kind string

// The kinds of errors that a caller gets.
const (
	KindInvalid     Kind = "invalid-request"
	KindNotFound    Kind = "not-found"
	KindKeyReused   Kind = "idempotency-key-reused"
	KindInProgress  Kind = "request-in-progress"
	KindOrderBusy   Kind = "order-in-progress"
	KindOrderPaid   Kind = "order-already-paid"
	KindUnavailable Kind = "unavailable"
	KindBacklogFull Kind = "backlog-full"

	KindNotPaid       Kind = "payment-not-paid"
	KindPaymentFailed Kind = "payment-failed"
	KindCancelBusy    Kind = "cancellation-in-progress"
	KindCancelExceeds Kind = "cancellation-exceeds"
	KindCouponWhole   Kind = "coupon-not-divisible"
	KindCancelTooLate Kind = "cancellation-window-passed"
	KindArchived      Kind = "archived"
)

// Error is what the domain tells a caller. Detail is written for people outside; the cause stays inside.
type Error struct {
	Kind       Kind
	Detail     string
	Payment    ID            // where one is concerned
	RetryAfter time.Duration // where trying again helps
	Cause      error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Kind, e.Detail, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Detail)
}

func (e *Error) Unwrap() error { return e.Cause }

// Errors of the store.
var (
	// ErrMissed: somebody else moved the payment since it was read. Not a fault: the other one goes on.
	ErrMissed = errors.New("the payment was moved by somebody else")
	// ErrUnavailable: not committed, or nobody can tell.
	ErrUnavailable = errors.New("the store is not available")
)

func invalid(format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Detail: fmt.Sprintf(format, args...)}
}

func unavailable(cause error, detail string) *Error {
	return &Error{Kind: KindUnavailable, Detail: detail, RetryAfter: time.Second, Cause: cause}
}
