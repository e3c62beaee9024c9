package pgsim

import (
	"slices"
	"sync"
)

// standStill lets everything that is being decided end, and nothing else begin, until release is called. Then the state is
// that of one position of the book. It takes every lock that a booking needs, in the order in which bookings do:
//
//	names of refunds ─► shards of records ─► funding
//
// for one means after the other, always in the same order. Who holds one of them waits only for those further to the right,
// or for a wallet or the book, which nobody keeps.
func (s *Server) standStill() (release func()) {
	var taken []sync.Locker
	take := func(l sync.Locker) {
		l.Lock()
		taken = append(taken, l)
	}
	for _, means := range meansNames {
		for i := range s.engines[means].refunds {
			take(&s.engines[means].refunds[i].mu)
		}
	}
	for _, means := range meansNames {
		for i := range s.engines[means].shards {
			take(&s.engines[means].shards[i].mu)
		}
	}
	take(&s.funding)
	return func() {
		for _, l := range slices.Backward(taken) {
			l.Unlock()
		}
	}
}
