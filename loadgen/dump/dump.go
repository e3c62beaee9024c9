// Package dump shows what the goroutines of a stack's programs do, as a person wants to read it: identical stacks counted
// together, who waits for what and who holds it, what grew from one dump to the next, and which locks cost the most
// meanwhile. docs/monitor.md explains an example.
//
//	each Go program, N times: /debug/pprof/goroutine?debug=2 ─► buckets ─► waits ─► holders ─► growth
//	once, between the first and the last: mutex and block profile ─► contention
//	MySQL: who waits for which lock
package dump

import "time"

// Schema names the format of the JSON.
const Schema = "gazua.dump/1"

// Report is everything that was found.
type Report struct {
	Schema    string    `json:"schema"`
	Taken     time.Time `json:"taken"` // of the first dump
	Why       string    `json:"why,omitempty"`
	Dumps     int       `json:"dumps"`
	Seconds   float64   `json:"seconds"` // from the first dump to the last
	Processes []Process `json:"processes"`
	MySQL     MySQL     `json:"mysql"`
}

// Process is what was found of one process.
type Process struct {
	Name       string      `json:"name"`
	Note       string      `json:"note,omitempty"`       // why there is nothing of it
	Goroutines []int       `json:"goroutines,omitempty"` // at each dump
	TookMS     []float64   `json:"took_ms,omitempty"`    // how long each dump took
	Buckets    []Bucket    `json:"buckets,omitempty"`    // of the last dump, the largest first
	Waits      []Wait      `json:"waits,omitempty"`      // the same goroutines by what they wait for
	Growing    []Growth    `json:"growing,omitempty"`
	Contention *Contention `json:"contention,omitempty"`
}

// Bucket is the goroutines that stand at the same place in the same state.
type Bucket struct {
	Count     int      `json:"count"`
	State     string   `json:"state"`                // as the runtime calls it: "chan receive", "sync.Mutex.Lock"
	Minutes   [2]int   `json:"minutes"`              // the shortest and the longest wait; the runtime counts whole minutes
	At        string   `json:"at"`                   // the place that tells most
	Stack     []string `json:"stack"`                // function file:line, the innermost first
	CreatedBy string   `json:"created_by,omitempty"` // function file:line
	Examples  []int    `json:"goroutines"`           // ids of some
	kind      string   // of wait, for the text
}

// Wait is the goroutines that wait for the same.
type Wait struct {
	Kind       string   `json:"kind"` // mutex, database pool, channel receive, …
	On         string   `json:"on"`   // which one: an address where it is known, and where it is waited for
	Count      int      `json:"count"`
	Minutes    int      `json:"minutes"` // the longest
	Holders    []Holder `json:"holders,omitempty"`
	Suspicious string   `json:"suspicious,omitempty"` // why one should look at it
}

// Holder is who seems to have what the others wait for. A dump does not say it; Because does, why it is thought.
type Holder struct {
	Count    int    `json:"count"`
	State    string `json:"state"`
	At       string `json:"at"`
	Because  string `json:"because"`
	Examples []int  `json:"goroutines"`
}

// Growth is a place at which more goroutines stand with every dump.
type Growth struct {
	Counts []int  `json:"counts"`
	State  string `json:"state"`
	At     string `json:"at"`
}

// Contention is what waiting cost while it was measured, at the places where locks were released late or channels were
// waited for. Waiting of several goroutines at a time adds up.
type Contention struct {
	Seconds float64 `json:"seconds"`
	Mutex   []Spot  `json:"mutex,omitempty"`
	Block   []Spot  `json:"block,omitempty"`
	Note    string  `json:"note,omitempty"` // why there is none
}

// Spot is one place and what was waited there.
type Spot struct {
	At     string  `json:"at"`
	Kind   string  `json:"kind"` // lock, send, receive, select, other
	Waited float64 `json:"waited_s"`
	Times  int64   `json:"times"`
}
