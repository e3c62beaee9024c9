package gateway

import (
	"context"
	"net"
	"net/http"
	"time"
)

// way is one road to an instance of a means: a bounded number of calls in flight, each with a pooled connection of its own.
type way struct {
	base   string
	client *http.Client
	places chan struct{} // the bulkhead: a token for each call in flight
	wait   time.Duration
}

// idleTimeout ends idle connections before the means does (a minute or more), so that a call rarely meets a dead one.
const idleTimeout = 30 * time.Second

// writeBuffer holds the header of a request, the largest trace state included: the transport flushes a buffer that is
// full, and wholeConn must see the header's end.
const writeBuffer = 16 << 10

func newWay(base string, places int, wait time.Duration) *way {
	transport := &http.Transport{
		DialContext:         dialer(&net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}),
		MaxIdleConns:        places,
		MaxIdleConnsPerHost: places, // the default keeps two, and dials anew for all the others
		MaxConnsPerHost:     places,
		IdleConnTimeout:     idleTimeout,
		WriteBufferSize:     writeBuffer,
		DisableCompression:  true,
	}
	return &way{
		base:   base,
		client: &http.Client{Transport: transport, CheckRedirect: stayHere},
		places: make(chan struct{}, places),
		wait:   wait,
	}
}

// stayHere follows no redirect: what somebody else answers is not the means' answer.
func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// enter takes a place; false: none came free in time.
func (w *way) enter(ctx context.Context) bool {
	select {
	case w.places <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(w.wait)
	defer timer.Stop()
	select {
	case w.places <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (w *way) leave() { <-w.places }
