package record

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency is a distribution of times that many goroutines record into. It is cut into shards, each with a lock of its
// own, because hdrhistogram is not safe for concurrent use and one lock would be a queue of its own making.
//
// A shard holds only what came since the last Gather; Gather merges it into the whole. So the live line has the last
// interval's figures without a second recording, and a later chart over time has them too.
type Latency struct {
	shards [shards]shard
	mu     sync.Mutex // guards whole
	whole  *hdrhistogram.Histogram
}

type shard struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
	_  [40]byte // neighbours' locks on lines of their own
}

const (
	shards  = 4
	longest = int64(time.Hour / time.Microsecond) // in µs; longer counts as this
	digits  = 3
)

// NewLatency makes an empty distribution.
func NewLatency() *Latency {
	l := &Latency{whole: newHistogram()}
	for i := range l.shards {
		l.shards[i].h = newHistogram()
	}
	return l
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }

// Record adds one time; key spreads the callers over the shards.
func (l *Latency) Record(key int, d time.Duration) {
	s := &l.shards[key%shards]
	s.mu.Lock()
	_ = s.h.RecordValue(min(max(d.Microseconds(), 1), longest)) // cannot be out of range
	s.mu.Unlock()
}

// Gather merges the shards into the whole and returns the figures of what came since the last call.
func (l *Latency) Gather() Figures {
	interval := newHistogram()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		interval.Merge(s.h)
		s.h.Reset()
		s.mu.Unlock()
	}
	l.mu.Lock()
	l.whole.Merge(interval)
	l.mu.Unlock()
	return figures(interval)
}

// Whole is the figures of everything recorded.
func (l *Latency) Whole() Figures {
	l.Gather()
	l.mu.Lock()
	defer l.mu.Unlock()
	return figures(l.whole)
}

// Figures are the usual points of a distribution, in milliseconds.
type Figures struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p99_9_ms"`
	Max   float64 `json:"max_ms"`
}

func figures(h *hdrhistogram.Histogram) Figures {
	if h.TotalCount() == 0 {
		return Figures{}
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	return Figures{
		Count: h.TotalCount(), Mean: float64(int64(h.Mean())) / 1000,
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1000,
	}
}
