package verify

import (
	"cmp"
	"fmt"
	"strconv"

	"gazua.example/loadgen/record"
)

// Seen is what the client planned and saw of one payment: its journal entries, folded.
type Seen struct {
	Asked
	Number   int
	Merchant uint32
	Order    string
	Amount   int64
	ID       uint64 // of the first 2xx, 0 when there was none
	Told     uint32 // 2xx answers about it, looks and cancellations included
	Accepted bool   // one of them said ACCEPTED
	Final    string // PAID or FAILED, when one of them said so
	Given    given  // back, at most, as a look has shown it
	Contrary string // the first contradiction among the answers themselves
	Cancels  []SeenCancel
}

// SeenCancel is what the client asked and saw of one cancellation of it.
type SeenCancel struct {
	Asked
	Index    int
	Amount   int64 // asked for, 0: all that is left
	Seq      uint32
	Named    int64  // the amount, as a look has shown it
	Final    string // SUCCEEDED or FAILED, when an answer said so
	Contrary string
	key      string
}

// given is how much of a paid payment has gone back.
type given uint8

const (
	nothing given = iota
	part
	all
)

// answered folds the answer to a POST in. It is the stored one, which may be older than what a look has shown before.
func (s *Seen) answered(e *record.Entry) {
	s.named(e)
	s.state(e, false)
}

// looked folds the answer to a look in. Looks come one after another, so none may show less than the one before.
func (s *Seen) looked(e *record.Entry) {
	s.named(e)
	s.state(e, true)
}

func (s *Seen) named(e *record.Entry) {
	s.Told++
	id, err := strconv.ParseUint(e.ID, 10, 64)
	switch {
	case err != nil || id == 0 || id == nobody:
		s.contradicts("an answer has the id %q", e.ID)
	case s.ID == 0:
		s.ID = id
	case s.ID != id:
		s.contradicts("answers name two payments, %d and %d", s.ID, id)
	}
	// The 202 body has neither order nor amount.
	if e.Order != "" && e.Order != s.Order {
		s.contradicts("asked for order %s, the answer says %s", s.Order, e.Order)
	}
	if e.Amount != 0 && e.Amount != s.Amount {
		s.contradicts("asked for %d, the answer says %d", s.Amount, e.Amount)
	}
}

func (s *Seen) state(e *record.Entry, look bool) {
	final, back := "", nothing
	switch e.State {
	case "PAID", "FAILED":
		final = e.State
	case "PARTIALLY_CANCELED":
		final, back = "PAID", part
	case "CANCELED":
		final, back = "PAID", all
	case "ACCEPTED":
		s.Accepted = true
	}
	switch {
	case s.Final != "" && final != s.Final && (look || final != ""):
		s.contradicts("%s was seen after %s", e.State, s.Final)
	case look && back < s.Given:
		s.contradicts("%s was seen after more had been given back", e.State)
	}
	s.Final, s.Given = cmp.Or(s.Final, final), max(s.Given, back)
}

func (s *Seen) contradicts(format string, args ...any) {
	if s.Contrary == "" {
		s.Contrary = fmt.Sprintf(format, args...)
	}
}

// cancel is the payment's i-th cancellation.
func (s *Seen) cancel(i int) *SeenCancel {
	for k := range s.Cancels {
		if s.Cancels[k].Index == i {
			return &s.Cancels[k]
		}
	}
	s.Cancels = append(s.Cancels, SeenCancel{Index: i})
	return &s.Cancels[len(s.Cancels)-1]
}

// told folds a 2xx about a cancellation in; the entries of one cancellation are in the order in which the client saw them.
func (c *SeenCancel) told(e *record.Entry, payment uint64) {
	contradicts := func(format string, args ...any) {
		if c.Contrary == "" {
			c.Contrary = fmt.Sprintf(format, args...)
		}
	}
	if id, err := strconv.ParseUint(e.ID, 10, 64); err != nil || id != payment {
		contradicts("an answer about a cancellation of payment %d names payment %q", payment, e.ID)
	}
	switch {
	case e.Seq <= 0:
		contradicts("an answer names no cancellation")
	case c.Seq == 0:
		c.Seq = uint32(e.Seq)
	case c.Seq != uint32(e.Seq):
		contradicts("answers to one request name two cancellations, %d and %d", c.Seq, e.Seq)
	}
	if c.Final != "" && e.State != c.Final && e.Kind == "cg" {
		contradicts("%s was seen after %s", e.State, c.Final)
	}
	if e.State == "SUCCEEDED" || e.State == "FAILED" {
		if c.Final != "" && c.Final != e.State {
			contradicts("%s was seen after %s", e.State, c.Final)
		}
		c.Final = cmp.Or(c.Final, e.State)
	}
	if e.Kind == "cg" {
		c.Named = cmp.Or(c.Named, e.Amount)
	}
}
