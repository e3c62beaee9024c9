package payment_test

import (
	"strings"
	"time"
)

// maxSteps bounds what happens before all heals.
const maxSteps = 200

// run lets the actors work, as it is drawn: mostly whoever ran last goes on; sometimes another one does, or time passes
// though somebody could run, or somebody is frozen, or a process dies.
func (s *simulation) run() {
	p := &s.profile
	for range maxSteps {
		s.sendMessages()
		able := s.runnable()
		if len(able) == 0 {
			if !s.skipToNext() {
				return
			}
			continue
		}
		action := 31 - s.number(32, "goes on") // from the rarest
		switch kill, freeze, jump := min(p.kills, 1), p.freezes, p.jumps; {
		case action >= 32-p.switches:
			s.step(able[s.number(len(able), "who")])
		case action < kill:
			p.kills--
			s.die(able)
		case action < kill+freeze:
			if !s.freeze(able) {
				s.step(able[0])
			}
		case action < kill+freeze+jump:
			s.jump()
		default:
			s.step(able[0])
		}
	}
}

// runnable is who can go on now, the one who ran last first.
func (s *simulation) runnable() []*actor {
	s.ready = s.ready[:0]
	resolvers := 0
	for _, a := range s.actors {
		switch {
		case a.ended || a.until.After(s.now):
			continue
		case !a.begun && strings.HasPrefix(a.name, "resolver"):
			if resolvers++; resolvers > 1 { // they are all alike
				continue
			}
		}
		if !a.begun && a.ready != nil && !a.ready() {
			continue
		}
		s.ready = append(s.ready, a)
		if a == s.current {
			last := len(s.ready) - 1
			s.ready[0], s.ready[last] = s.ready[last], s.ready[0]
		}
	}
	return s.ready
}

// skipToNext lets time pass until somebody can run; false: nobody ever will.
func (s *simulation) skipToNext() bool {
	var next time.Time
	sooner := func(at time.Time) {
		if at.After(s.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	waiting := false
	for _, a := range s.actors {
		if a.begun && !a.ended {
			sooner(a.until)
		}
		waiting = waiting || !a.begun
	}
	if due, some := s.db.nextDue(); some && waiting {
		sooner(due)
	}
	if next.IsZero() {
		return false
	}
	s.pass(next.Sub(s.now))
	s.check()
	return true
}

var jumps = [...]time.Duration{
	16 * time.Second, 4 * time.Second, 61 * time.Second, 11 * time.Second, 6 * time.Second, 46 * time.Second, 2 * time.Second, 90 * time.Second,
	9 * time.Second, 10 * time.Second, 15 * time.Second, 13 * time.Second, 20 * time.Second, 11 * time.Minute, 9*time.Minute + 55*time.Second, 61 * time.Minute,
}

func (s *simulation) span() time.Duration {
	if s.profile.long {
		return jumps[s.number(len(jumps), "how long")]
	}
	return jumps[s.number(len(jumps)/2, "how long")]
}

func (s *simulation) jump() {
	d := s.span()
	s.tell(line{who: "time", what: "passes", wait: d})
	s.pass(d)
	s.check()
}

// freeze stops one goroutine for a while, in front of the call that it was about to make; false: there is none to stop.
func (s *simulation) freeze(able []*actor) bool {
	fit := able[:0:0]
	for _, a := range able {
		if a.begun && !a.answer && a.at.is(s.profile.before) {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return false
	}
	a, d := fit[s.number(len(fit), "who freezes")], s.span()
	a.until = s.now.Add(d)
	a.tell(line{what: "is frozen", wait: d, effect: "before its " + a.at.verb})
	return true
}

// is says whether the point is of a kind: "commit", "send" of a forward call, or empty for any.
func (p point) is(kind string) bool {
	switch kind {
	case "commit":
		return p.verb == "apply" || p.verb == "apply cancellation"
	case "send":
		return p.call != nil && forward(p.call.Op)
	}
	return true
}

// die ends all that one process is at.
func (s *simulation) die(able []*actor) {
	victim := able[s.number(len(able), "who dies")].process
	s.tell(line{who: victim.name, what: "dies"})
	for _, a := range s.actors {
		if a.begun && a.process == victim {
			a.end()
		}
	}
}
