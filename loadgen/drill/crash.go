package drill

import "time"

// inHand is a PG so slow that every process has several payments on their way at any moment: charged and not answered, most
// of them. Whatever is broken is broken in the middle of some. The rate is low, and an answer good for longer, so that a
// machine that others use as well does not look like a system that has not recovered.
const (
	inHand = `  PG: {delay: fixed/500ms}
  POINT: {delay: fixed/5ms}
  COUPON: {delay: fixed/5ms}`
	slowly    = 60 // payments a second
	goodUntil = 2 * time.Second
)

// What is killed (SIGKILL) in the middle of everything and started again. Nothing that was acknowledged is lost, nothing is
// charged twice, and whatever was under way is taken up by others, or by the process itself when it is back.
var crashes = []Drill{
	{
		Name:  "crash-api",
		Shows: "an API that dies in the middle of its requests costs their clients one attempt; the balancer goes on with the other one, and the resolver ends what it had begun",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				victim, _ := s.pair("payment-api")
				s.Break("kill "+victim, s.Kill(victim))
				s.Observe("the balancer has taken it out", s.Down(victim))
				s.Steady(2 * time.Second)
				s.Heal("start "+victim, s.Start(victim))
				s.Observe("the balancer has taken it back", s.Up(victim))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "crash-worker",
		Shows: "a worker that dies leaves messages, leases and claimed rows behind; the other one gets its partitions when its session ends, and everything is done once",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				victim, other := s.pair("payment-worker")
				s.Break("kill "+victim, s.Seen(other), s.hand(victim).Freeze(s.Pause(victim), s.Resume(victim)), s.Kill(victim))
				s.Observe("the group has given everything to "+other, s.Logged(other, "consume: generation", allPartitions))
				s.Heal("start "+victim, s.Seen(victim), s.Start(victim))
				s.Observe("what it had found to do is done", s.Logged(victim, "recovered"))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "crash-broker",
		Shows: "without a broker payments are accepted all the same: their messages wait in the outbox, and nothing that the broker acknowledged is lost with it",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Away: true,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				s.Break("kill the broker", s.Seen("payment-worker-1", "payment-worker-2"), s.Kill("broker"))
				s.Observe("the workers say that no broker answers", every(s.Unready("payment-worker-1"), s.Unready("payment-worker-2")))
				s.Observe("both relays have given up a batch", every(s.Logged("payment-worker-1", "relay"), s.Logged("payment-worker-2", "relay")))
				s.Heal("start the broker", s.Start("broker"))
				s.Observe("the workers have their partitions again", every(s.Ready("payment-worker-1"), s.Ready("payment-worker-2")))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "crash-mysql",
		Shows: "a database that dies takes nothing with it that a client was told; until it is back every request is answered, and none is promised anything",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				s.Break("kill MySQL", s.Kill("mysql"))
				s.Observe("the APIs say that they cannot work", every(s.Unready("payment-api-1"), s.Unready("payment-api-2")))
				s.Heal("start MySQL", s.Seen("mysql"), s.Start("mysql"))
				s.Observe("it had not been shut down, and has recovered", every(s.Said("mysql", "crash recovery finished"), s.Said("mysql", "ready for connections")))
				s.Observe("the balancer has both APIs again", every(s.Up("payment-api-1"), s.Up("payment-api-2")))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "crash-pg",
		Shows: "a PG that dies with booked and unanswered charges is asked about each of them when it is back; meanwhile its breaker refuses what could not be paid",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				s.Break("kill the PG", s.Kill("mock-pg-1"))
				s.Observe("both APIs have opened its breaker", s.Breaker(opened, "payment-api-1", "payment-api-2"))
				s.Heal("start the PG", s.Start("mock-pg-1"))
				s.Observe("the breakers are closed again", s.Breaker(closed, "payment-api-1", "payment-api-2", "payment-worker-1", "payment-worker-2"))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:  "crash-haproxy",
		Shows: "the balancer's death cuts every connection: its requests go on without their clients, who find the answers when they send the same again",
		Means: inHand, Rate: slowly, Answer: goodUntil,
		Script: func(s *Scene) {
			s.Observe("payments are served well", s.Served())
			for s.Again() {
				s.Break("kill the balancer", s.Kill("haproxy")) // nobody but the clients notices
				s.Steady(time.Second)
				s.Heal("start the balancer", s.Start("haproxy"))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
}

// allPartitions stands in the log line of a worker that has all of the topic's.
const allPartitions = `"partitions":12`

// pair is whose turn it is to be broken, and who goes on.
func (s *Scene) pair(kind string) (victim, other string) {
	names := [2]string{kind + "-1", kind + "-2"}
	return names[(s.turn+1)%2], names[s.turn%2]
}
