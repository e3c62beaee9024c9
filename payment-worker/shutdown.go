package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"gazua.example/infra/lifecycle"
)

// phases is how payment-worker ends. Each step takes away what nobody needs any more, and nothing earlier:
//
//	signal ─► readiness off ─► stop consuming ─► finish background work ─► close ─► exit code
//	                           │                 └─ relay: sends and marks what it has claimed; resolver, callbacks: what they have in hand
//	                           └─ reads no more ─► finishes what it has in hand ─► commits ─► leaves the group
//
// What is left at the end is nothing lost: messages that were not committed come again, and everything else is a lease in the
// database that runs out.
func (p *program) phases() []lifecycle.Phase {
	s := p.settings
	others := "their messages come again to another worker, and its resolver ends what was begun"
	leases := "another worker takes it up when its lease is over"
	return []lifecycle.Phase{
		{Name: "readiness off", Skip: p.admin == nil, Bound: time.Second, Do: p.unready},
		{Name: "stop consuming", Skip: p.consuming == nil, Bound: s.finish, Do: p.stopConsuming, Left: p.messages, Heir: others},
		{Name: "finish background work", Skip: p.background == nil, Bound: s.finish, Do: p.finishBackground, Left: p.inHand, Heir: leases},
		{Name: "close pools", Bound: 5 * time.Second, Do: p.closePools},
		{Name: "flush telemetry", Bound: 5 * time.Second, Do: p.tel.Stop},
		{Name: "close admin", Skip: p.admin == nil, Bound: time.Second, Do: p.closeAdmin},
	}
}

// unready is for who looks after us; no balancer stands before a worker.
func (p *program) unready(context.Context) error {
	p.admin.Leave()
	return nil
}

func (p *program) stopConsuming(ctx context.Context) error { return p.consuming.finish(ctx) }

func (p *program) messages() string {
	return lifecycle.Counted(lifecycle.Count{N: p.rooms.consumer.InHand(), One: "message in hand", Many: "messages in hand"})
}

// finishBackground comes second: what the last messages brought about, callbacks above all, is begun here and not elsewhere.
func (p *program) finishBackground(ctx context.Context) error { return p.background.finish(ctx) }

func (p *program) inHand() string {
	unsent, unmarked := p.rooms.relay.InHand()
	left := lifecycle.Counted(
		lifecycle.Count{N: unsent, One: "outbox row claimed and not sent", Many: "outbox rows claimed and not sent"},
		lifecycle.Count{N: unmarked, One: "outbox row sent and not marked", Many: "outbox rows sent and not marked"},
		lifecycle.Count{N: p.rooms.resolver.InHand(), One: "piece of open work in hand", Many: "pieces of open work in hand"},
		lifecycle.Count{N: p.rooms.callbacks.InFlight(), One: "callback in flight", Many: "callbacks in flight"},
	)
	if left == "" {
		left = p.background.late()
	}
	return left
}

// closePools closes what was opened, the last one first: whoever uses a pool is closed before it.
func (p *program) closePools(context.Context) error {
	var errs []error
	for _, closePool := range slices.Backward(p.rooms.pools) {
		errs = append(errs, closePool())
	}
	return errors.Join(errs...)
}

func (p *program) closeAdmin(ctx context.Context) error { return p.admin.Stop(ctx) }
