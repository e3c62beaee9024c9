package record

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency is a distribution of times that many goroutines record into. It is cut into shards, each with a lock of its
// own, because hdrhistogram is not safe for concurrent use and one lock would be a queue of its own making.
//
// A shard holds only what came since the last Gather; Gather merges it into the whole. So the series has each second's
// figures without a second recording. Whoever gathers takes the interval away from all others: only the sampler does.
type Latency struct {
	shards   [shards]shard
	mu       sync.Mutex // guards whole and interval
	whole    *hdrhistogram.Histogram
	interval *hdrhistogram.Histogram
}

type shard struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
	_  [40]byte // neighbours' locks on lines of their own
}

// Times are kept in ns, which is what readers of HdrHistogram's logs take them for, and told apart from 1 µs on: the same
// number of buckets as µs would need.
const (
	shards   = 4
	shortest = int64(time.Microsecond)
	longest  = int64(time.Hour) // longer counts as this
	digits   = 3
)

// NewLatency makes an empty distribution.
func NewLatency() *Latency {
	l := &Latency{whole: newHistogram(), interval: newHistogram()}
	for i := range l.shards {
		l.shards[i].h = newHistogram()
	}
	return l
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

// Record adds one time; key spreads the callers over the shards.
func (l *Latency) Record(key int, d time.Duration) {
	s := &l.shards[key%shards]
	s.mu.Lock()
	_ = s.h.RecordValue(min(max(int64(d), shortest), longest)) // cannot be out of range
	s.mu.Unlock()
}

// Gather merges the shards into the whole and returns the figures of what came since the last call.
func (l *Latency) Gather() Figures { return l.gather(nil) }

// gather also adds the interval to a log, where there is one.
func (l *Latency) gather(log *HistogramLog) Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interval.Reset()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		if s.h.TotalCount() > 0 {
			l.interval.Merge(s.h)
			s.h.Reset()
		}
		s.mu.Unlock()
	}
	if l.interval.TotalCount() > 0 {
		l.whole.Merge(l.interval)
		log.add(l.interval)
	}
	return figures(l.interval)
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
	at := h.ValueAtPercentilesSlice(points)
	return Figures{
		Count: h.TotalCount(), Mean: ms(int64(h.Mean())),
		P50: ms(at[0]), P90: ms(at[1]), P99: ms(at[2]), P999: ms(at[3]), Max: ms(h.Max()),
	}
}

var points = []float64{50, 90, 99, 99.9}

// ms cuts ns to whole µs: nothing is measured more exactly.
func ms(ns int64) float64 { return float64(ns/1000) / 1000 }
