package record

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gazua.example/loadgen/client"
)

// Try says where in the life of a payment, a cancellation or a probe a fault was met.
type Try string

// The tries: a first attempt that fails is what the network does; a fault that is left after all repeats is what the
// merchant suffers.
const (
	First  Try = "first attempt"
	Repeat Try = "repeat"
	Look   Try = "look"
	Left   Try = "left after all repeats"

	Callback Try = "callback" // one that was received and not taken
)

// Group is all faults of one kind.
type Group struct {
	Try   Try       `json:"try"`
	Phase string    `json:"phase"`
	Class string    `json:"class"`
	Code  string    `json:"code"`
	Count int64     `json:"count"`
	First time.Time `json:"first_seen"`
	Last  time.Time `json:"last_seen"`

	Sample *Sample `json:"sample,omitempty"` // the first of them, or the first whose trace is recorded
}

// Sample is one request of a group: where to look on.
type Sample struct {
	Payment  int    `json:"payment"` // its number in the run
	Trace    string `json:"trace_id"`
	Recorded bool   `json:"trace_recorded"` // the run asked for this trace to be recorded
}

type groupKey struct {
	try                Try
	phase, class, code string
}

// maxGroups bounds the memory that a target with inventive errors can take.
const maxGroups = 1000

// Fault counts one fault in its group.
func (t *Tally) Fault(try Try, phase, class, code string, at time.Time) {
	t.FaultOf(nil, try, phase, class, code, at)
}

// FaultOf counts one fault of a known request. The sample is made only where the group has none, or none that is recorded.
func (t *Tally) FaultOf(of *client.Answer, try Try, phase, class, code string, at time.Time) {
	if try != Left { // its attempts are counted
		t.faultsSeen.Add(1)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := groupKey{try, phase, class, code}
	if len(t.groups) >= maxGroups && t.groups[key] == nil {
		key = groupKey{try, phase, "other", "more kinds than are kept"}
	}
	g := t.groups[key]
	if g == nil {
		g = &Group{Try: try, Phase: phase, Class: key.class, Code: key.code, First: at}
		t.groups[key] = g
	}
	g.Count++
	g.First, g.Last = earlier(g.First, at), later(g.Last, at)
	if of != nil && of.TraceID != [2]uint64{} && (g.Sample == nil || of.Sampled && !g.Sample.Recorded) {
		g.Sample = &Sample{Payment: of.Number, Trace: fmt.Sprintf("%016x%016x", of.TraceID[0], of.TraceID[1]), Recorded: of.Sampled}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Faults is how many there were so far.
func (t *Tally) Faults() int64 { return t.faultsSeen.Load() }

// Groups lists the faults, the most frequent first.
func (t *Tally) Groups() []Group {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Group, 0, len(t.groups))
	for _, g := range t.groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Try, b.Try), cmp.Compare(a.Phase, b.Phase),
			cmp.Compare(a.Class+a.Code, b.Class+b.Code))
	})
	return list
}
