package payment_test

import (
	"strconv"
	"time"
)

// bound is how long everything may take to settle once nothing goes wrong any more: a lost message is looked for, then its
// payment goes the whole way to the resolve deadline and back.
const bound = 10 * time.Minute

// heal lets all end: nothing goes wrong any more. Who was frozen thaws before the resolvers work, or after.
func (s *simulation) heal() {
	s.healing = true
	s.tell(line{who: "everything", what: "heals"})
	if s.number(2, "who is frozen thaws last") == 0 {
		s.finish()
	}
	s.referee.healed = s.now
	s.drain()
	s.finish()
	s.drain()
	s.pass(s.limits.Lease + s.limits.LateBound) // until then nobody may decide
	for round := 0; len(s.db.open(true)) > 0 && round < 9; round++ {
		s.complete(s.person("last person "+strconv.Itoa(round+1), round%2 == 0))
	}
	s.pass(s.limits.LateBound)
	s.check()
	s.drain()
	s.askAgain()
}

// finish lets everybody who can run do so to the end.
func (s *simulation) finish() {
	for range 100 {
		var going *actor
		for _, a := range s.actors {
			if !a.ended && (a.begun || a.ready == nil || a.ready()) {
				going = a
				break
			}
		}
		if going == nil {
			return
		}
		s.complete(going)
	}
	s.referee.object("liveness", "the actors do not come to an end")
	s.check()
}

func (s *simulation) complete(a *actor) {
	for !a.ended {
		s.pass(max(0, a.until.Sub(s.now)))
		s.step(a)
	}
}

// drain lets resolvers work until nothing is open but what waits for a person.
func (s *simulation) drain() {
	begun := s.now
	for round := 0; ; round++ {
		s.sendMessages()
		next, some := s.db.nextDue()
		if !some {
			return
		}
		if next.After(s.now) {
			s.pass(next.Sub(s.now))
			s.check()
		}
		s.complete(s.actor("last resolver", worker2, nil, resolveAll))
		if s.now.Sub(begun) > bound || round > 1000 {
			s.referee.object("liveness", "still open after %s and %d rounds without any trouble", s.now.Sub(begun), round)
			s.check()
		}
	}
}

// askAgain sends every request that has a key once more: it must be told what stands.
func (s *simulation) askAgain() {
	for _, at := range s.attempts[:len(s.attempts):len(s.attempts)] {
		if s.db.keys[keyID{1, at.key}] != nil {
			again := *at
			again.ended, again.given = false, false
			s.try(&again, "asks again", api1, nil)
		}
	}
	s.finish()
}
