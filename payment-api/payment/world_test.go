package payment_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"gazua.example/payment-api/payment"
)

// world is everything outside the domain, in memory and on a fake clock: the database, the payment means, and a process
// that can be made to die at any call it makes to either.
type world struct {
	mu       sync.Mutex
	now      time.Time
	payments map[payment.ID]*stored
	keys     map[[32]byte]*payment.KeyRecord
	guards   map[string]payment.ID
	means    map[string]*booking // by reference

	behave func(payment.Op) behaviour
	dieAt  int // the n-th call from here on does not return; 0: never
	after  bool
	calls  int
}

// stored is a payment's rows.
type stored struct {
	payment    payment.Payment
	open       bool
	due, lease time.Time
	owner      string
	attempts   int
	events     []string
}

// booking is what a means knows of a reference.
type booking struct {
	live, most   int // charges that are not voided now, and the most there ever were
	held         bool
	declined     bool
	given        payment.LegState // RELEASED or VOIDED, once given back
	tombstone    bool
	arrivesLate  *payment.Call // a charge that is still on its way
	arrivesAt    time.Time
	keepsNoTombs bool
}

// behaviour is how a means takes one call.
type behaviour int

const (
	works        behaviour = iota
	declines               // forward calls: a documented no
	refusesDial            // provably not processed
	silentBefore           // no answer, nothing done
	silentAfter            // no answer, but done
	arrivesLater           // no answer; a charge arrives within the late bound
	behaviours
)

func newWorld() *world {
	return &world{
		now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), payments: map[payment.ID]*stored{}, keys: map[[32]byte]*payment.KeyRecord{},
		guards: map[string]payment.ID{}, means: map[string]*booking{}, behave: func(payment.Op) behaviour { return works },
	}
}

// service is a new process in this world.
func (w *world) service(name string) *payment.Service {
	return &payment.Service{
		Store: w, Gateway: w, Clock: w, IDs: payment.NewIDs(w, 1), Limits: payment.DefaultLimits(), Actor: name,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// run lets a process work until it ends or dies.
func (w *world) run(work func()) {
	var process sync.WaitGroup
	process.Go(work)
	process.Wait()
}

// call is one call of the process to the outside. effect happens unless the process dies before it.
func (w *world) call(effect func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	dies := w.calls == w.dieAt
	if dies && !w.after {
		runtime.Goexit()
	}
	effect()
	if dies {
		runtime.Goexit()
	}
}

func (w *world) Now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	for _, b := range w.means {
		if b.arrivesLate != nil && !w.now.Before(b.arrivesAt) {
			b.book(*b.arrivesLate)
			b.arrivesLate = nil
		}
	}
}

// ---- the database

func (w *world) Claim(_ context.Context, batch []payment.NewPayment) []payment.Claimed {
	claimed := make([]payment.Claimed, len(batch))
	w.call(func() {
		for i, n := range batch {
			claimed[i] = w.claim(n)
		}
	})
	return claimed
}

func (w *world) claim(n payment.NewPayment) payment.Claimed {
	p := n.Payment
	if key := w.keys[p.KeyHash]; key != nil {
		copied := *key
		return payment.Claimed{Key: &copied}
	}
	order := fmt.Sprint(p.Merchant, p.Order)
	if holder, taken := w.guards[order]; taken {
		return payment.Claimed{Guard: &payment.GuardRecord{Payment: holder, State: w.payments[holder].payment.State}}
	}
	w.keys[p.KeyHash] = &payment.KeyRecord{RequestHash: n.RequestHash, Payment: p.ID, Answer: n.Answer}
	w.guards[order] = p.ID
	row := &stored{payment: *clone(p), open: true, due: w.now.Add(n.Due), owner: n.Actor, events: []string{"created " + string(p.State)}}
	if n.Lease > 0 {
		row.lease = w.now.Add(n.Lease)
	}
	if p.State == payment.Processing {
		row.payment.StartedAt = w.now
	} else {
		row.payment.ExpiresAt = w.now.Add(n.Expires)
	}
	w.payments[p.ID] = row
	return payment.Claimed{}
}

func (w *world) Apply(_ context.Context, batch []payment.Change) []error {
	errs := make([]error, len(batch))
	w.call(func() {
		for i, c := range batch {
			errs[i] = w.apply(c)
		}
	})
	return errs
}

func (w *world) apply(c payment.Change) error {
	row := w.payments[c.Payment.ID]
	if row.payment.State != c.From || row.payment.Version != c.FromVersion {
		return payment.ErrMissed
	}
	started, undoing, expires := row.payment.StartedAt, row.payment.UndoingAt, row.payment.ExpiresAt
	row.payment = *clone(c.Payment)
	row.payment.StartedAt, row.payment.UndoingAt, row.payment.ExpiresAt = started, undoing, expires
	to := c.Payment.State
	if c.From == payment.Accepted && to == payment.Processing {
		row.payment.StartedAt = w.now
	}
	if c.From != payment.Undoing && to == payment.Undoing {
		row.payment.UndoingAt = w.now
	}
	row.open, row.due, row.lease, row.owner = !to.Final(), w.now.Add(c.Work.Due), time.Time{}, ""
	if c.Work.Lease > 0 {
		row.lease, row.owner = w.now.Add(c.Work.Lease), c.Actor
	}
	if key := w.keys[c.Payment.KeyHash]; c.Answer != nil && key.Answer == nil {
		key.Answer = c.Answer
	}
	if to == payment.Failed {
		delete(w.guards, fmt.Sprint(c.Payment.Merchant, c.Payment.Order))
	}
	row.events = append(row.events, fmt.Sprintf("%s %s %s: %s", c.Actor, c.Cause, to, c.Payment.LegStates()))
	return nil
}

func (w *world) Load(_ context.Context, ids []payment.ID) ([]*payment.Payment, error) {
	var found []*payment.Payment
	w.call(func() { found = w.load(ids) })
	return found, nil
}

func (w *world) load(ids []payment.ID) []*payment.Payment {
	var found []*payment.Payment
	for _, id := range ids {
		if row := w.payments[id]; row != nil {
			p := clone(&row.payment)
			p.ReadAt = w.now
			found = append(found, p)
		}
	}
	return found
}

func (w *world) Take(_ context.Context, owner string, limit int, lease time.Duration) ([]payment.Task, error) {
	var tasks []payment.Task
	w.call(func() {
		for id, row := range w.payments {
			if row.open && !row.due.After(w.now) && !row.lease.After(w.now) && len(tasks) < limit {
				row.lease, row.owner = w.now.Add(lease), owner
				row.attempts++
				tasks = append(tasks, payment.Task{Payment: w.load([]payment.ID{id})[0], Attempts: row.attempts})
			}
		}
	})
	return tasks, nil
}

func (w *world) Postpone(_ context.Context, owner string, ids []payment.ID, wait time.Duration) error {
	w.call(func() {
		for _, id := range ids {
			if row := w.payments[id]; row.open && (row.owner == owner || row.owner == "" || !row.lease.After(w.now)) {
				row.due, row.lease, row.owner = w.now.Add(wait), time.Time{}, ""
			}
		}
	})
	return nil
}

func (w *world) Answer(_ context.Context, _ payment.MerchantID, keyHash [32]byte, a payment.Answer) (payment.Answer, error) {
	w.call(func() {
		if w.keys[keyHash].Answer == nil {
			w.keys[keyHash].Answer = &a
		}
		a = *w.keys[keyHash].Answer
	})
	return a, nil
}

// ---- the payment means

func (w *world) Available(...payment.Means) bool { return true }

func (w *world) Do(_ context.Context, c payment.Call) payment.Reply {
	var reply payment.Reply
	w.call(func() {
		reference := c.Payment.Reference(c.Leg)
		b := w.means[reference]
		if b == nil {
			b = &booking{}
			w.means[reference] = b
		}
		reply = w.take(b, c)
	})
	return reply
}

func (w *world) take(b *booking, c payment.Call) payment.Reply {
	forward := c.Op == payment.Charge || c.Op == payment.Reserve
	how := w.behave(c.Op) // may let time pass: the process freezes right before it sends
	if (forward || c.Op == payment.Confirm) && w.now.After(c.SendBy) {
		return payment.Reply{Result: payment.TooLate}
	}
	switch {
	case how == refusesDial:
		if forward {
			return payment.Reply{Result: payment.NotProcessed}
		}
		return payment.Reply{}
	case how == declines && forward:
		b.declined = true
		return payment.Reply{Result: payment.Refused, Code: "insufficient_funds"}
	case how == silentBefore:
		return payment.Reply{}
	case how == arrivesLater && c.Op == payment.Charge:
		copied := c
		b.arrivesLate, b.arrivesAt = &copied, w.now.Add(9*time.Second)
		return payment.Reply{}
	}
	reply := b.book(c)
	if how == silentAfter {
		return payment.Reply{}
	}
	return reply
}

// book does what was asked. Points and coupons keep a tombstone; the PG does so for a net-cancelled reference unless the
// test says that it has none.
func (b *booking) book(c payment.Call) payment.Reply {
	done := payment.Reply{Result: payment.Done}
	switch c.Op {
	case payment.Charge:
		if b.tombstone {
			return payment.Reply{Result: payment.Refused, Code: "tombstoned"}
		}
		b.live++
		b.most = max(b.most, b.live)
	case payment.Reserve:
		if b.tombstone {
			return payment.Reply{Result: payment.Refused, Code: "tombstoned"}
		}
		b.held = true
	case payment.Confirm:
		if b.live == 0 && !b.held {
			return payment.Reply{Result: payment.Refused, Code: "not_found"}
		}
		if b.held {
			b.held = false
			b.live++
			b.most = max(b.most, b.live)
		}
	case payment.Release:
		if b.live > 0 {
			return payment.Reply{Result: payment.Refused, Code: "captured"}
		}
		b.held, b.tombstone, b.given = false, true, payment.Released
	case payment.Void, payment.NetCancel:
		if b.live > 0 {
			b.given = payment.Voided
		}
		b.live, b.tombstone = 0, b.tombstone || !b.keepsNoTombs
	case payment.Inquiry:
		return b.inquiry()
	}
	return done
}

func (b *booking) inquiry() payment.Reply {
	switch {
	case b.live > 0:
		return payment.Reply{Result: payment.Done, Leg: payment.Captured}
	case b.held:
		return payment.Reply{Result: payment.Done, Leg: payment.Held}
	case b.given != "":
		return payment.Reply{Result: payment.Done, Leg: b.given}
	case b.declined:
		return payment.Reply{Result: payment.Done, Leg: payment.Declined}
	}
	return payment.Reply{Result: payment.NotFound, Tombstoned: b.tombstone}
}

// settle lets other processes work until nothing is open, or so much time has passed that something is wrong.
func (w *world) settle(resolver *payment.Service) error {
	for range 400 {
		if !w.anyOpen() {
			return nil
		}
		for id, row := range w.payments { // a message whose reader died comes again
			if row.payment.State == payment.Accepted {
				w.run(func() { _, _ = resolver.Start(context.Background(), id) })
			}
		}
		w.run(func() { _, _ = resolver.ResolveDue(context.Background(), 1) })
		w.pass(500 * time.Millisecond)
	}
	return fmt.Errorf("still open after %s", 400*500*time.Millisecond)
}

func (w *world) anyOpen() bool {
	for _, row := range w.payments {
		if row.open {
			return true
		}
	}
	return false
}

// wrong says what contradicts the promises when all is settled.
func (w *world) wrong() error {
	for _, b := range w.means {
		if b.arrivesLate != nil { // whatever is on its way arrives before we judge
			b.book(*b.arrivesLate)
			b.arrivesLate = nil
		}
	}
	for id, row := range w.payments {
		p := &row.payment
		if !p.State.Final() {
			return fmt.Errorf("payment %d is %s: %q", id, p.State, row.events)
		}
		for i := range p.Legs {
			b := w.means[p.Reference(&p.Legs[i])]
			if b == nil {
				b = &booking{}
			}
			switch {
			case b.most > 1:
				return fmt.Errorf("payment %d charged %s %d times: %q", id, p.Legs[i].Means, b.most, row.events)
			case p.State == payment.Paid && (b.live != 1 || p.Legs[i].State != payment.Captured):
				return fmt.Errorf("payment %d is PAID, its %s is %s with %d live charges: %q", id, p.Legs[i].Means, p.Legs[i].State, b.live, row.events)
			case p.State == payment.Failed && (b.live != 0 || b.held || !p.Legs[i].State.Gone()):
				return fmt.Errorf("payment %d is FAILED, its %s is %s with %d live charges, held %t: %q", id, p.Legs[i].Means, p.Legs[i].State, b.live, b.held, row.events)
			}
		}
		if key := w.keys[p.KeyHash]; key.Answer == nil {
			return fmt.Errorf("payment %d is settled and its key has no answer", id)
		}
		if got := int(p.Version); got != len(row.events) {
			return fmt.Errorf("payment %d has version %d and %d events", id, got, len(row.events))
		}
	}
	return nil
}

func clone(p *payment.Payment) *payment.Payment {
	copied := *p
	copied.Legs = slices.Clone(p.Legs)
	return &copied
}
