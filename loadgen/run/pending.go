package run

import (
	"sync"
	"time"
)

// pending knows since when the oldest payment that is not final has been due. A payment's place in it is a number that
// grows with its planned time, so the oldest is the first that has not ended, and finding it is a look at the front:
//
//	first ▼
//	      [ 1.20s | ended | 1.31s | ended | ended | 1.52s ]
//
// What has ended in front is dropped at once. So it is as long as the payments planned since the oldest one, at 8 bytes
// each: a payment that hangs until the client's deadline at 1,000/s costs some 1 MiB.
type pending struct {
	mu      sync.Mutex // guards all below
	first   int        // the place of planned[0]
	planned []time.Duration
}

// ended marks a payment that is not pending any more.
const ended = time.Duration(-1)

// begin notes a payment that was due then, from the start, and returns its place.
func (p *pending) begin(planned time.Duration) (place int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned = append(p.planned, max(planned, 0))
	return p.first + len(p.planned) - 1
}

func (p *pending) end(place int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned[place-p.first] = ended
	dropped := 0
	for dropped < len(p.planned) && p.planned[dropped] == ended {
		dropped++
	}
	p.first += dropped
	p.planned = p.planned[dropped:]
}

// oldest is when the oldest one was due; false: none is pending.
func (p *pending) oldest() (planned time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.planned) == 0 {
		return 0, false
	}
	return p.planned[0], true
}

// OldestPending is the age of the oldest payment that was sent and is not final, counted from its planned time; 0 when
// there is none.
func (e *Engine) OldestPending(now time.Time) time.Duration {
	planned, ok := e.pending.oldest()
	if !ok {
		return 0
	}
	return max(now.Sub(e.start)-planned, 0)
}

// InFlight is how many requests are on their way.
func (e *Engine) InFlight() int64 { return e.inFlight.Load() }
