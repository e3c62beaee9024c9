// Package resolve takes up open work that is due: payments and cancellations whose outcome is unknown, that somebody
// died on, that were deferred or lost.
//
//	a place is free ─► take as much due work as there are free places ─► each piece gets its place, at once
//
// A piece waits for nobody but its own means: one that hangs keeps its one place, and the next look at what is due happens
// just the same. Nothing is taken that has no place, since its lease would run while it waits.
package resolve

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// Waits of the resolver.
const (
	idle   = 200 * time.Millisecond // between two looks when the last one found less than there was room for
	pause  = time.Second            // after a failure
	gather = 10 * time.Millisecond  // once a place came free, for others: one statement takes for all of them
)

// Work is what the resolver needs of the domain.
type Work interface {
	// TakeDue leases at most limit pieces of work that are due.
	TakeDue(ctx context.Context, limit int) ([]payment.Due, error)
	// Resolve brings one of them further. It bounds itself, and reports what goes wrong.
	Resolve(ctx context.Context, d payment.Due)
}

// Resolver is a bounded pool; Run is its life.
type Resolver struct {
	work   Work
	places chan struct{} // a token for each piece being worked on
	log    *slog.Logger
}

// New makes a resolver of at most places pieces at one time.
func New(work Work, places int, log *slog.Logger) *Resolver {
	return &Resolver{work: work, places: make(chan struct{}, places), log: log}
}

// Run resolves until ctx ends; what was taken by then is finished first.
func (r *Resolver) Run(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	unbroken := context.WithoutCancel(ctx) // work that is begun is finished
	for r.room(ctx) {
		free := cap(r.places) - len(r.places) // only we take places, so it never becomes less
		taken, err := r.work.TakeDue(unbroken, free)
		for _, d := range taken {
			r.places <- struct{}{}
			working.Go(func() {
				defer func() { <-r.places }()
				r.one(unbroken, d)
			})
		}
		switch {
		case err != nil:
			r.log.Warn("resolve: take", "error", err.Error())
			wait(ctx, pause)
		case len(taken) < free:
			wait(ctx, idle)
		}
	}
}

// one brings a piece further. A panic is this piece's own; the domain contains its mistakes itself, this is for what stands
// around it. Its lease runs out, and it is due again.
func (r *Resolver) one(ctx context.Context, d payment.Due) {
	ctx, resolving := begin(ctx, d)
	defer resolving.end(ctx)
	defer func() {
		if mistake := recover(); mistake != nil {
			r.log.ErrorContext(ctx, telemetry.PanicMessage, "where", "resolve", "payment_id", d.Payment().String(), "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
		}
	}()
	r.work.Resolve(ctx, d)
}

// InHand is how many pieces are being worked on.
func (r *Resolver) InHand() int { return len(r.places) }

// room waits until a place is free; false: ctx ended.
func (r *Resolver) room(ctx context.Context) bool {
	if len(r.places) == cap(r.places) {
		select {
		case r.places <- struct{}{}:
			<-r.places
		case <-ctx.Done():
			return false
		}
		wait(ctx, gather)
	}
	return ctx.Err() == nil
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
