package chapter

import (
	"time"

	"gazua.example/loadgen/record"
)

// sights are what clients saw in a run, by its clock.
type sights struct {
	answers  []answer
	payments []payment
}

// answer is what came of one request, of any kind.
type answer struct {
	done  time.Duration
	bad   bool // no answer, 5xx or 429
	first bool // a payment's first request
}

// payment is one that was planned.
type payment struct {
	planned, final time.Duration // final 0: it never came to an end
}

// readSights reads a run's journal.
func readSights(journal string) (*sights, error) {
	s := &sights{}
	at, tried := map[int]int{}, map[int]bool{}
	micro := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	err := record.Read(journal, func(e record.Entry) error {
		switch e.Kind {
		case "p":
			at[e.Number] = len(s.payments)
			s.payments = append(s.payments, payment{planned: micro(e.At)})
		case "a", "g", "c", "cg", "x", "xg":
			first := e.Kind == "a" && !tried[e.Number]
			if e.Kind == "a" {
				tried[e.Number] = true
			}
			s.answers = append(s.answers, answer{micro(e.Done), e.Class != "" || e.Status >= 500 || e.Status == 429, first})
		case "f":
			if i, known := at[e.Number]; known && e.State != "gave-up" {
				s.payments[i].final = micro(e.At)
			}
		}
		return nil
	})
	return s, err
}
