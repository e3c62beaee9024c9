package payment_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"gazua.example/payment-api/payment"
)

// process is one of the programs. It dies as a whole, and is there again at once: a kill ends what its actors are at.
type process struct {
	name string
	ids  *payment.IDs
	log  *slog.Logger
}

func newProcess(s *simulation, name string, node uint64) *process {
	return &process{name: name, ids: payment.NewIDs(s.clock(name), node), log: slog.New(&alarm{s.referee})}
}

// actor is one goroutine of a process. It runs until its next call to the outside, and waits there for the baton.
//
//	waiting ─► runs ─► stands before a call ─► runs ─► … ─► ended
//	              stopped there for good: its process died
type actor struct {
	sim      *simulation
	name     string
	process  *process
	ready    func() bool // it may begin; nil: at once
	work     func(*actor)
	service  *payment.Service
	message  payment.ID // whose message it reads, if it does
	attempt  *attempt   // whose create it makes, if it does
	isPerson bool

	next         func() (struct{}, bool)
	kill         func()
	park         func(struct{}) bool
	begun, ended bool
	at           point     // the call that it stands before
	since        time.Time // and since when
	answer       bool      // it waits for that call's answer
	how          behaviour // what became of the call, once it may go on
	until        time.Time // it does not run before: it sleeps, or is frozen
}

func (s *simulation) actor(name string, process int, ready func() bool, work func(*actor)) *actor {
	a := &actor{sim: s, name: name, process: s.processes[process], ready: ready, work: work}
	s.actors = append(s.actors, a)
	return a
}

// begin starts the goroutine: it runs to its first call.
func (a *actor) begin() {
	p := &ports{outside: a.sim.outside, gate: a, process: a.process.name}
	a.service = &payment.Service{
		Store: p, Gateway: p, Delivery: p, Clock: a.sim.clock(a.process.name), IDs: a.process.ids, Limits: a.sim.limits,
		Actor: a.process.name, Log: a.process.log,
	}
	a.begun = true
	a.next, a.kill = iter.Pull(func(yield func(struct{}) bool) {
		a.park = yield
		defer func() {
			if mistake := recover(); mistake != nil {
				a.sim.referee.object("panic", "%s: %v", a.name, mistake)
			}
		}()
		a.work(a)
	})
}

// step lets the actor make the call that it stands before, and run up to its next one.
func (s *simulation) step(a *actor) {
	s.current = a
	switch {
	case !a.begun:
		a.begin()
	case a.answer:
		a.answer = false
	default:
		a.how = s.fate(a.at)
		s.seen.calls++
	}
	if _, more := a.next(); !more {
		a.ended = true
	}
	s.check()
}

// end stops the goroutine where it stands; what it has deferred runs. A goroutine that exits takes the one with it that
// made it exit, so that is one of its own.
func (a *actor) end() {
	if a.begun && !a.ended {
		var stopping sync.WaitGroup
		stopping.Go(a.kill)
		stopping.Wait()
	}
	a.ended = true
}

func (a *actor) wait() {
	if !a.park(struct{}{}) {
		runtime.Goexit()
	}
}

// ---- gate

func (a *actor) enter(at point) behaviour {
	a.at, a.since = at, a.sim.now
	a.wait()
	return a.how
}

func (a *actor) leave() {}

func (a *actor) sleep(d time.Duration) {
	a.answer, a.until = true, a.sim.now.Add(d)
	a.wait()
}

func (a *actor) tell(l line) {
	l.who = a.name
	if a.attempt != nil && l.what == "claim" && l.to != "" {
		a.attempt.claimed = l.payment
	}
	a.sim.outside.tell(l)
}

func (a *actor) allowedToSend(c payment.Call) { a.sim.referee.sends(c, a.process.name, a, a.since) }

// alarm is a log that takes an error for what it is: the domain met a mistake of its own.
type alarm struct{ referee *referee }

func (*alarm) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (a *alarm) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(attr slog.Attr) bool {
		if attr.Key != "stack" {
			text += fmt.Sprintf(" %s=%s", attr.Key, attr.Value)
		}
		return true
	})
	a.referee.object("panic", "%s", text)
	return nil
}

func (a *alarm) WithAttrs([]slog.Attr) slog.Handler { return a }

func (a *alarm) WithGroup(string) slog.Handler { return a }
