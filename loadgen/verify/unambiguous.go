package verify

import (
	"strings"
	"time"
)

// clocks is how far the database's clock and the book's may lie apart.
const clocks = 5 * time.Second

// sameCommit is how far two times of one transaction of the database may lie apart: UNDOING is timed by one statement in
// the payment's row and by a later one in its history.
const sameCommit = 200 * time.Millisecond

// unambiguous is invariant 12: no payment became FAILED on a guess. What is judged:
//
//   - When it became FAILED, and at the end, the book has no money and no hold live under any of its references. The two
//     have clocks of their own, so what the book ended within 5 s after the payment's step counts as ended.
//   - A leg that ever was UNKNOWN came to its end by proof: VOIDED by a void in the book, RELEASED by a release or an
//     expiry, DECLINED by a decline, ABSENT by a tombstone (a net-cancel or a release that stays, or a charge that was
//     turned away), or else because it was called ABSENT only when the PG's late-arrival bound had passed since UNDOING was
//     committed. Inquiries stand in no book, so that the last one was asked in time is seen by this alone.
//
// A payment that a person ended in REVIEW may rest on that person's word; the first part is judged for it all the same.
func unambiguous(v *Verdict, c *Case, booked map[uint8]*live) {
	if c.Row == nil || c.Row.Missing || c.Row.State != "FAILED" {
		return
	}
	v.check(12, 1)
	if alive := c.alive(booked); len(alive) > 0 {
		v.violated(12, c, "", "FAILED, and the book has something live under %s", strings.Join(alive, ", "))
		return
	}
	history := c.Row.failure()
	if alive := c.alive(balance(c.bookedUntil(history.failed.Add(clocks)))); !history.failed.IsZero() && len(alive) > 0 {
		v.violated(12, c, "", "FAILED at %s, while the book had something live under %s", history.failed.Format(time.RFC3339), strings.Join(alive, ", "))
		return
	}
	for i, leg := range c.Row.Legs {
		if !history.unknown[i] || history.byHand {
			continue
		}
		v.check(12, 1)
		if l := booked[leg.Seq]; !l.proves(leg.State) && (leg.State != "ABSENT" || history.absentAfter(i) < v.Scope.lateBound()-sameCommit) {
			v.violated(12, c, "", "leg %s was UNKNOWN and became %s, and nothing in the book proves that; %s passed since UNDOING",
				leg.Reference, leg.State, history.absentAfter(i))
		}
	}
}

// bookedUntil is the payment's entries up to a time.
func (c *Case) bookedUntil(end time.Time) (entries []movement) {
	for _, m := range c.Booked {
		if !m.At.After(end) {
			entries = append(entries, m)
		}
	}
	return entries
}

// proves says whether the book shows that a leg which was UNKNOWN came to this end.
func (l *live) proves(state string) bool {
	if l == nil {
		return false
	}
	switch state {
	case "VOIDED":
		return l.voided
	case "RELEASED":
		return l.released || l.expired
	case "DECLINED":
		return l.declined
	case "ABSENT":
		return l.tombstone || l.released || l.turnedAway
	}
	return false
}

// failure is the history of a payment that FAILED, as far as it shows what was ambiguous.
type failure struct {
	undoing, failed time.Time
	byHand          bool
	unknown         map[int]bool // by leg, counted from 0: it ever was
	absent          map[int]time.Time
}

func (p *Payment) failure() failure {
	f := failure{unknown: map[int]bool{}, absent: map[int]time.Time{}}
	for _, e := range p.Events {
		if e.Cancellation != 0 {
			continue
		}
		f.byHand = f.byHand || e.From == "REVIEW"
		if e.To == "UNDOING" && f.undoing.IsZero() {
			f.undoing = e.At
		}
		if e.To == "FAILED" {
			f.failed = e.At
		}
		for i, state := range strings.Split(e.States, ",") {
			switch {
			case state == "UNKNOWN":
				f.unknown[i] = true
			case state == "ABSENT" && f.absent[i].IsZero():
				f.absent[i] = e.At
			}
		}
	}
	return f
}

// absentAfter is how long after UNDOING the leg was called ABSENT; 0 when it was not.
func (f *failure) absentAfter(leg int) time.Duration {
	if f.absent[leg].IsZero() || f.undoing.IsZero() {
		return 0
	}
	return f.absent[leg].Sub(f.undoing)
}
