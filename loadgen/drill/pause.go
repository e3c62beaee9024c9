package drill

import "time"

// What is frozen where it stands (SIGSTOP) and thawed later. Its connections stay open and nothing says that it is gone; it
// goes on in the middle of a line of code, with a clock that has jumped and a memory that is old. An API or a worker is
// thawed only when everything that it had in hand has been ended by others.
//
// Half a minute at most: a charge that was not sent at the freeze is undone after RESOLVE_DEADLINE, and absent for good only
// LATE_BOUND later.
var pauses = []Drill{
	{
		Name:  "pause-api",
		Shows: "an API that was frozen past its leases finds that others have ended its payments, and touches none of them: no charge, no commit",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Settings: forgetful,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				victim, _ := s.pair("payment-api")
				hand := s.hand(victim)
				s.Break("freeze "+victim, hand.Freeze(s.Pause(victim), s.Resume(victim)))
				s.Observe("the balancer has taken it out", s.Down(victim))
				s.Observe("others have ended what it had in hand", hand.Empty)
				s.Heal("thaw "+victim, s.Resume(victim))
				s.Observe("the balancer has taken it back", s.Up(victim))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "pause-worker",
		Shows: "a worker that was frozen past its leases and its session finds its payments ended and its partitions given away; what it still does changes nothing",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Settings: forgetful,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				victim, other := s.pair("payment-worker")
				hand := s.hand(victim)
				s.Break("freeze "+victim, s.Seen(other), hand.Freeze(s.Pause(victim), s.Resume(victim)))
				s.Observe("the group has given everything to "+other, s.Logged(other, "consume: generation", allPartitions))
				s.Observe("others have ended what it had in hand", hand.Empty)
				s.Heal("thaw "+victim, s.Seen(victim), s.Resume(victim))
				s.Observe("it has partitions of its own again", every(s.Logged(victim, "consume: generation"), s.Ready(victim)))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "pause-mysql",
		Shows: "a database that hangs, its connections open, is let go of in time: requests are answered, and what it commits late is found and settled",
		Means: inHand, Answer: goodUntil,
		// Ten seconds of payments come again and again, and all at once when it goes on: on a machine that others use as well
		// that takes a while at this rate, and for ever at a higher one.
		Rate: 30, Recover: time.Minute,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				s.Break("freeze MySQL", s.Pause("mysql"))
				s.Observe("the APIs say that they cannot work", every(s.Unready("payment-api-1"), s.Unready("payment-api-2")))
				s.Heal("thaw MySQL", s.Resume("mysql"))
				s.Observe("the balancer has both APIs again", every(s.Up("payment-api-1"), s.Up("payment-api-2")))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "pause-pg",
		Shows: "a PG that hangs is cut off by its breaker, and the charges that it still takes when it goes on are known or undone",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				s.Break("freeze the PG", s.Pause("mock-pg-1"))
				s.Observe("both APIs have opened its breaker", s.Breaker(opened, "payment-api-1", "payment-api-2"))
				s.Heal("thaw the PG", s.Resume("mock-pg-1"))
				s.Observe("the breakers are closed again", s.Breaker(closed, "payment-api-1", "payment-api-2", "payment-worker-1", "payment-worker-2"))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
}

// forgetful is a PG that remembers no net-cancel: nothing but the send-by deadline keeps the charge of a thawed process from it.
var forgetful = map[string]string{"PG_PROFILE": "bound"}
