package drill

import "time"

// How processes end that are told to. See docs/graceful-shutdown.
var shutdowns = []Drill{
	{
		Name:  "graceful-shutdown",
		Shows: "every API and worker can be replaced under load, and no client sees anything of it",
		Rate:  300,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for round := range s.Restarts {
				for _, name := range []string{"payment-api-1", "payment-worker-1", "payment-api-2", "payment-worker-2"} {
					s.Break("restart "+name, s.Seen(name), s.Stop(name))
					s.Expect(s.Logged(name, "shutdown ends", `"code":0`)(s.ctx) == nil, "exit", "round %d: %s did not end with exit code 0", round+1, name)
					s.Heal("start "+name, s.Start(name))
					if isAPI(name) {
						s.Observe("the balancer has taken it back", s.Up(name))
					}
				}
			}
			s.Steady(3 * time.Second)
		},
		Unnoticed: true,
	},
}

func isAPI(name string) bool { return name[:len("payment-api")] == "payment-api" }
