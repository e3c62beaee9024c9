package payment

import (
	"errors"
	"fmt"
	"time"
)

// Limits are the deadlines that make recovery safe. They hang together: Validate says how.
type Limits struct {
	MeansTimeout    time.Duration // one call to a means
	SyncDeadline    time.Duration // a synchronous request: no further call starts after this
	Lease           time.Duration // a piece of work is one process's for this long
	Margin          time.Duration // no forward call goes out in the last Margin of a lease
	ResolveDeadline time.Duration // not forward by then, from the start of PROCESSING: undo
	LateBound       time.Duration // a means may still book a request that arrives this late
	Window          time.Duration // how long the PG lets a charge be net-cancelled; after that: REVIEW
	Expires         time.Duration // an asynchronous payment is not started later than this
	ReservationTTL  time.Duration // how long the means keep a reservation for us
	Defer           time.Duration // how long an asynchronous payment waits for its means to come back
	RescueAfter     time.Duration // an accepted payment without a message is looked for after this
	CancelWindow    time.Duration // a payment can be canceled for this long; shorter than retention
}

// DefaultLimits are the ones that the test bed's figures are for.
func DefaultLimits() Limits {
	return Limits{
		MeansTimeout: 2 * time.Second, SyncDeadline: 5 * time.Second, Lease: 15 * time.Second, Margin: 3 * time.Second,
		ResolveDeadline: time.Minute, LateBound: 10 * time.Second, Window: time.Hour, Expires: 10 * time.Minute,
		ReservationTTL: 10 * time.Minute, Defer: 2 * time.Second, RescueAfter: time.Minute, CancelWindow: 30 * 24 * time.Hour,
	}
}

// Validate names every rule that the limits break.
func (l Limits) Validate() error {
	var faults []error
	rule := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	rule(l.Margin > l.MeansTimeout, "the margin (%s) must be over the means' time-out (%s): a call sent at the last moment must end within the lease", l.Margin, l.MeansTimeout)
	rule(l.Lease > l.Margin, "the lease (%s) must be over its margin (%s)", l.Lease, l.Margin)
	rule(l.Lease > l.SyncDeadline+l.MeansTimeout, "the lease (%s) must be over the sync deadline and the means' time-out (%s)", l.Lease, l.SyncDeadline+l.MeansTimeout)
	rule(l.ResolveDeadline > l.Lease, "the resolve deadline (%s) must be over the lease (%s)", l.ResolveDeadline, l.Lease)
	needed := max(l.SyncDeadline, l.Lease) + l.ResolveDeadline + l.LateBound
	rule(l.ReservationTTL > needed, "reservations (%s) must live longer than sync deadline or lease + resolve deadline + late bound (%s)", l.ReservationTTL, needed)
	rule(l.Window > l.ResolveDeadline+2*l.LateBound, "the PG's window (%s) must leave time to undo after the resolve deadline (%s)", l.Window, l.ResolveDeadline)
	rule(l.RescueAfter < l.Expires, "an accepted payment must be looked for (%s) before it expires (%s)", l.RescueAfter, l.Expires)
	return errors.Join(faults...)
}
