// Package drill breaks a running system on purpose, in the middle of a steady load, and says what that did to its clients:
// how long until it was noticed, how long until payments were served well again, what was lost and what was done twice.
//
//	a stack of its own ─► steady load ─► break ─► observe ─► heal ─► … N times ─► settle ─► verify ─► one line
//
// A drill is some 30 lines of Go that read in that order; see crash.go. What is measured comes from the journal of what the
// clients saw (recovery.go), what is judged from the verifier, which knows nothing of drills. Each drill has a control: the
// same drill with a piece of the product left out, which must fail (control.go).
package drill

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gazua.example/loadgen/record"
)

// Drill is one of them.
type Drill struct {
	Name      string
	Shows     string            // one sentence: what holds although this breaks
	Settings  map[string]string // of the stack's programs, over those of every drill
	Rate      float64           // payments a second; 0: defaultRate
	Means     string            // what the payment means do, YAML of a scenario's `means`; "": quick and without faults
	Mix       string            // how payments are paid, YAML of a scenario's `mix`; "": the default one
	Proxied   bool              // the programs reach MySQL through a proxy, Scene.MySQL
	Collected bool              // APIs and workers export their metrics, Scene.Exported
	Clocked   bool              // APIs and workers have clocks that Scene.Clock sets
	Away      bool              // the broker is away for a while: payments may be rescued without a message
	Recover   time.Duration     // bound of rto; 0: defaultRecover
	Answer    time.Duration     // a first request that is served well is answered within this; 0: answerWithin
	Final     time.Duration     // and its payment comes to its end within this; 0: finalWithin
	Script    func(*Scene)

	Unnoticed bool                    // no client may notice: not one request without a good answer, not one payment late
	Once      bool                    // nothing is done twice, not even what may be: messages, callbacks
	Spares    func(record.Entry) bool // payments that must not notice, while something is broken, nor may looks; nil: any may
	Paid      bool                    // nothing is broken that could make a payment fail: each must be PAID
}

const (
	defaultRate    = 100
	defaultRecover = 30 * time.Second
)

// settings of every drill: what waits for somebody who died is taken up within seconds, so that a drill is short. LATE_BOUND
// is within what the mock promises with its tombstones.
var settings = map[string]string{"LEASE": "8s", "RESOLVE_DEADLINE": "10s", "RESCUE_AFTER": "20s", "OTEL_EXPORTER_OTLP_ENDPOINT": "", "GROUP_MAX": "", "SYSTEM": ""}

// All are the drills, in the order in which they are run.
func All() []Drill {
	return slices.Concat(shutdowns, crashes, pauses, providers, others)
}

// Named finds one.
func Named(name string) (Drill, error) {
	var names []string
	for _, d := range All() {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Drill{}, fmt.Errorf("there is no drill %q; there are %q", name, names)
}

// errOver ends a script whose drill cannot go on.
var errOver = errors.New("the drill is over")
