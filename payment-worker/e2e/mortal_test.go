package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// mortal is a process that dies at the n-th call it makes to the outside, before or after the call took effect: the domain's
// own code on the real database and the mock PG, in this test instead of a program, so that it can be killed at an exact
// place. Whoever takes over is a real worker.
type mortal struct {
	payment.Store
	payment.Gateway
	dieAt int // 0: never
	after bool

	mu    sync.Mutex
	calls int
}

// call is one call to the outside. The process ends by ending its goroutine: nothing of it goes on.
func (m *mortal) call(effect func()) {
	m.mu.Lock()
	m.calls++
	dies := m.calls == m.dieAt
	m.mu.Unlock()
	if dies && !m.after {
		runtime.Goexit()
	}
	effect()
	if dies {
		runtime.Goexit()
	}
}

// live runs work in the process until it ends or dies.
func (m *mortal) live(work func()) (calls int) {
	var process sync.WaitGroup
	process.Go(work)
	process.Wait()
	return m.calls
}

func (m *mortal) Claim(ctx context.Context, batch []payment.NewPayment) (claimed []payment.Claimed) {
	m.call(func() { claimed = m.Store.Claim(ctx, batch) })
	return claimed
}

func (m *mortal) Apply(ctx context.Context, batch []payment.Change) (errs []error) {
	m.call(func() { errs = m.Store.Apply(ctx, batch) })
	return errs
}

func (m *mortal) Answer(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, a payment.Answer) (stored payment.Answer, err error) {
	m.call(func() { stored, err = m.Store.Answer(ctx, merchant, keyHash, a) })
	return stored, err
}

func (m *mortal) ClaimCancellation(ctx context.Context, batch []payment.NewCancellation) (claimed []payment.ClaimedCancellation) {
	m.call(func() { claimed = m.Store.ClaimCancellation(ctx, batch) })
	return claimed
}

func (m *mortal) ApplyCancellation(ctx context.Context, batch []payment.CancellationChange) (errs []error) {
	m.call(func() { errs = m.Store.ApplyCancellation(ctx, batch) })
	return errs
}

func (m *mortal) Postpone(ctx context.Context, owner string, batch []payment.Later) (err error) {
	m.call(func() { err = m.Store.Postpone(ctx, owner, batch) })
	return err
}

func (m *mortal) Do(ctx context.Context, c payment.Call) (reply payment.Reply) {
	m.call(func() { reply = m.Gateway.Do(ctx, c) })
	return reply
}

// outside is the real database and means, for mortals.
type outside struct {
	store *mysql.Store
	means *gateway.Gateway
	ids   *payment.IDs
}

func openOutside(t *testing.T) *outside {
	t.Helper()
	db, err := mysql.Open(system.mysql.AppDSN, 8)
	if err != nil {
		t.Fatal(err)
	}
	node, err := mysql.TakeNode(t.Context(), db, "mortal")
	if err != nil {
		t.Fatal(err)
	}
	means, err := gateway.New(gateway.Options{
		URLs:    map[payment.Means][]string{payment.PG: {system.pg.URL()}, payment.Point: {system.pg.URL()}, payment.Coupon: {system.pg.URL()}},
		Timeout: 400 * time.Millisecond, ReservationTTL: time.Minute, Bulkhead: 32, ControlCalls: 32, BulkheadWait: 400 * time.Millisecond,
		Breaker: gateway.BreakerOptions{Window: 10 * time.Second, Failures: 1, Volume: 10_000, Open: time.Second, Probes: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	store := mysql.NewStore(db, mysql.DefaultGroup())
	t.Cleanup(func() { means.Close(); store.Close(); db.Close() })
	return &outside{store, means, payment.NewIDs(wallClock{}, node)}
}

// process is a service that dies at a call; the deadlines are the workers'.
func (o *outside) process(name string, dieAt int, after bool) (*mortal, *payment.Service) {
	m := &mortal{Store: o.store, Gateway: o.means, dieAt: dieAt, after: after}
	limits := payment.DefaultLimits()
	limits.MeansTimeout, limits.SyncDeadline, limits.Margin, limits.Lease = 400*time.Millisecond, 800*time.Millisecond, 500*time.Millisecond, 1500*time.Millisecond
	limits.ResolveDeadline, limits.LateBound, limits.ReservationTTL = 2500*time.Millisecond, 500*time.Millisecond, time.Minute
	return m, &payment.Service{
		Store: m, Gateway: m, Clock: wallClock{}, IDs: o.ids, Limits: limits, Actor: name, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// deaths tries every call of a story, before and after its effect, all at once: each on a payment of its own. die runs it in
// a process that dies at the n-th call and says how many calls were made; judge looks at what became of it.
func deaths(t *testing.T, atLeast int, die func(t *testing.T, name string, at int, after bool) (calls int, judge func())) {
	t.Helper()
	steps, lives := die(t, "lives", 0, false)
	judges := []func(){lives}
	if steps < atLeast {
		t.Fatalf("the story makes %d calls only, want %d at least", steps, atLeast)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, 8)
	for at := 1; at <= steps; at++ {
		for _, after := range []bool{false, true} {
			all.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				_, judge := die(t, fmt.Sprintf("%d-%t", at, after), at, after)
				mu.Lock()
				defer mu.Unlock()
				judges = append(judges, judge)
			})
		}
	}
	all.Wait()
	for _, judge := range judges {
		judge()
	}
}
