package drill

import "time"

// What is killed (SIGKILL) in the middle of everything and started again. Nothing that was acknowledged is lost, nothing is
// charged twice, and whatever was under way is taken up by others, or by the process itself when it is back.
var crashes = []Drill{
	{
		Name:  "crash-api",
		Shows: "an API that dies in the middle of its requests costs some clients one attempt; the balancer goes on with the other one",
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for s.Again() {
				s.Break("kill payment-api-1", s.Kill("payment-api-1"))
				s.Observe("the balancer has taken it out", s.Down("payment-api-1"))
				s.Steady(2 * time.Second)
				s.Heal("start payment-api-1", s.Start("payment-api-1"))
				s.Observe("the balancer has taken it back", s.Up("payment-api-1"))
				s.Steady(5 * time.Second)
			}
		},
	},
}

var pauses, providers, others []Drill
