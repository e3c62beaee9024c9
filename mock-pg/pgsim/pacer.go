package pgsim

import (
	"sync"
	"time"
)

// pacer lets answers wait for their moment. Go's own timers are up to a millisecond late on an idle process, because they
// wait in epoll_wait(2), which counts in milliseconds; a mock that promises a delay must not add to it. So all waiters
// stand in one queue, and one precise alarm of the kernel's wakes those that are due.
type pacer struct {
	alarm alarm
	start time.Time // the queue's zero
	over  chan struct{}

	mu      sync.Mutex // guards waiting, and setting the alarm
	waiting queue[chan struct{}]
}

// alarm rings once, after the duration that was set last.
type alarm interface {
	set(time.Duration)
	wait() error // until it rings; an error once it is closed
	Close() error
}

var wakers = sync.Pool{New: func() any { return make(chan struct{}, 1) }}

func startPacer() (*pacer, error) {
	a, err := newAlarm()
	if err != nil {
		return nil, err
	}
	p := &pacer{alarm: a, start: time.Now(), over: make(chan struct{})}
	go p.run()
	return p, nil
}

// until returns at the moment, or at once when it is past.
func (p *pacer) until(at time.Time) {
	left := time.Until(at)
	if left <= 0 {
		return
	}
	waker := wakers.Get().(chan struct{})
	due := int64(at.Sub(p.start))
	p.mu.Lock()
	p.waiting.add(due, waker)
	if p.waiting[0].at == due {
		p.alarm.set(left)
	}
	p.mu.Unlock()
	select {
	case <-waker:
		wakers.Put(waker)
	case <-p.over:
	}
}

func (p *pacer) run() {
	defer close(p.over)
	for p.alarm.wait() == nil {
		p.wakeDue()
	}
}

func (p *pacer) wakeDue() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		waker, ok := p.waiting.takeDue(int64(time.Since(p.start)))
		if !ok {
			break
		}
		waker <- struct{}{}
	}
	if len(p.waiting) > 0 {
		p.alarm.set(time.Duration(p.waiting[0].at) - time.Since(p.start))
	}
}

// stop lets everyone go who still waits: their clients were given up by then.
func (p *pacer) stop() {
	_ = p.alarm.Close()
	<-p.over
}
