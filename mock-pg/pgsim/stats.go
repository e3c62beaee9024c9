package pgsim

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// stats counts what the mock answered, and how much later than asked for. The added latency runs from the moment the whole
// request was read to the moment the answer is handed to the kernel, less the delay that the script wanted: it is the
// mock's own share, and a run in which it is large says nothing about the measured program.
type stats struct {
	answers  [len(meansNames)][script.Ops][len(results)]atomic.Int64
	faults   map[string]*atomic.Int64 // by name; never changed after the start
	refusals [600]atomic.Int64        // by HTTP status
	added    [histogramShards]histogram
}

var (
	meansNames = [...]string{PG, Point, Coupon}
	results    = [...]string{"approved", "declined", "refused", "held", "captured", "released", "voided", "canceled", "found", "not_found", "refunded", "repeated"}
)

const (
	histogramShards   = 8
	slowestAdded      = int64(time.Minute)
	significantDigits = 3
)

type histogram struct {
	mu     sync.Mutex
	values *hdrhistogram.Histogram // ns; not safe for concurrent use
}

func newStats() *stats {
	s := &stats{faults: map[string]*atomic.Int64{}}
	for _, name := range append(fault.Names(), script.LateName) {
		s.faults[name] = &atomic.Int64{}
	}
	for i := range s.added {
		s.added[i].values = newHistogram()
	}
	return s
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(time.Microsecond), slowestAdded, significantDigits)
}

func (s *stats) count(to route, result string, repeated bool) {
	if repeated && result != "found" {
		result = "repeated"
	}
	s.answers[indexOf(meansNames[:], to.means)][to.op][indexOf(results[:], result)].Add(1)
}

func (s *stats) countFault(name string) { s.faults[name].Add(1) }

func (s *stats) countRefusal(status int) { s.refusals[status].Add(1) }

// addedLatency records one answer. The connection picks the shard, so that the cores rarely meet.
func (s *stats) addedLatency(connection uint64, added time.Duration) {
	h := &s.added[connection%histogramShards]
	h.mu.Lock()
	_ = h.values.RecordValue(min(max(int64(added), 0), slowestAdded)) // in range, so it cannot fail
	h.mu.Unlock()
}

// statsPage is /stats.
type statsPage struct {
	AddedLatency latencyFigures   `json:"added_latency"`
	Answers      map[string]int64 `json:"counts"` // of what was done, by means/op/result
	Faults       map[string]int64 `json:"faults"`
	Refused      map[string]int64 `json:"refused"` // by HTTP status
	Connections  int64            `json:"open_connections"`
	Held         int64            `json:"held_connections"`
	Position     uint64           `json:"position"`
}

// latencyFigures are milliseconds.
type latencyFigures struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

func (s *stats) page() statsPage {
	p := statsPage{AddedLatency: s.latency(), Answers: map[string]int64{}, Faults: map[string]int64{}, Refused: map[string]int64{}}
	for m := range s.answers {
		for op := range s.answers[m] {
			for r := range s.answers[m][op] {
				if n := s.answers[m][op][r].Load(); n > 0 {
					p.Answers[meansNames[m]+"/"+script.Op(op).String()+"/"+results[r]] = n
				}
			}
		}
	}
	for name, n := range s.faults {
		p.Faults[name] = n.Load()
	}
	for status := range s.refusals {
		if n := s.refusals[status].Load(); n > 0 {
			p.Refused[strconv.Itoa(status)+" "+http.StatusText(status)] = n
		}
	}
	return p
}

func (s *stats) latency() latencyFigures {
	all := newHistogram()
	for i := range s.added {
		s.added[i].mu.Lock()
		all.Merge(s.added[i].values)
		s.added[i].mu.Unlock()
	}
	ms := func(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e3 }
	return latencyFigures{
		Count: all.TotalCount(), P50: ms(all.ValueAtQuantile(50)), P99: ms(all.ValueAtQuantile(99)), P999: ms(all.ValueAtQuantile(99.9)), Max: ms(all.Max()),
	}
}

// forget starts the histogram anew, so that each run is judged by its own figures.
func (s *stats) forget() {
	for i := range s.added {
		s.added[i].mu.Lock()
		s.added[i].values.Reset()
		s.added[i].mu.Unlock()
	}
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	panic("pgsim: no such name: " + name)
}
