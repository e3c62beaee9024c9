package drill

import "time"

// What the card PG does on bad days. In all of these it does so to everything that it is asked, also to the inquiries and
// refunds of recovery; money may have moved, and nobody is told. What does not need the card goes on as if nothing were
// broken: payments by points, and looks.
//
//	PG fails ─► nothing definite ─► 202, the resolver asks ─┐
//	       └──► the breaker opens ─► 503 at once            ├─► PG is back: found and PAID, or undone; the breaker closes
//	                             └─► accepted ones wait ────┘
var providers = []Drill{
	{
		Name:   "pg-hangs-after-booking",
		Shows:  "a PG that books and never answers makes payments pending, not failed; the breaker opens, points and looks stay fast, and each booking is found",
		Rate:   calm,
		Answer: goodUntil,
		Mix:    morePoints,
		Spares: byPointsOnly,
		Script: func(s *Scene) {
			provider(s, "the PG books and never answers",
				pg("charge=silent:after;refund=silent:after;void=silent:after;net-cancel=silent:after;inquiry=silent", 0))
		},
	},
	{
		Name:   "pg-5xx-burst",
		Shows:  "a 5xx to a charge says nothing: half of them were booked, and none of those is charged again or taken for declined",
		Rate:   calm,
		Answer: goodUntil,
		Mix:    morePoints,
		Spares: byPointsOnly,
		Script: func(s *Scene) {
			provider(s, "the PG answers 5xx",
				pg("charge=5xx/500:before;refund=5xx/502:before;void=5xx;net-cancel=5xx;inquiry=5xx/503", 0),
				pg("charge=5xx/503:after;refund=5xx/504:after", 0.5))
		},
	},
	{
		Name:   "pg-resets",
		Shows:  "a connection that breaks after the request went out says nothing, whether it was booked or not",
		Rate:   calm,
		Answer: goodUntil,
		Mix:    morePoints,
		Spares: byPointsOnly,
		Script: func(s *Scene) {
			provider(s, "the PG resets connections",
				pg("charge=reset:before;refund=reset:before;void=reset;net-cancel=reset;inquiry=reset", 0),
				pg("charge=reset:after;refund=reset:after", 0.5),
				pg("charge=fin:after;refund=half:after", 0.2))
		},
	},
	{
		Name:   "pg-garbage",
		Shows:  "an answer that is not what is documented is no success, whatever its status says, and no refusal either",
		Rate:   calm,
		Answer: goodUntil,
		Mix:    morePoints,
		Spares: byPointsOnly,
		Script: func(s *Scene) {
			provider(s, "the PG answers garbage",
				pg("charge=garbage/html:before;refund=garbage/html:before;void=garbage;net-cancel=garbage;inquiry=garbage/json", 0),
				pg("charge=garbage/json:after;refund=garbage/json:after", 0.5),
				pg("charge=amount/-500:before", 0.3),
				pg("charge=reference:after;refund=reference:after", 0.2),
				pg("charge=garbage/http:after", 0.1))
		},
	},
	{
		// The PG remembers no net-cancel, so only the late-arrival bound proves that nothing comes any more. Some of what is late is
		// there in time to be found; the rest arrives after its payment was turned back and its net-cancel found nothing.
		Name:     "pg-late-approval",
		Shows:    "a charge that is approved after its net-cancel found nothing is found all the same, and given back",
		Settings: map[string]string{"PG_PROFILE": "bound", "PG_LATE_BOUND": "10s", "RESOLVE_DEADLINE": "8500ms"},
		Rate:     calm,
		Answer:   goodUntil,
		Mix:      morePoints,
		Spares:   byPointsOnly,
		Script: func(s *Scene) {
			provider(s, "the PG decides late", pg("charge=late/9500ms", 0), pg("charge=late/4s", 0.5))
			s.Steady(10 * time.Second) // until the last of them has come
		},
	},
}

// calm is a rate at which a machine that is busy with other things has room for all that payments in doubt cost: inquiries, looks,
// requests that come again.
const calm = 40

// morePoints has enough payments by points alone to say something about them.
const morePoints = `
  - {weight: 50, means: [PG]}
  - {weight: 20, means: [PG, POINT]}
  - {weight: 10, means: [PG, POINT, COUPON]}
  - {weight: 20, means: [POINT]}`

// provider lets the PG fail until both APIs know it, and a while longer.
func provider(s *Scene, what string, faults ...Fault) {
	s.Steady(3 * time.Second)
	for s.Again() {
		s.Break(what, s.Faults(faults...))
		s.Observe("a breaker is open", s.AnyBreaker(opened, apis...))
		s.Steady(time.Second)
		s.Heal("the PG is well", s.NoFaults())
		s.Observe("the breakers are closed", s.Breaker(closed, apis...))
		s.Observe("payments are served well again", s.Served())
	}
}
