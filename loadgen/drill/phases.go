package drill

import (
	"errors"
	"time"
)

// Shutdown is how one process ended, as it has logged it (docs/telemetry.md). Times are those of the run's clock.
type Shutdown struct {
	Process  string        `json:"process"`
	Signal   time.Duration `json:"signal_ns"`
	InFlight string        `json:"in_flight,omitempty"` // at the signal
	Phases   []PhaseSeen   `json:"phases"`
	Ended    time.Duration `json:"ended_ns,omitempty"` // 0: it never said so
	Lasted   time.Duration `json:"lasted_ns,omitempty"`
	Code     int           `json:"code"`      // the exit code, as it says; -1: it never said so
	Exit     int           `json:"exit_code"` // as the kernel says; -1: it was not looked at
	Left     string        `json:"left,omitempty"`
}

// PhaseSeen is one phase of a shutdown.
type PhaseSeen struct {
	Phase   string        `json:"phase"`
	Bound   time.Duration `json:"bound_ns"`
	Ended   time.Duration `json:"ended_ns"` // by the run's clock
	Lasted  time.Duration `json:"lasted_ns"`
	Outcome string        `json:"outcome"` // done, failed, overrun, cut
	Left    string        `json:"left,omitempty"`
}

// unsaid is the code of a process that ended without a word.
const unsaid = -1

// The processes whose shutdown is taught.
var taught = []string{"payment-api-1", "payment-api-2", "payment-worker-1", "payment-worker-2"}

// shutdowns reads every shutdown that began during the load, process by process.
func (s *Scene) shutdowns() (found []Shutdown, err error) {
	for _, name := range taught {
		delete(s.seen, name) // the whole log
		ended, err := s.shutdownsOf(name)
		if err != nil {
			return nil, err
		}
		if codes := s.exits[name]; len(codes) == len(ended) { // else some end was not looked at
			for i, code := range codes {
				ended[i].Exit = code
			}
		}
		found = append(found, ended...)
	}
	return found, nil
}

// shutdownsOf reads those of one process since Seen.
func (s *Scene) shutdownsOf(name string) (found []Shutdown, err error) {
	err = s.lines(name, func(line map[string]any, _ string) error {
		text, _ := line["time"].(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || at.Before(s.start) {
			return nil
		}
		found = noted(found, name, at.Sub(s.start), line)
		return nil
	})
	if err != nil && !errors.Is(err, errNotLogged) {
		return nil, err
	}
	return found, nil
}

// noted adds what a line of a log says of a shutdown.
func noted(found []Shutdown, process string, at time.Duration, line map[string]any) []Shutdown {
	text := func(key string) string { value, _ := line[key].(string); return value }
	lasting := func(key string) time.Duration {
		value, _ := line[key].(float64)
		return time.Duration(value * float64(time.Millisecond))
	}
	if text("msg") == "shutdown begins" {
		return append(found, Shutdown{Process: process, Signal: at, InFlight: text("in_flight"), Code: unsaid, Exit: unsaid})
	}
	if len(found) == 0 {
		return found
	}
	last := &found[len(found)-1]
	switch text("msg") {
	case "shutdown phase":
		last.Phases = append(last.Phases, PhaseSeen{
			Phase: text("phase"), Bound: lasting("bound_ms"), Ended: at, Lasted: lasting("elapsed_ms"), Outcome: text("outcome"), Left: text("left"),
		})
	case "shutdown ends":
		code, _ := line["code"].(float64)
		last.Ended, last.Lasted, last.Code, last.Left = at, lasting("elapsed_ms"), int(code), text("left")
	}
	return found
}

// clean says why a shutdown is not one that left nothing undone; "" when it is.
func (d *Shutdown) clean() string {
	for _, p := range d.Phases {
		if p.Outcome != phaseDone {
			return p.Phase + " is " + p.Outcome + ", left: " + p.Left
		}
	}
	switch {
	case d.Code == unsaid:
		return "it never said that its shutdown ended"
	case d.Left != "":
		return "left: " + d.Left
	}
	return ""
}

const phaseDone = "done"
