package pgsim

import (
	"net/http"
	"strconv"
	"sync/atomic"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// stats counts what the mock answered, and how much later than asked for (stats_added.go).
type stats struct {
	answers  [len(meansNames)][script.Ops][len(results)]atomic.Int64
	faults   map[string]*atomic.Int64 // by name; never changed after the start
	refusals [600]atomic.Int64        // by HTTP status
	added    addedLatency
}

var (
	meansNames = [...]string{PG, Point, Coupon}
	results    = [...]string{"approved", "declined", "refused", "held", "captured", "released", "voided", "canceled", "found", "not_found", "refunded", "repeated"}
)

func newStats() *stats {
	s := &stats{faults: map[string]*atomic.Int64{}}
	for _, name := range append(fault.Names(), script.LateName) {
		s.faults[name] = &atomic.Int64{}
	}
	s.added.open()
	return s
}

func (s *stats) count(to route, result string, repeated bool) {
	if repeated && result != "found" {
		result = "repeated"
	}
	s.answers[indexOf(meansNames[:], to.means)][to.op][indexOf(results[:], result)].Add(1)
}

func (s *stats) countFault(name string) { s.faults[name].Add(1) }

func (s *stats) countRefusal(status int) { s.refusals[status].Add(1) }

// statsPage is /stats.
type statsPage struct {
	AddedLatency    latencyFigures   `json:"added_latency"`
	Answers         map[string]int64 `json:"counts"` // of what was done, by means/op/result
	Faults          map[string]int64 `json:"faults"`
	Refused         map[string]int64 `json:"refused"` // by HTTP status
	Connections     int64            `json:"open_connections"`
	Most            int              `json:"max_connections"`
	FileLimit       int              `json:"file_limit,omitempty"`
	Held            int64            `json:"held_connections"`
	Position        uint64           `json:"position"`
	Instance        string           `json:"instance"`
	WithoutRouteKey int64            `json:"without_route_key"` // requests
}

func (s *stats) page() statsPage {
	p := statsPage{AddedLatency: s.added.figures(), Answers: map[string]int64{}, Faults: map[string]int64{}, Refused: map[string]int64{}}
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

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	panic("pgsim: no such name: " + name)
}
