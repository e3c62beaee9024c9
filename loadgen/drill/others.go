package drill

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"gazua.example/loadgen/internal/mysqlproxy"
)

// What breaks between the programs and what they stand on: the connection to the database at the worst of moments, the broker,
// the group of consumers, the clock.
var others = []Drill{
	{
		// The program sees the same both ways: the connection broke at COMMIT. Whether its payments are stored only a read tells. Who
		// goes on as if they were charges for nothing; who gives up as if they were not leaves them to be turned back.
		Name:    "commit-cut",
		Shows:   "a connection that breaks at COMMIT says nothing about it: what was to be stored is read back, and nothing is lost, done twice or given up",
		Rate:    calm,
		Answer:  goodUntil,
		Proxied: true,
		Paid:    true,
		Script: func(s *Scene) {
			broken := s.counter(slices.Concat(apis, workers), "db_client_operation_duration_seconds_count", `error_type="connection"`)
			s.Steady(3 * time.Second)
			for s.Again() {
				for _, how := range []mysqlproxy.Way{before, after} {
					s.Break(fmt.Sprintf("cut the connections of the next %d COMMITs, %s each", cutCommits, how), broken.Note, s.CutCommits(cutCommits, how))
					s.Observe("programs have lost connections", broken.Risen)
					s.Observe("all of them are cut", s.AllCut(cutCommits))
					s.Heal("the connections hold again")
					s.Observe("payments are served well again", s.Served())
				}
			}
		},
	},
	{
		Name:   "broker-away",
		Shows:  "a broker that is away is nobody's trouble but the messages': asynchronous payments are accepted into the outbox, synchronous ones go on, and the outbox empties itself",
		Rate:   calm,
		Answer: goodUntil,
		Away:   true,
		Spares: synchronous,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for s.Again() {
				s.Break("stop the broker", s.Seen(workers...), s.Stop("broker"))
				s.Observe("the workers say that no broker answers", every(s.Unready(workers[0]), s.Unready(workers[1])))
				s.Observe("both relays have given up a batch", every(s.Logged(workers[0], "relay"), s.Logged(workers[1], "relay")))
				s.Observe("the outbox has grown", s.Unsent(func(n int) bool { return n >= 40 }))
				s.Heal("start the broker", s.Start("broker"))
				s.Observe("the workers have their partitions again", every(s.Ready(workers[0]), s.Ready(workers[1])))
				s.Observe("the outbox is empty", s.Unsent(func(n int) bool { return n < 20 }))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		Name:     "outbox-full",
		Shows:    "an outbox that nobody empties is bounded: past the bound asynchronous payments are told to come again, and synchronous ones are taken",
		Settings: map[string]string{"OUTBOX_BOUND": fmt.Sprint(outboxBound)},
		Rate:     slowly,
		Answer:   goodUntil,
		Away:     true,
		Spares:   synchronous,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for s.Again() {
				s.Break("stop the broker", s.Stop("broker"))
				s.Observe("both APIs say that the outbox is full", every(s.OutboxFull(1, apis[0]), s.OutboxFull(1, apis[1])))
				s.Steady(10 * time.Second)
				n, err := s.unsent(s.ctx)
				s.Expect(err == nil && n <= outboxBound+outboxOver, "bounded", "%d payments wait in an outbox of %d (%v)", n, outboxBound, err)
				s.Heal("start the broker", s.Start("broker"))
				s.Observe("both accept asynchronous payments again", every(s.OutboxFull(0, apis[0]), s.OutboxFull(0, apis[1])))
				s.Observe("payments are served well again", s.Served())
				s.Steady(6 * time.Second) // who was told to come again comes after 5 s
			}
		},
	},
	{
		// Work takes longer than a worker waits for it when its partitions are taken away (4 s), so the same message is in the hands of
		// two workers at one time.
		Name:     "slow-consumer-rebalance",
		Shows:    "messages that a slow worker is still at when the group rebalances come to another worker as well, and each payment is settled once",
		Settings: map[string]string{"LEASE": "12s", "RESOLVE_DEADLINE": "15s"},
		Rate:     30,
		Means: `  PG: {delay: fixed/1600ms}
  POINT: {delay: fixed/800ms}
  COUPON: {delay: fixed/800ms}`,
		Mix: `
  - {weight: 30, means: [PG]}
  - {weight: 60, means: [PG, POINT, COUPON]}
  - {weight: 10, means: [POINT]}`,
		Answer: 7 * time.Second,
		Final:  10 * time.Second,
		Script: func(s *Scene) {
			s.Steady(8 * time.Second)
			for s.Again() {
				one, other := s.pair("payment-worker")
				s.Break(one+" leaves the group", s.Seen(other), s.Stop(one))
				s.Observe("the group has given everything to "+other, s.Logged(other, "consume: generation", allPartitions))
				s.Steady(2 * time.Second)
				s.Heal(one+" comes back", s.Seen(one, other), s.Start(one))
				s.Observe("the group has shared them out again, in the middle of the other's work", every(s.Logged(one, "consume: generation"), s.Logged(other, "consume: generation")))
				s.Observe("payments are served well again", s.Served())
			}
		},
	},
	{
		// Nobody but the API's own readiness looks at the clocks: leases and due times are the database's, send-by deadlines run on the
		// monotonic clock. So a worker's clock does no harm, and an API's is bounded for the ids that it makes: they say the day.
		Name:      "clock-skew",
		Shows:     "clocks of an API and a worker that are set wrong disturb nobody; an API whose clock is more than 5 s off says that it is not ready and gets no requests",
		Rate:      calm,
		Answer:    goodUntil,
		Clocked:   true,
		Final:     10 * time.Second,
		Unnoticed: true,
		Script: func(s *Scene) {
			s.Steady(3 * time.Second)
			for s.Again() {
				api, _ := s.pair("payment-api")
				worker, _ := s.pair("payment-worker")
				sign := time.Duration(1 - 2*((s.Turn()-1)/2%2)) // ahead, ahead, behind, behind
				s.Break(fmt.Sprintf("set the clocks of %s and %s %s off", api, worker, sign*skewAllowed), s.Clock(sign*skewAllowed, api, worker))
				s.Steady(4 * time.Second) // longer than it takes to call an API not ready
				s.Expect(s.Up(api)(s.ctx) == nil && s.Ready(worker)(s.ctx) == nil, "allowed", "%s off, and %s or %s is not in service", sign*skewAllowed, api, worker)
				s.Heal("nothing has to be healed")
				s.Observe("payments are served well", s.Served())
				s.Break(fmt.Sprintf("set them %s off", sign*skewTooFar), s.Clock(sign*skewTooFar, api, worker))
				s.Observe("the API says that its clock is off", s.ClockRefused(api))
				s.Observe("the balancer has taken it out", s.Down(api))
				s.Steady(time.Second)
				s.Heal("the clocks are right", s.Clock(0, api, worker))
				s.Observe("the balancer has taken it back", s.Up(api))
				s.Observe("payments are served well", s.Served())
			}
		},
	},
}

const (
	cutCommits = 20

	outboxBound = 80
	outboxOver  = 200 // what comes until the APIs have counted again, on a machine that is busy

	skewAllowed = 4 * time.Second
	skewTooFar  = 8 * time.Second
)

// OutboxFull passes when an API says that asynchronous payments are refused (1), or not (0).
func (s *site) OutboxFull(want float64, api string) Act {
	return s.Metric(api, "gazua_outbox_full", func(is float64) bool { return is == want })
}

// Unsent passes when as many payments wait in the outbox as wanted says.
func (s *site) Unsent(wanted func(int) bool) Act {
	return func(ctx context.Context) error {
		n, err := s.unsent(ctx)
		if err == nil && !wanted(n) {
			err = fmt.Errorf("%d payments wait in the outbox", n)
		}
		return err
	}
}

func (s *site) unsent(ctx context.Context) (int, error) {
	return s.count(ctx, "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL")
}

func (s *site) count(ctx context.Context, query string) (n int, err error) {
	db, err := sql.Open("mysql", s.variables["MYSQL_DSN"])
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
