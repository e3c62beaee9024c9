// Package lifecycle ends a program in an order that loses nothing: a list of named phases, each with a bound, run one after
// another when the program is told to stop.
//
//	signal ─► phase ─► phase ─► phase ─► exit code
//	            │ every one is logged with how long it took, how it ended, and what it left
//	            ├─ over its bound: it is left behind, and the next one begins
//	            └─ a second signal: it ends now, and each later one has a moment only
//
// Code 0 says that every phase is done and nothing is left. Whatever is left is somebody else's: the error says whose.
package lifecycle

import (
	"context"
	"log/slog"
	"time"
)

// Phase is one step of a shutdown.
type Phase struct {
	Name  string
	Bound time.Duration               // then it is left behind, and the next one begins
	Do    func(context.Context) error // must give up when its context ends; one that does not is left behind a moment later
	Left  func() string               // what is in flight, such as "3 requests"; empty: nothing. Never blocks. nil: it cannot leave anything
	Heir  string                      // who ends what is left: a clause for the error
	Skip  bool                        // what it would end was never begun
}

// How a phase ends.
const (
	done    = "done"
	failed  = "failed"  // it said so itself, or it ended and something is left all the same
	overrun = "overrun" // its bound came first
	cut     = "cut"     // a second signal came first
)

// Bounds of what a phase is given beyond its own.
const (
	moment = time.Second            // for each phase after a second signal
	grace  = 200 * time.Millisecond // to return, once its context has ended
)

// Stop runs the phases in order. ctx is the one of Signals, or one made from it: its cause is why we stop, and it knows of a
// second signal. A phase that fails, overruns or is cut short does not keep the later ones from running.
//
// The error is nil only if every phase is done and ctx ended by a signal; else it is one sentence that says which phase left
// what, and who ends that.
func Stop(ctx context.Context, log *slog.Logger, phases ...Phase) error {
	s := shutdown{log: log, again: again(ctx), began: time.Now()}
	s.begin(ctx, phases)
	for _, p := range phases {
		if !p.Skip {
			s.run(p)
		}
	}
	return s.end(ctx)
}

// shutdown is one run through the list.
type shutdown struct {
	log   *slog.Logger
	again <-chan struct{} // closed by a second signal
	began time.Time
	ends  []end // of the phases that are over
}

// end is how a phase ended.
type end struct {
	Phase
	outcome string
	err     error  // nil: done
	left    string // what was still in flight then
	took    time.Duration
}

func (s *shutdown) run(p Phase) {
	began := time.Now()
	running(p.Name, true)
	outcome, err := p.within(s.again, s.log)
	e := end{Phase: p, outcome: outcome, err: err, left: p.left(), took: time.Since(began)}
	if e.err == nil && e.left != "" {
		e.outcome, e.err = failed, errUndone
	}
	running(p.Name, false)
	lasted(e)
	s.tell(e)
	s.ends = append(s.ends, e)
}

func (p Phase) left() string {
	if p.Left == nil {
		return ""
	}
	return p.Left()
}
