// Package scenario is what a run does: how many arrivals when, which payments they are, which results and delays the
// payment means are asked for, how patient the merchants are, and which bounds make the run void.
//
// A scenario is a YAML file (see scenarios/soak.yaml, where every field is explained). Reading is strict: an unknown
// field or a value out of range is a fault with its line and field, and all faults are told at once.
package scenario

import (
	"math"
	"time"

	"gazua.example/loadgen/pace"
)

// Scenario is a whole run. Shares are fractions of 1.
type Scenario struct {
	Name      string              `json:"name"`
	Seed      uint64              `json:"seed"`
	Model     Model               `json:"model"`
	Stages    []pace.Stage        `json:"stages"`
	Think     string              `json:"think,omitempty"` // closed: between two turns of a user
	Flows     []Flow              `json:"flows,omitempty"` // instead of the mix
	Faults    []TimedFault        `json:"faults,omitempty"`
	Mix       []Kind              `json:"mix"`
	AmountMin int64               `json:"amount_min"`
	AmountMax int64               `json:"amount_max"`
	Currency  string              `json:"currency"`
	Async     float64             `json:"async_share"`
	Cancel    float64             `json:"cancel_share"`     // of the payments that are PAID
	Replay    float64             `json:"replay_share"`     // the same request again
	ReuseKey  float64             `json:"reuse_key_share"`  // the same key with another amount
	SameOrder float64             `json:"same_order_share"` // the same order with another key
	Refuse    float64             `json:"callback_refuse_share"`
	Sampled   float64             `json:"trace_sampled_share"`
	Merchants int                 `json:"merchants"`
	Wallets   int                 `json:"wallets,omitempty"`     // 0: those of the members have no bound
	Away      bool                `json:"broker_away,omitempty"` // somebody takes the broker away during the run: payments may be rescued
	Means     map[Means]Behaviour `json:"means"`
	Client    Client              `json:"client"`
	Settle    time.Duration       `json:"settle_bound_ns"`
	Gate      Gate                `json:"gate"`
}

// Model says who decides when the next payment comes.
type Model string

// The models. In an open one it is the plan: payments come whether or not the system keeps up, as customers do. In a closed
// one it is the answer to the one before: so many virtual users, each of which waits. A closed model never shows a backlog,
// since a slow system gets fewer payments; it is there to repeat measurements that were made so (nGrinder's).
const (
	Open   Model = "open"
	Closed Model = "closed"
)

// Kind is one sort of payment in the mix, by the means that pay it.
type Kind struct {
	Means  []Means `json:"means"`
	Weight int     `json:"weight"`
}

// Client is how patient a merchant is, and how many of them fit into this process.
type Client struct {
	Timeout     time.Duration `json:"timeout_ns"`       // of one attempt
	Deadline    time.Duration `json:"deadline_ns"`      // from the first attempt to giving the payment up
	BackoffMin  time.Duration `json:"backoff_min_ns"`   // before the second attempt
	BackoffMax  time.Duration `json:"backoff_max_ns"`   //
	PollMin     time.Duration `json:"poll_min_ns"`      // before the first look at a payment answered with 202
	PollMax     time.Duration `json:"poll_max_ns"`      //
	MaxInFlight int           `json:"max_in_flight"`    // requests
	MaxOpen     int           `json:"max_open"`         // payments started and not final
	MaxIdle     time.Duration `json:"max_idle_conn_ns"` // of a connection, below the target's own
}

// Gate is the bounds past which a run says more about the generator or the mock than about the system: INVALID.
type Gate struct {
	LatenessP99  time.Duration `json:"lateness_p99_ns"`
	Unsent       float64       `json:"unsent_share"`
	PGAddedP99   time.Duration `json:"pg_added_p99_ns"`
	CPUPressure  float64       `json:"cpu_pressure_share"`  // of the load's time in which something waited for a CPU (PSI, some)
	GeneratorCPU float64       `json:"generator_cpu_share"` // of the cores that the generator may use
	GCPause      time.Duration `json:"gc_pause_ns"`         // the generator's longest
}

// Default is the default mix: what a field that the file leaves out has.
func Default() Scenario {
	return Scenario{
		Seed: 1, Model: Open,
		Mix: []Kind{
			{Means: []Means{PG}, Weight: 60},
			{Means: []Means{PG, Point}, Weight: 25},
			{Means: []Means{PG, Point, Coupon}, Weight: 10},
			{Means: []Means{Point}, Weight: 5},
		},
		AmountMin: 1_000, AmountMax: 100_000, Currency: "KRW",
		Async: 0.5, Cancel: 0.1, Replay: 0.05, ReuseKey: 0.01, SameOrder: 0.01, Refuse: 0.01, Sampled: 0.01, Merchants: 2,
		Means: map[Means]Behaviour{
			PG: {Delay: "lognormal/50ms/0.5", Wants: map[string][]Outcome{
				charge: {
					{"decline", 0.03},
					{"silent:after", 0.004},
					{"silent:before", 0.001},
					{"reset:before", 0.0025},
					{"reset:after", 0.0025},
					{"late/4s", 0.001},
				},
				refund: {{"decline", 0.005}, {"silent:after", 0.01}},
			}},
			Point: {Delay: "fixed/5ms", Wants: map[string][]Outcome{
				reserve: {{"decline", 0.01}, {"silent:after", 0.001}},
				confirm: {{"silent:after", 0.001}},
				refund:  {{"silent:after", 0.01}},
			}},
			Coupon: {Delay: "fixed/5ms", Wants: map[string][]Outcome{
				reserve: {{"decline", 0.01}},
				refund:  {{"silent:after", 0.01}},
			}},
		},
		Client: Client{
			Timeout: 10 * time.Second, Deadline: 150 * time.Second,
			BackoffMin: 200 * time.Millisecond, BackoffMax: 5 * time.Second,
			PollMin: 300 * time.Millisecond, PollMax: 2 * time.Second,
			MaxInFlight: 2_000, MaxOpen: 200_000, MaxIdle: 4 * time.Second,
		},
		Settle: 180 * time.Second,
		Gate: Gate{
			LatenessP99: 100 * time.Millisecond, Unsent: 0.001, PGAddedP99: 5 * time.Millisecond,
			CPUPressure: 0.95, GeneratorCPU: 0.5, GCPause: 250 * time.Millisecond,
		},
	}
}

// Stretch makes the stages together last this long, each keeping its part of the whole.
func (s *Scenario) Stretch(total time.Duration) {
	var planned time.Duration
	for _, stage := range s.Stages {
		planned += stage.Duration
	}
	for i := range s.Stages {
		s.Stages[i] = s.Stages[i].Stretched(float64(total) / float64(planned))
	}
}

// Scale makes the highest rate of all stages this one, each keeping its part of it; of a closed model, the highest number of
// users.
func (s *Scenario) Scale(peak float64) {
	highest := 0.0
	for _, stage := range s.Stages {
		highest = max(highest, stage.Peak(), float64(stage.UsersFrom), float64(stage.UsersTo))
	}
	for i := range s.Stages {
		by := peak / highest
		s.Stages[i] = s.Stages[i].Scaled(by)
		s.Stages[i].UsersFrom = int(math.Round(float64(s.Stages[i].UsersFrom) * by))
		s.Stages[i].UsersTo = int(math.Round(float64(s.Stages[i].UsersTo) * by))
	}
}
