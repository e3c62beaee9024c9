package drill

import (
	"fmt"
	"slices"
	"time"

	"gazua.example/loadgen/record"
)

// Spared is what clients saw, while something was broken, of what it must not touch: of the payments that a drill spares,
// and of all looks (GET).
//
//	break ───────────────────────────────► heal
//	    card: 503 or late, and that is right
//	    points only:    ·   ·  ·    ·   ·           the first answer of each, as if nothing were broken
//	    looks:        · · ·· · ·· · · · ·· ·
type Spared struct {
	Payments Quickness `json:"payments"`
	Looks    Quickness `json:"looks"`

	PaymentsElse Quickness `json:"payments_otherwise"` // the same while nothing was broken
	LooksElse    Quickness `json:"looks_otherwise"`
}

// Quickness is how some requests were answered.
type Quickness struct {
	Requests int           `json:"requests"`
	Bad      int           `json:"without_good_answer"` // none, 5xx or 429
	Median   time.Duration `json:"median_ns"`
	P95      time.Duration `json:"p95_ns"`
	Most     time.Duration `json:"most_ns"`
	took     []time.Duration
}

// They must be as quick as otherwise. Chance, and a machine that is busy with other things, are allowed for: half of them may
// take a second, and 95 of 100 the 2 s that a call lasts which hangs; or twice of what they take otherwise, if that is more.
const (
	sparedMedian = time.Second
	sparedP95    = 2 * time.Second
	sparedRatio  = 2
	checkSpared  = "spared"
)

// spared reads it from a run's journal. A payment counts as of when it was planned, a look as of when it was sent.
func spared(journal string, breaks []Break, which func(record.Entry) bool) (*Spared, error) {
	broken := func(at time.Duration) bool {
		return slices.ContainsFunc(breaks, func(b Break) bool { return b.Healed > 0 && at >= b.At && at < b.Healed })
	}
	micro := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	var s Spared
	type asked struct {
		planned time.Duration
		of      *Quickness
	}
	waiting := map[int]asked{} // without an answer so far
	either := func(at time.Duration, broke, otherwise *Quickness) *Quickness {
		if broken(at) {
			return broke
		}
		return otherwise
	}
	err := record.Read(journal, func(e record.Entry) error {
		switch e.Kind {
		case "p":
			if which(e) {
				waiting[e.Number] = asked{micro(e.At), either(micro(e.At), &s.Payments, &s.PaymentsElse)}
			}
		case "a":
			if w, is := waiting[e.Number]; is {
				delete(waiting, e.Number)
				w.of.note(e, micro(e.Done)-w.planned)
			}
		case "g":
			either(micro(e.Sent), &s.Looks, &s.LooksElse).note(e, micro(e.Done-e.Sent))
		}
		return nil
	})
	for _, q := range []*Quickness{&s.Payments, &s.Looks, &s.PaymentsElse, &s.LooksElse} {
		q.sum()
	}
	return &s, err
}

// good is a request's answer that is one.
func good(e record.Entry) bool { return e.Class == "" && e.Status < 500 && e.Status != 429 }

func (q *Quickness) note(e record.Entry, took time.Duration) {
	q.Requests++
	if !good(e) {
		q.Bad++
	}
	q.took = append(q.took, took)
}

func (q *Quickness) sum() {
	if q.Requests == 0 {
		return
	}
	slices.Sort(q.took)
	q.Median, q.P95, q.Most = q.took[len(q.took)/2], q.took[len(q.took)*95/100], q.took[len(q.took)-1]
}

// failures tells what was not spared. That there was nothing to look at is one: then the drill shows nothing.
func (s *Spared) failures() (failed []Failure) {
	for _, part := range s.parts() {
		q, median, p95 := part.of, max(sparedMedian, sparedRatio*part.otherwise.Median), max(sparedP95, sparedRatio*part.otherwise.P95)
		if q.Requests == 0 || q.Bad > 0 || q.Median > median || q.P95 > p95 {
			failed = append(failed, Failure{checkSpared, fmt.Sprintf("while it was broken: %s (median at most %s, p95 at most %s)", part, rounded(median), rounded(p95))})
		}
	}
	return failed
}

func (s *Spared) String() string {
	parts := s.parts()
	return fmt.Sprintf("while it was broken: %s; %s", parts[0], parts[1])
}

// part is one kind of what is spared.
type part struct {
	name          string
	of, otherwise Quickness
}

func (s *Spared) parts() []part {
	return []part{{"payments", s.Payments, s.PaymentsElse}, {"looks", s.Looks, s.LooksElse}}
}

func (p part) String() string {
	return fmt.Sprintf("%d %s that it must not touch, %d without a good answer, median %s, p95 %s (otherwise %s, %s)",
		p.of.Requests, p.name, p.of.Bad, rounded(p.of.Median), rounded(p.of.P95), rounded(p.otherwise.Median), rounded(p.otherwise.P95))
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// byPointsOnly spares the synchronous payments that only points pay. (Asynchronous ones wait in Kafka while the PG's breaker is
// open, whatever pays them.)
func byPointsOnly(e record.Entry) bool {
	return synchronous(e) && !slices.ContainsFunc(e.Legs, func(l record.Leg) bool { return l.Means != "POINT" })
}

func synchronous(e record.Entry) bool { return !e.Async }
