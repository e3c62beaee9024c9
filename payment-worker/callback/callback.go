// Package callback tells merchants the end of what they were answered 202 for.
//
//	who has something due ─► a fair share of the free places for each ─► claim (a lease) ─► POST, signed ─┐
//	        ▲                                                                                           outcomes
//	        └──────────────── due again, after a backoff ◄── recorded together, one commit a batch ◄─────┘
//
// The places are bounded in total and for each merchant, and a merchant that fails keeps fewer and fewer, down to one: so
// one that hangs holds up nobody else, however much there is to tell it. Dying between a POST and its record sends it again
// when the lease ends, with the same id: merchants get each event at least once, in no promised order.
package callback

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// Bounds of the sender.
const (
	lease = 30 * time.Second       // far over the time-out of an attempt and the wait for its record
	idle  = 200 * time.Millisecond // between two looks when the last one found no full batch; callbacks gather and share commits
	pause = time.Second            // after a failure
)

// Store is what the sender needs of the store.
type Store interface {
	Waiting(ctx context.Context) ([]payment.MerchantID, error)
	Destinations(ctx context.Context, merchants []payment.MerchantID) (map[payment.MerchantID]mysql.Destination, error)
	Claim(ctx context.Context, owner string, shares []mysql.Share, lease time.Duration) ([]mysql.DueCallback, error)
	Record(ctx context.Context, owner string, outcomes []mysql.CallbackOutcome) error
}

// Options are the knobs.
type Options struct {
	Owner       string // this process, in leases
	InFlight    int    // callbacks being sent at one time
	PerMerchant int    // of these, at most so many of one merchant
	Timeout     time.Duration
	Allow       []netip.Prefix // private addresses that may be called all the same, by plain http too
	Resolver    *net.Resolver  // nil: the system's
}

// Sender sends callbacks; Run is its life.
type Sender struct {
	options  Options
	store    Store
	places   *places
	client   *client
	outcomes chan outcome
	metrics  *metrics
	log      *slog.Logger
	wait     func(attempts int, age time.Duration) (time.Duration, bool)
}

// outcome is what became of one attempt.
type outcome struct {
	mysql.CallbackOutcome
	merchant payment.MerchantID
}

// New makes a sender. It connects to nobody yet.
func New(o Options, store Store, log *slog.Logger) (*Sender, error) {
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	return &Sender{
		options: o, store: store, places: newPlaces(o.InFlight, o.PerMerchant), client: newClient(o),
		outcomes: make(chan outcome, o.InFlight), metrics: m, log: log, wait: backoff,
	}, nil
}

// Run sends until ctx ends; what was claimed by then is sent and recorded first.
func (s *Sender) Run(ctx context.Context) {
	defer s.client.close()
	unbroken := context.WithoutCancel(ctx)
	var sending, recording sync.WaitGroup
	recording.Go(func() { s.record(unbroken) })
	defer recording.Wait()
	defer close(s.outcomes)
	defer sending.Wait()
	for s.places.room(ctx) {
		short, err := s.round(unbroken, &sending)
		switch {
		case err != nil:
			s.log.Warn("callbacks", "error", err.Error())
			rest(ctx, pause)
		case short:
			s.places.freedWithin(ctx, idle)
		default:
			rest(ctx, idle)
		}
	}
}

// round claims what there is room for and begins to send it; short: somebody may have more due than there was room for.
func (s *Sender) round(ctx context.Context, sending *sync.WaitGroup) (short bool, err error) {
	waiting, err := s.store.Waiting(ctx)
	if err != nil {
		return false, err
	}
	shares, asked := s.places.shares(waiting)
	if asked == 0 {
		return len(waiting) > 0, nil
	}
	merchants := make([]payment.MerchantID, len(shares))
	for i, share := range shares {
		merchants[i] = share.Merchant
	}
	destinations, err := s.store.Destinations(ctx, merchants)
	if err != nil {
		return false, err
	}
	claimed, err := s.store.Claim(ctx, s.options.Owner, shares, lease)
	if err != nil {
		return false, err
	}
	if len(claimed) > 0 {
		s.metrics.batch(ctx, claims, len(claimed))
	}
	for _, d := range claimed {
		s.places.take(d.Merchant)
	}
	for _, d := range claimed {
		sending.Go(func() { s.outcomes <- s.attempt(ctx, d, destinations[d.Merchant]) })
	}
	return len(claimed) == asked || len(shares) < len(waiting), nil
}

// InFlight is how many callbacks are being sent, or sent and not recorded yet.
func (s *Sender) InFlight() int { return s.places.underWay() }

// attempt sends one callback once and says what is to become of it.
func (s *Sender) attempt(ctx context.Context, d mysql.DueCallback, to mysql.Destination) outcome {
	ctx, span := begin(ctx, d, to)
	began := time.Now()
	status, err := s.post(ctx, d, to)
	o := outcome{merchant: d.Merchant, CallbackOutcome: mysql.CallbackOutcome{ID: d.ID, State: mysql.CallbackDelivered, Status: status}}
	if err != nil {
		o.Error = plain(err)
		o.State = mysql.CallbackPending
		var giveUp bool
		if o.Wait, giveUp = s.wait(d.Attempts, d.Age); giveUp {
			o.State = mysql.CallbackGaveUp
			s.log.Error("callback given up", "event", eventID(d), "merchant", d.Merchant, "attempts", d.Attempts, "status", status, "error", o.Error)
		}
	}
	end(span, o.CallbackOutcome)
	s.metrics.count(ctx, o.CallbackOutcome, time.Since(began))
	return o
}

// post makes a panic an attempt that failed: of this callback, and of nobody else's.
func (s *Sender) post(ctx context.Context, d mysql.DueCallback, to mysql.Destination) (status int, err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			s.log.ErrorContext(ctx, telemetry.PanicMessage, "where", "callback", "event", eventID(d), "reason", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			status, err = 0, fmt.Errorf("panic: %v", mistake)
		}
	}()
	return s.client.post(ctx, d, to)
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
