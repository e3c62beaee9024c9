package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// world is the outside for a story: one process works at a time, the means behave as the story says, and a process can be
// made to die at any call it makes.
type world struct {
	*outside
	behave func(payment.Op) behaviour
	dieAt  int // the n-th call from here on does not return; 0: never
	after  bool
	calls  int

	breaker behaviour     // what the breakers say: works or isOpen
	asked   *payment.Call // the call that is being made
	sent    []payment.Op
}

func newWorld() *world {
	return &world{outside: newOutside(), behave: func(payment.Op) behaviour { return works }}
}

// service is a new process in this world.
func (w *world) service(name string) *payment.Service {
	p := &ports{outside: w.outside, gate: &storyGate{world: w, name: name}, process: name}
	return &payment.Service{
		Store: p, Gateway: p, Delivery: p, Clock: w.clock(name), IDs: payment.NewIDs(w.clock(name), 1), Limits: w.limits, Actor: name,
		Log: slog.New(slog.DiscardHandler),
	}
}

// storyGate lets every call of a process through, until it dies.
type storyGate struct {
	*world
	name  string
	since time.Time // when the call began
}

func (g *storyGate) enter(at point) behaviour {
	g.since = g.now
	g.calls++
	if g.calls == g.dieAt && !g.after {
		runtime.Goexit()
	}
	if at.call == nil {
		if at.verb == "breakers" {
			return g.breaker
		}
		return works
	}
	g.asked = at.call
	g.sent = append(g.sent, at.call.Op)
	return g.behave(at.call.Op)
}

func (g *storyGate) leave() {
	if g.calls == g.dieAt {
		runtime.Goexit()
	}
}

func (g *storyGate) sleep(d time.Duration) { g.pass(d) }

func (g *storyGate) tell(l line) {
	l.who = g.name
	g.outside.tell(l)
}

func (g *storyGate) allowedToSend(c payment.Call) { g.referee.sends(c, g.name, g, g.since) }

// run lets a process work until it ends or dies.
func (w *world) run(work func()) {
	var process sync.WaitGroup
	process.Go(work)
	process.Wait()
}

// resolveDue lets a process take up one piece of open work, as the worker does.
func resolveDue(ctx context.Context, s *payment.Service) {
	due, _ := s.TakeDue(ctx, 1)
	for _, d := range due {
		s.Resolve(ctx, d)
	}
}

// settle lets another process work until nothing is open, or so much time has passed that something is wrong.
func (w *world) settle() error {
	resolver := w.service("resolver")
	for range 400 {
		if len(w.db.open(false)) == 0 {
			break
		}
		for _, r := range w.db.rows { // a message whose reader died comes again
			if id := r.payment.ID; r.payment.State == payment.Accepted {
				w.run(func() { _, _ = resolver.Start(context.Background(), id) })
			}
		}
		w.run(func() { resolveDue(context.Background(), resolver) })
		w.pass(500 * time.Millisecond)
	}
	w.pass(w.limits.LateBound) // whatever is on its way arrives before anybody judges
	return w.judge()
}

func (w *world) mustSettle(t *testing.T) {
	t.Helper()
	if err := w.settle(); err != nil {
		t.Fatalf("%v\n%s", err, w.Story())
	}
}

// mustBeRight judges what has ended without anybody's help.
func (w *world) mustBeRight(t *testing.T) {
	t.Helper()
	if err := w.judge(); err != nil {
		t.Fatalf("%v\n%s", err, w.Story())
	}
}

// begin creates a payment in a process of its own and, asynchronous, has another one start it.
func (w *world) begin(mode payment.Mode, r *payment.Request) {
	api, worker := w.service("api"), w.service("worker")
	w.run(func() { _, _ = api.Create(context.Background(), 1, [32]byte{1}, r, payment.How{Mode: mode}) })
	if mode == payment.Async && len(w.db.rows) > 0 {
		w.run(func() { _, _ = worker.Start(context.Background(), w.db.rows[0].payment.ID) })
	}
}

func (w *world) create(t *testing.T, key byte, mode payment.Mode, r *payment.Request) (payment.Created, error) {
	t.Helper()
	return w.service("api").Create(t.Context(), 1, [32]byte{key}, r, payment.How{Mode: mode})
}

// cancel cancels a payment; amount 0: all that is left.
func (w *world) cancel(t *testing.T, key byte, id payment.ID, amount int64) (payment.Canceled, error) {
	t.Helper()
	r := &payment.CancelRequest{}
	if amount != 0 {
		r.Amount = &amount
	}
	return w.service("api").Cancel(t.Context(), 1, id, [32]byte{99, key}, r)
}

// paid is a world with one payment that is PAID.
func paid(t *testing.T, r *payment.Request) (*world, *row) {
	t.Helper()
	w := newWorld()
	if _, err := w.create(t, 1, payment.Sync, r); err != nil {
		t.Fatal(err)
	}
	return w, w.only(t)
}

func (w *world) only(t *testing.T) *row {
	t.Helper()
	if len(w.db.rows) != 1 {
		t.Fatalf("%d payments, want one", len(w.db.rows))
	}
	return w.db.rows[0]
}

// only is a means that takes every call of op in this way, and all else as it should.
func only(op payment.Op, how behaviour) func(payment.Op) behaviour {
	return func(asked payment.Op) behaviour {
		if asked == op {
			return how
		}
		return works
	}
}

func wantKind(t *testing.T, err error, kind payment.Kind) *payment.Error {
	t.Helper()
	var got *payment.Error
	if !errors.As(err, &got) || got.Kind != kind {
		t.Fatalf("err = %v, want kind %s", err, kind)
	}
	return got
}

func threeLegs() *payment.Request {
	return request("o-1", leg{payment.PG, 3000}, leg{payment.Point, 2000}, leg{payment.Coupon, 1000})
}

func card() *payment.Request { return request("o", leg{payment.PG, 10}) }

type leg struct {
	means  payment.Means
	amount int64
}

func request(order string, legs ...leg) *payment.Request {
	r := &payment.Request{OrderID: order, Currency: "KRW"}
	for _, l := range legs {
		r.Amount += l.amount
		r.Legs = append(r.Legs, payment.RequestLeg{Means: l.means, Amount: l.amount, Token: "t"})
	}
	return r
}
