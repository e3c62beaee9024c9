package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gazua.example/loadgen/record"
)

// Scene is what a drill's script acts on while the load goes on. After the first thing that does not work its verbs do
// nothing any more, so that a script needs no error handling; the drill then fails with that.
type Scene struct {
	N        int // how often the script breaks things, one after another
	Restarts int // of graceful-shutdown: how many rounds
	*site

	drill  Drill
	ctx    context.Context
	start  time.Time // of the run's clock
	folder string    // of the run
	say    io.Writer
	turn   int
	breaks []Break
	failed []Failure
	spoilt string           // why the drill says nothing: what it needs to break something was never there
	exits  map[string][]int // codes, by process, in the order of its ends
	err    error
}

// Break is one thing that was broken, by the run's clock.
type Break struct {
	What     string        `json:"what"`
	At       time.Duration `json:"at_ns"`
	Noticed  string        `json:"noticed,omitempty"` // what was observed first
	Detected time.Duration `json:"detected_ns,omitempty"`
	Healed   time.Duration `json:"healed_ns,omitempty"`
}

// Failure is something that was to hold and did not. Check is its short name, by which a control demands it.
type Failure struct {
	Check string `json:"check"`
	Text  string `json:"text"`
}

// Again says whether the script has another turn.
func (s *Scene) Again() bool {
	if s.err != nil || s.turn >= s.N {
		return false
	}
	s.turn++
	return true
}

// Turn is the number of this turn, from 1.
func (s *Scene) Turn() int { return s.turn }

// Steady lets the load go on for this long.
func (s *Scene) Steady(d time.Duration) {
	if s.err != nil {
		return
	}
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
		s.err = s.ctx.Err()
	}
}

// Act does something to the stack.
type Act func(context.Context) error

// Break does it, and begins a new count of what clients see.
func (s *Scene) Break(what string, acts ...Act) {
	if s.err != nil {
		return
	}
	s.breaks = append(s.breaks, Break{What: what, At: time.Since(s.start)})
	s.tell("break", what)
	s.mark(record.FaultMarker, what)
	s.do(what, acts)
}

// Heal does it; what was broken last counts as healed when it is done. It is done also when something was not observed before:
// a stack that stays broken could not be judged.
func (s *Scene) Heal(what string, acts ...Act) {
	if errors.Is(s.err, errOver) && len(s.breaks) > 0 && s.last().Healed == 0 {
		s.err = nil
		defer func() { s.err = cmp.Or(s.err, errOver) }()
	}
	s.tell("heal", what)
	s.do(what, acts)
	if s.err != nil {
		return
	}
	s.last().Healed = time.Since(s.start)
	s.mark(record.NoteMarker, what)
}

// Do does something that is neither.
func (s *Scene) Do(what string, acts ...Act) {
	s.tell("do", what)
	s.do(what, acts)
}

// observeBound is far above what any of it takes.
const observeBound = 60 * time.Second

// Observe waits until the look succeeds. The first one after a break says when that was detected.
func (s *Scene) Observe(what string, look Act) {
	if s.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, observeBound)
	defer cancel()
	for {
		err := look(ctx)
		if err == nil {
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
			continue
		case <-ctx.Done():
		}
		if s.ctx.Err() != nil {
			s.err = s.ctx.Err()
			return
		}
		if len(s.breaks) == 0 {
			s.spoilt = fmt.Sprintf("before anything was broken: %s: not within %s: %v", what, observeBound, err)
			s.tell("INVALID", s.spoilt)
		} else {
			s.Fail("observe", "%s: not within %s: %v", what, observeBound, err)
		}
		s.err = errOver
		return
	}
	now := time.Since(s.start)
	if len(s.breaks) > 0 && s.last().Noticed == "" && s.last().Healed == 0 {
		s.last().Noticed, s.last().Detected = what, now
	}
	s.tell("observe", what)
	s.mark(record.NoteMarker, what)
}

// Expect fails the drill, and goes on, when something does not hold.
func (s *Scene) Expect(holds bool, check, format string, args ...any) {
	if s.err == nil && !holds {
		s.Fail(check, format, args...)
	}
}

// Fail notes a failure.
func (s *Scene) Fail(check, format string, args ...any) {
	f := Failure{check, fmt.Sprintf(format, args...)}
	s.failed = append(s.failed, f)
	s.tell("FAILED", f.Text)
}

func (s *Scene) do(what string, acts []Act) {
	for _, act := range acts {
		if s.err != nil {
			return
		}
		if err := act(s.ctx); err != nil {
			s.err = fmt.Errorf("%s: %w", what, err)
		}
	}
}

func (s *Scene) last() *Break {
	if len(s.breaks) == 0 { // a script that heals what it has not broken
		s.breaks = append(s.breaks, Break{What: "nothing", At: time.Since(s.start)})
	}
	return &s.breaks[len(s.breaks)-1]
}

// tell shows a person what goes on.
func (s *Scene) tell(kind, what string) {
	if s.err == nil {
		fmt.Fprintf(s.say, "%7.1f s  %-8s %s\n", time.Since(s.start).Seconds(), kind, what)
	}
}

func (s *Scene) mark(kind record.MarkerKind, text string) {
	if err := record.AppendMarker(s.folder, record.Marker{T: time.Since(s.start).Seconds(), Kind: kind, Text: text}); err != nil {
		s.err = errors.Join(s.err, err)
	}
}
