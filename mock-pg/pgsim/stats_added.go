package pgsim

import (
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The added latency runs from the moment the whole request was read to the moment the answer is handed to the kernel, less
// the delay that the script wanted: it is the mock's own share, and a run in which it is large says nothing about the
// measured program. Answers that a fault spoils, and late ones, are not in it.

// addedLatency collects it. A request pays for one short lock and one addition; all else is done by whoever asks, and once
// a second by the meter (stats_meter.go).
//
//	requests ─► recent, in shards ─(each second, and when somebody asks)─► total, since the last reset
//	                                                    └─► OpenTelemetry's histogram, since the start
type addedLatency struct {
	recent [addedShards]addedShard

	mu    sync.Mutex // guards the rest; taken before the shards' locks
	total *hdrhistogram.Histogram
	batch *hdrhistogram.Histogram // what is being moved
	spare *hdrhistogram.Histogram // empty: it takes a shard's place, so that no request waits while that is read
	hand  func(value time.Duration, times int64)
}

type addedShard struct {
	mu     sync.Mutex
	values *hdrhistogram.Histogram // ns; not safe for concurrent use
}

const (
	addedShards       = 8
	slowestAdded      = int64(time.Minute)
	significantDigits = 3
)

// addedBounds are the upper ends of the buckets; longer ones than the last are counted as that.
var addedBounds = []time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, time.Duration(slowestAdded),
}

func (a *addedLatency) open() {
	a.total, a.batch, a.spare = newHistogram(), newHistogram(), newHistogram()
	for i := range a.recent {
		a.recent[i].values = newHistogram()
	}
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(time.Microsecond), slowestAdded, significantDigits)
}

// record takes one answer. The connection picks the shard, so that the cores rarely meet.
func (a *addedLatency) record(connection uint64, added time.Duration) {
	h := &a.recent[connection%addedShards]
	h.mu.Lock()
	_ = h.values.RecordValue(min(max(int64(added), 0), slowestAdded)) // in range, so it cannot fail
	h.mu.Unlock()
}

// collect moves what is recent to the total, and hands it on.
func (a *addedLatency) collect() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.move()
}

func (a *addedLatency) move() {
	for i := range a.recent {
		h := &a.recent[i]
		h.mu.Lock()
		h.values, a.spare = a.spare, h.values
		h.mu.Unlock()
		if a.spare.TotalCount() > 0 {
			a.batch.Merge(a.spare)
			a.spare.Reset()
		}
	}
	if a.batch.TotalCount() == 0 {
		return
	}
	a.total.Merge(a.batch)
	if a.hand != nil {
		for _, bar := range a.batch.Distribution() {
			if bar.Count > 0 {
				a.hand(time.Duration(bar.To), bar.Count)
			}
		}
	}
	a.batch.Reset()
}

// forget starts the total anew, so that each run is judged by its own figures.
func (a *addedLatency) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.move()
	a.total.Reset()
}

// latencyFigures are milliseconds.
type latencyFigures struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

func (a *addedLatency) figures() latencyFigures { return figuresOf(a.snapshot()) }

func figuresOf(h *hdrhistogram.Histogram) latencyFigures {
	return latencyFigures{
		Count: h.TotalCount(), P50: ms(h.ValueAtQuantile(50)), P99: ms(h.ValueAtQuantile(99)), P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()),
	}
}

func ms(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e3 }

// snapshot is a copy of the total, for those who take their time.
func (a *addedLatency) snapshot() *hdrhistogram.Histogram {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.move()
	return hdrhistogram.Import(a.total.Export())
}
