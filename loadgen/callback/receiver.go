// Package callback is the merchants' side of callbacks: it listens at the addresses that the stack registered for them,
// checks each signature as a merchant must, and tells the run what was called. Now and then it answers 500 on purpose,
// so that a callback must come again.
package callback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Bounds of one caller and one call; what the system sends is below 9 KB.
const (
	maxBody     = 64 << 10
	readTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
	closeWithin = 5 * time.Second
	workerIdle  = 100 * time.Millisecond // its keeper of idle goroutines outlives the server by this
)

// prefix is the path of the callbacks; the merchant's id follows.
const prefix = "/callbacks/"

// Merchant is whose callbacks are taken.
type Merchant struct {
	ID     uint32
	Secret string // whsec_<base64>
}

// Receiver listens for callbacks. Between Listen and Serve calls wait at its door.
type Receiver struct {
	listener net.Listener
	server   fasthttp.Server
	secrets  map[string][]byte // by the merchant's id as the path has it
	refuse   float64
	refused  refused
	each     func(*Call)
	served   chan struct{}
}

// Listen opens the door. refuse is the share of callbacks whose first attempt is answered 500. A merchant without a
// secret has no callbacks: a call for it is answered 404.
func Listen(address string, merchants []Merchant, refuse float64) (*Receiver, error) {
	r := &Receiver{secrets: map[string][]byte{}, refuse: refuse, served: make(chan struct{})}
	for _, m := range merchants {
		if m.Secret == "" {
			continue
		}
		secret, err := readSecret(m.Secret)
		if err != nil {
			return nil, fmt.Errorf("merchant %d: %w", m.ID, err)
		}
		r.secrets[strconv.FormatUint(uint64(m.ID), 10)] = secret
	}
	var err error
	if r.listener, err = net.Listen("tcp", address); err != nil {
		var cause *net.OpError
		if errors.As(err, &cause) {
			err = cause.Err // without the address, which is told already
		}
		return nil, fmt.Errorf("the merchants' callbacks cannot be received at %s, which CALLBACK_LISTEN names (does another loadgen run?): %w", address, err)
	}
	r.server = fasthttp.Server{
		Handler: r.serve, ReadTimeout: readTimeout, WriteTimeout: readTimeout, IdleTimeout: idleTimeout, MaxRequestBodySize: maxBody,
		MaxIdleWorkerDuration: workerIdle,
		NoDefaultServerHeader: true, NoDefaultDate: true, CloseOnShutdown: true, Logger: silent{},
	}
	return r, nil
}

// Serve takes calls until Close and hands each to each, which may be called by many goroutines at once.
func (r *Receiver) Serve(each func(*Call)) {
	r.each = each
	go func() {
		defer close(r.served)
		_ = r.server.Serve(r.listener) // it ends by Close
	}()
}

// Address is where it listens.
func (r *Receiver) Address() string { return r.listener.Addr().String() }

// Close ends what is on its way and takes no more. After it each is not called again.
func (r *Receiver) Close() {
	_ = r.listener.Close() // also where it was never served
	if r.each == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = r.server.ShutdownWithContext(ctx) // a caller that does not let go is left
	<-r.served
}

func (r *Receiver) serve(ctx *fasthttp.RequestCtx) {
	merchant, ok := strings.CutPrefix(string(ctx.Path()), prefix)
	secret, known := r.secrets[merchant]
	if !ctx.IsPost() || !ok {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	number, _ := strconv.ParseUint(merchant, 10, 32) // 0 for what is none
	call := &Call{At: time.Now(), Merchant: uint32(number)}
	if known {
		r.judge(call, ctx, secret)
	} else {
		call.Answered, call.Fault = fasthttp.StatusNotFound, "merchant"
	}
	r.each(call)
	ctx.SetStatusCode(call.Answered)
}

// judge decides the answer. What is not signed is not looked at any further than for the journal.
func (r *Receiver) judge(c *Call, ctx *fasthttp.RequestCtx, secret []byte) {
	header, body := &ctx.Request.Header, ctx.Request.Body()
	id, timestamp := header.Peek("Webhook-Id"), header.Peek("Webhook-Timestamp")
	valid := signed(secret, id, timestamp, body, header.Peek("Webhook-Signature"))
	inTime, undecoded := fresh(timestamp, c.At), c.decode(body)
	c.Signed = valid && inTime
	switch {
	case !valid:
		c.Answered, c.Fault = fasthttp.StatusUnauthorized, "signature"
	case !inTime:
		c.Answered, c.Fault = fasthttp.StatusUnauthorized, "timestamp"
	case undecoded != nil:
		c.Answered, c.Fault = fasthttp.StatusBadRequest, "body"
	case string(id) != c.id():
		c.Answered, c.Fault = fasthttp.StatusBadRequest, "id"
	case chosen(id, r.refuse) && r.refused.first(c.id()):
		c.Answered, c.Fault = fasthttp.StatusInternalServerError, Refused
	default:
		c.Answered = fasthttp.StatusNoContent
	}
}

// chosen draws by the callback's id: the same one in every attempt.
func chosen(id []byte, share float64) bool {
	hash := uint64(14695981039346656037)
	for _, c := range id {
		hash = (hash ^ uint64(c)) * 1099511628211 // FNV-1a
	}
	// Ids that differ in their last digits only differ in FNV's low bits only; the finalizer of SplitMix64 spreads them.
	hash = (hash ^ hash>>30) * 0xbf58476d1ce4e5b9
	hash = (hash ^ hash>>27) * 0x94d049bb133111eb
	return float64((hash^hash>>31)>>11)/(1<<53) < share
}

// refused remembers which callbacks were refused on purpose, so that each is only once.
type refused struct {
	mu  sync.Mutex // guards ids
	ids map[string]bool
}

// maxRefused bounds the memory of it: past it nothing is refused any more.
const maxRefused = 1_000_000

func (r *refused) first(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids[id] || len(r.ids) >= maxRefused {
		return false
	}
	if r.ids == nil {
		r.ids = map[string]bool{}
	}
	r.ids[id] = true
	return true
}

// silent drops the server's own words about callers that go away.
type silent struct{}

func (silent) Printf(string, ...any) {}
