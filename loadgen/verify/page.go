package verify

import (
	"context"
	"fmt"
	"iter"
)

// pageSize is how many payments are fetched at once.
const pageSize = 2_000

// Payments yields the payments with from < id ≤ to in the order of their ids, page by page: a page is a range of ids, so
// its look-ups prune to its partitions.
func (s *Snapshot) Payments(ctx context.Context, from, to uint64) iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		reading, cancel := context.WithCancel(ctx)
		pages := make(chan fetched)
		go func() {
			defer close(pages)
			s.fetch(reading, from, to, pages)
		}()
		defer func() {
			cancel()
			for range pages { // until the reader has gone: there is but one connection
			}
		}()
		for page := range pages {
			if page.err != nil {
				yield(nil, page.err)
				return
			}
			for _, p := range page.payments {
				if !yield(p, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil { // so the pages may have ended before the payments
			yield(nil, fmt.Errorf("read the payments: %w", err))
		}
	}
}

// fetched is a page.
type fetched struct {
	payments []*Payment
	err      error
}

// fetch reads pages: the next one while the last one is judged, and no further.
func (s *Snapshot) fetch(ctx context.Context, from, to uint64, pages chan<- fetched) {
	for from < to {
		payments, until, err := s.page(ctx, from, to)
		if err != nil {
			err = fmt.Errorf("read the payments after %d: %w", from, err)
		}
		select {
		case pages <- fetched{payments, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		from = until
	}
}
