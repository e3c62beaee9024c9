package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"gazua.example/loadgen/record"
)

// Seen is what the client planned and saw of one payment: its journal entries, folded.
type Seen struct {
	Number   int
	Merchant uint32
	Order    string
	Amount   int64
	ID       uint64 // of the first 2xx, 0 when there was none
	Answers  uint32 // 2xx answers
	Accepted bool   // one of them said ACCEPTED
	Final    string // PAID or FAILED, when one of them said so
	Contrary string // the first contradiction among the answers themselves
}

// readJournal folds the journal. Only payments that were sent are kept.
func readJournal(path string) (run string, seen []Seen, err error) {
	var byNumber []Seen
	err = record.Read(path, func(e record.Entry) error {
		if e.Kind == "h" {
			run = e.Run
			return nil
		}
		if e.Number > maxPayments {
			return fmt.Errorf("the journal names payment %d; more than %d are not verified", e.Number, maxPayments)
		}
		if grow := e.Number + 1 - len(byNumber); grow > 0 {
			byNumber = append(byNumber, make([]Seen, grow)...)
		}
		s := &byNumber[e.Number]
		switch e.Kind {
		case "p":
			s.Number, s.Merchant, s.Order, s.Amount = e.Number, e.Merchant, e.Order, e.Amount
		case "a", "g":
			if e.Class == "" && e.Status >= 200 && e.Status < 300 {
				s.answered(&e)
			}
		}
		return nil
	})
	seen = slices.DeleteFunc(byNumber, func(s Seen) bool { return s.Order == "" })
	return run, seen, err
}

// maxPayments bounds the memory that a damaged journal can ask for.
const maxPayments = 100_000_000

// answered folds a 2xx in. The entries of one payment are in the order in which the client saw them, since it has at
// most one request in flight for each.
func (s *Seen) answered(e *record.Entry) {
	s.Answers++
	contradicts := func(format string, args ...any) {
		if s.Contrary == "" {
			s.Contrary = fmt.Sprintf(format, args...)
		}
	}
	id, err := strconv.ParseUint(e.ID, 10, 64)
	switch {
	case err != nil || id == 0:
		contradicts("an answer has the id %q", e.ID)
	case s.ID == 0:
		s.ID = id
	case s.ID != id:
		contradicts("answers name two payments, %d and %d", s.ID, id)
	}
	// The 202 body has neither order nor amount.
	if e.Order != "" && e.Order != s.Order {
		contradicts("asked for order %s, the answer says %s", s.Order, e.Order)
	}
	if e.Amount != 0 && e.Amount != s.Amount {
		contradicts("asked for %d, the answer says %d", s.Amount, e.Amount)
	}
	if s.Final != "" && e.State != s.Final {
		contradicts("%s was seen after %s", e.State, s.Final)
	}
	switch e.State {
	case "PAID", "FAILED":
		s.Final = cmp.Or(s.Final, e.State)
	case "ACCEPTED":
		s.Accepted = true
	}
}
