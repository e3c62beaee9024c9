package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"

	"gazua.example/payment-api/payment"
)

// BreakerOptions say when a means counts as down.
type BreakerOptions struct {
	Window   time.Duration // failures are counted over this; longer than the time-out, or slow failures never count
	Failures float64       // share of calls that opens it
	Volume   int           // of at least this many
	Open     time.Duration // how long it stays open before it tries again
	Probes   int           // calls that try
}

// breaker opens when a means does not answer. A decline is an answer, and so is a 4xx: a merchant's malformed token must
// not close the means to all the others. A 429, a send-by that passed and a caller that left say nothing.
type breaker struct {
	inner  *gobreaker.CircuitBreaker[payment.Reply]
	probes uint32
}

var (
	errUnclear  = errors.New("no definite answer")
	errOurOwn   = errors.New("says nothing about the means")
	errAbsent   = errors.New("not reached")
	bucketCount = 10
)

func newBreaker(name string, o BreakerOptions) *breaker {
	return &breaker{probes: uint32(o.Probes), inner: gobreaker.NewCircuitBreaker[payment.Reply](gobreaker.Settings{
		Name:         name,
		MaxRequests:  uint32(o.Probes),
		Interval:     o.Window,
		BucketPeriod: o.Window / time.Duration(bucketCount),
		Timeout:      o.Open,
		// Of the calls that have ended: those under way, which hang for as long as the time-out, would keep it closed twice as long.
		ReadyToTrip: func(c gobreaker.Counts) bool {
			ended := c.TotalSuccesses + c.TotalFailures
			return int(ended) >= o.Volume && float64(c.TotalFailures) >= o.Failures*float64(ended)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errOurOwn) },
	})}
}

// open says that a call would be refused now. While probes are under way it would be, too: a payment that was begun then
// would only be created to fail.
func (b *breaker) open() bool {
	switch b.inner.State() {
	case gobreaker.StateOpen:
		return true
	case gobreaker.StateHalfOpen:
		c := b.inner.Counts()
		return c.Requests >= c.TotalExclusions+b.probes
	default:
		return false
	}
}

func (b *breaker) do(ctx context.Context, call func() payment.Reply) payment.Reply {
	reply, err := b.inner.Execute(func() (payment.Reply, error) {
		reply := call()
		switch {
		case reply.Result == payment.TooLate || reply.Code == codeTooMany || ctx.Err() != nil:
			return reply, errOurOwn
		case reply.Result == payment.Unclear && !strings.HasPrefix(reply.Code, "http-4"):
			return reply, errUnclear
		case reply.Result == payment.NotProcessed:
			return reply, errAbsent
		}
		return reply, nil
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return payment.Reply{Result: payment.NotProcessed, Code: "breaker-open"}
	}
	return reply
}
