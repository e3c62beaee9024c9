package run

import (
	"fmt"
	"sync/atomic"
	"time"

	"gazua.example/loadgen/scenario"
)

// The closed model: virtual users, each of which pays, waits until that has its end, thinks, and pays again. A user who
// waits or thinks is an entry in a heap, or nothing but the payment that will send him back.

// users are those of a closed model.
type users struct {
	active int          // who pays, waits or thinks; only Run touches it
	idle   followUps    // who thinks; which is due first is on top
	turns  atomic.Int64 // that ended, so that the thinking after each is drawn anew
}

func (e *Engine) closed() bool { return e.scenario.Model == scenario.Closed }

// usersStay says whether the plan has not ended.
func (e *Engine) usersStay(_ int, now time.Time) bool { return now.Sub(e.start) < e.plan.Duration() }

// sendUsers lets everybody begin a turn who has thought long enough, and those begin who are new. Who is one too many
// leaves. It returns the number of the next turn.
func (e *Engine) sendUsers(next int, now time.Time) int {
	wanted := e.plan.UsersAt(now.Sub(e.start))
	for {
		user := e.users.idle.take(now)
		switch {
		case user == nil && e.users.active >= wanted:
			return next
		case user == nil:
			e.users.active++
			user = &open{}
		case e.users.active > wanted:
			e.users.active--
			continue
		}
		e.tally.Planned.Add(1)
		if !e.arrive(next, now.Sub(e.start)) {
			// Errands take the places. He comes again, and nothing was planned: in a closed model nothing is ever unsent.
			e.tally.Planned.Add(-1)
			user.due = now.Add(followUpSlack)
			e.users.idle.add(user)
			return next
		}
		next++
	}
}

// userReturns ends a user's turn.
func (e *Engine) userReturns(number int, at time.Time) {
	if !e.closed() {
		return
	}
	user := &open{due: at.Add(e.scenario.Pause(e.scenario.Think, number, int(e.users.turns.Add(1))))}
	due := e.users.idle.add(user)
	if int64(due.Sub(e.start)) < e.wakeAt.Load() {
		e.poke()
	}
}

// nextArrival is when sendArrivals, or sendUsers, has something to do next, from the start.
func (e *Engine) nextArrival(next int) time.Duration {
	if !e.closed() {
		at, _ := e.plan.At(next)
		return at
	}
	at := e.plan.MoreUsersAt(time.Since(e.start))
	if due, thinking := e.users.idle.earliest(); thinking {
		at = min(at, due.Sub(e.start))
	}
	return at
}

// planned says in words what the plan holds: a closed model has no number of payments.
func (e *Engine) planned() string {
	if !e.closed() {
		return fmt.Sprintf("%d payments", e.plan.Total())
	}
	most := 0
	for _, s := range e.plan.Stages() {
		most = max(most, s.UsersFrom, s.UsersTo)
	}
	return fmt.Sprintf("up to %d users who wait for each answer (a closed model)", most)
}
