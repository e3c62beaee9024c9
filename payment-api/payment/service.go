package payment

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Service does what a merchant or a message asks for. API and worker have one each; what it knows of payments is in the
// store.
type Service struct {
	Store    Store
	Gateway  Gateway
	Clock    Clock
	IDs      *IDs     // the API's; the worker creates nothing
	Outbox   Outbox   // the API's; nil: it has no bound
	Delivery Delivery // the worker's; the API resolves nothing
	Limits   Limits
	Actor    string // this process, in events and leases
	Log      *slog.Logger

	behind   sync.WaitGroup // work whose callers were, or may be, answered before it ends
	underWay atomic.Int64   // how much of it there is
}

// How is how a merchant wants to be answered.
type How struct {
	Mode  Mode
	Wait  time.Duration // synchronous: at most this long; 0: up to the sync deadline. The work goes on behind, in the caller's ctx
	Trace string        // trace context that rides along to the worker
}

// Created is what a create request is to be answered.
type Created struct {
	Answer
	Payment  ID
	Replayed bool // the answer was given before
}

// Create makes a payment and, synchronous, settles it. Errors are *Error. All but KindUnavailable say that this request
// left nothing behind; after that one the same request with the same key tells.
func (s *Service) Create(ctx context.Context, merchant MerchantID, keyHash [32]byte, r *Request, how How) (Created, error) {
	if err := r.Validate(); err != nil {
		return Created{}, err
	}
	p := newPayment(s.IDs.Next(), merchant, keyHash, how.Mode, r)
	if err := s.mayBegin(how.Mode, p); err != nil {
		return Created{}, err
	}
	received := s.Clock.Now() // before the statement that sets the lease is sent
	claim := NewPayment{Payment: p, RequestHash: r.Hash(), Trace: how.Trace, Actor: s.Actor}
	if how.Mode == Async {
		accepted := p.pendingAnswer()
		claim.Answer, claim.Due, claim.Expires = &accepted, s.Limits.RescueAfter, s.Limits.Expires
	} else {
		claim.Due, claim.Lease = s.Limits.Lease, s.Limits.Lease
	}
	claimed := s.Store.Claim(ctx, []NewPayment{claim})[0]
	switch {
	case claimed.Err != nil:
		return Created{}, unavailable(claimed.Err, "the payment could not be stored; send the same request again")
	case claimed.Key != nil:
		return replay(claimed.Key, claim.RequestHash)
	case claimed.Guard != nil:
		return Created{}, guarded(claimed.Guard)
	case how.Mode == Async:
		return Created{Answer: *claim.Answer, Payment: p.ID}, nil
	}
	id, keyed := p.ID, Payment{ID: p.ID, Merchant: p.Merchant, KeyHash: p.KeyHash, State: Processing} // p is the work's from here on
	answer, err := s.within(how.Wait,
		func() (Answer, error) { return s.settleNow(ctx, p, received) },
		func() (Answer, error) { return s.answerPending(ctx, &keyed) })
	return Created{Answer: answer, Payment: id}, err
}

// mayBegin refuses, before anything is spent on it, what could only pile up: a synchronous payment whose means is down, and an
// asynchronous one while too many wait to be taken up. It looks at no key: who repeats a request that was accepted is told to come
// again, too, and then gets its answer.
func (s *Service) mayBegin(mode Mode, p *Payment) error {
	switch {
	case mode == Sync && !s.Gateway.Reachable(p.Legs...):
		return unavailable(nil, "a payment means is not available now; nothing was created")
	case mode == Async && s.Outbox != nil && s.Outbox.Full():
		return &Error{Kind: KindBacklogFull, RetryAfter: backlogRetry, Detail: "too many asynchronous payments wait to be worked on; nothing was created; synchronous ones are taken"}
	}
	return nil
}

// backlogRetry is longer than other waits: a full outbox needs a while to drain, and opens again only well below its bound.
const backlogRetry = 5 * time.Second

// Get reads a payment for its merchant.
func (s *Service) Get(ctx context.Context, merchant MerchantID, id ID) (*Payment, error) {
	found, err := s.Store.Load(ctx, []ID{id})
	if err != nil {
		return nil, unavailable(err, "the payment could not be read; try again")
	}
	if len(found) == 0 {
		return nil, s.nothingThere(ctx, id)
	}
	if found[0].Merchant != merchant {
		return nil, &Error{Kind: KindNotFound, Detail: "no payment with this id"}
	}
	return found[0], nil
}

// settleNow runs the saga of a payment that was just created and answers: 201 with the final state; 202 where it is not
// final by the deadline; what the other one stored where somebody else settled it.
func (s *Service) settleNow(ctx context.Context, p *Payment, received time.Time) (Answer, error) {
	err := s.settle(ctx, p, Until{
		Start:  received.Add(s.Limits.SyncDeadline),
		SendBy: received.Add(s.Limits.Lease - s.Limits.Margin),
	})
	if err == nil && p.State.Final() {
		return p.finalAnswer(), nil
	}
	if err != nil && !errors.Is(err, ErrMissed) {
		return Answer{}, unavailable(err, "the outcome could not be stored; send the same request again")
	}
	return s.answerPending(ctx, &Payment{ID: p.ID, Merchant: p.Merchant, KeyHash: p.KeyHash, State: Processing}) // p's state may be past
}

// answerPending stores 202 unless somebody has answered already, and returns the answer that stands.
func (s *Service) answerPending(ctx context.Context, p *Payment) (Answer, error) {
	answer, err := s.Store.Answer(ctx, p.Merchant, p.KeyHash, p.pendingAnswer())
	if err != nil {
		return Answer{}, unavailable(err, "the answer could not be stored; send the same request again")
	}
	return answer, nil
}

func replay(k *KeyRecord, requestHash [32]byte) (Created, error) {
	if k.RequestHash != requestHash {
		return Created{}, &Error{
			Kind: KindKeyReused, Payment: k.Payment,
			Detail: "this Idempotency-Key was used for another request; use a new key for a new request",
		}
	}
	if k.Answer == nil {
		return Created{}, &Error{
			Kind: KindInProgress, Payment: k.Payment, RetryAfter: time.Second,
			Detail: "the request with this Idempotency-Key is still being processed",
		}
	}
	return Created{Answer: *k.Answer, Payment: k.Payment, Replayed: true}, nil
}

func guarded(g *GuardRecord) error {
	if g.State == Paid {
		return &Error{Kind: KindOrderPaid, Payment: g.Payment, Detail: "this order is paid already"}
	}
	return &Error{Kind: KindOrderBusy, Payment: g.Payment, RetryAfter: time.Second, Detail: "another payment of this order is being processed"}
}
