package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"gazua.example/infra/lifecycle"
)

// phases is how payment-api ends. Each step takes away what nobody needs any more, and nothing earlier:
//
//	signal ─► readiness off ─► the balancer notices ─► stop accepting ─► finish ─► close ─► exit code
//	          ├─ all is served as before, each answer closes its connection ─┤
//
// What is left at the end is no payment lost: each is open work in the database, and a worker's resolver ends it when its
// lease is over. Its merchant asks again with the same key.
func (p *program) phases() []lifecycle.Phase {
	s, resolver := p.settings, "a worker's resolver ends what was begun, when its lease is over"
	return []lifecycle.Phase{
		{Name: "readiness off", Skip: p.admin == nil, Bound: time.Second, Do: p.unready},
		{Name: "balancer notices", Skip: !p.serving, Bound: s.balancerWait + time.Second, Do: p.farewell},
		{Name: "stop accepting", Skip: !p.serving, Bound: time.Second, Do: p.stopAccepting},
		{Name: "finish requests", Skip: !p.serving, Bound: s.finish, Do: p.finishRequests, Left: p.requests, Heir: resolver},
		{Name: "finish detached work", Skip: !p.serving, Bound: s.limits.SyncDeadline + s.limits.MeansTimeout, Do: p.finishPayments, Left: p.payments, Heir: resolver},
		{Name: "close pools", Bound: 5 * time.Second, Do: p.closePools},
		{Name: "flush telemetry", Bound: 5 * time.Second, Do: p.tel.Stop},
		{Name: "close admin", Skip: p.admin == nil, Bound: time.Second, Do: p.closeAdmin},
	}
}

// unready answers the balancer's next look with 503. We serve on: until it has looked, it sends us requests.
func (p *program) unready(context.Context) error {
	p.admin.Leave()
	return nil
}

// farewell gives the balancer the time to look, and clients the hint to open their next connection elsewhere.
func (p *program) farewell(ctx context.Context) error {
	p.api.Farewell()
	return lifecycle.Pause(ctx, p.settings.balancerWait)
}

func (p *program) stopAccepting(ctx context.Context) error { return p.api.StopAccepting(ctx) }

func (p *program) finishRequests(ctx context.Context) error { return p.api.Finish(ctx) }

func (p *program) requests() string {
	return lifecycle.Counted(lifecycle.Count{N: p.api.Requests(), One: "request in flight", Many: "requests in flight"})
}

// finishPayments waits for those whose merchants asked for an early answer (Prefer: wait) and got it.
func (p *program) finishPayments(ctx context.Context) error {
	return lifecycle.Ended(ctx, func() error { p.service.Wait(); return nil })
}

func (p *program) payments() string {
	return lifecycle.Counted(lifecycle.Count{N: p.service.UnderWay(), One: "payment in flight", Many: "payments in flight"})
}

// closePools closes what was opened, the last one first: whoever uses a pool is closed before it.
func (p *program) closePools(context.Context) error {
	var errs []error
	for _, closePool := range slices.Backward(p.pools) {
		errs = append(errs, closePool())
	}
	return errors.Join(errs...)
}

func (p *program) closeAdmin(ctx context.Context) error { return p.admin.Stop(ctx) }
