package gateway

import (
	"context"
	"net/url"
	"time"
)

// way is one road to an instance of a means: a bounded number of calls in flight, each with a pooled connection of its own.
type way struct {
	pool   *pool
	places chan struct{} // the bulkhead: a token for each call in flight
	wait   time.Duration
}

func newWay(to *url.URL, places int, wait time.Duration) *way {
	return &way{pool: newPool(to), places: make(chan struct{}, places), wait: wait}
}

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
