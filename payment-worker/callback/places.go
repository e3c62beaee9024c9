package callback

import (
	"context"
	"sync"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// places bounds what is being sent: so much in total, so much for each merchant. A merchant that fails has half as many
// after each failure in a row, at least one; a success gives it all of them again.
type places struct {
	total, each int

	mu        sync.Mutex
	taken     int
	merchants map[payment.MerchantID]*merchant // those that have a callback under way or failed the last time
	turn      int                              // who gets the first share
	freed     chan struct{}
}

type merchant struct {
	taken    int
	failures int // in a row
}

func newPlaces(total, each int) *places {
	return &places{total: total, each: each, merchants: map[payment.MerchantID]*merchant{}, freed: make(chan struct{}, 1)}
}

// room waits until a place is free; false: ctx ended.
func (p *places) room(ctx context.Context) bool {
	for ctx.Err() == nil {
		p.mu.Lock()
		full := p.taken >= p.total
		p.mu.Unlock()
		if !full {
			return true
		}
		select {
		case <-p.freed:
		case <-ctx.Done():
		}
	}
	return false
}

// freedWithin waits for a place that comes free, at most so long.
func (p *places) freedWithin(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-p.freed:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// shares divides the free places among the merchants that wait and have room, in turns.
func (p *places) shares(waiting []payment.MerchantID) (shares []mysql.Share, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.total - p.taken
	room := make([]int, len(waiting))
	for i, id := range waiting {
		room[i] = p.bound(id)
	}
	granted := make([]int, len(waiting))
	p.turn++
	for given := true; given && free > 0; {
		given = false
		for i := range waiting {
			j := (i + p.turn) % len(waiting)
			if granted[j] < room[j] && free > 0 {
				granted[j]++
				free--
				given = true
			}
		}
	}
	for i, n := range granted {
		if n > 0 {
			shares = append(shares, mysql.Share{Merchant: waiting[i], Limit: n})
			all += n
		}
	}
	return shares, all
}

// bound is how many more a merchant may have under way.
func (p *places) bound(id payment.MerchantID) int {
	m := p.merchants[id]
	if m == nil {
		return p.each
	}
	return max(1, p.each>>min(m.failures, 30)) - m.taken
}

func (p *places) take(id payment.MerchantID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	if p.merchants[id] == nil {
		p.merchants[id] = &merchant{}
	}
	p.merchants[id].taken++
}

// underWay is how many places are taken: by what is being sent, and by what was and is not recorded yet.
func (p *places) underWay() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// leave gives a place back and remembers how it went.
func (p *places) leave(id payment.MerchantID, delivered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	m := p.merchants[id]
	m.taken--
	m.failures++
	if delivered {
		m.failures = 0
	}
	if m.taken == 0 && m.failures == 0 {
		delete(p.merchants, id)
	}
	select {
	case p.freed <- struct{}{}:
	default:
	}
}
