package drill

import (
	"slices"
	"time"

	"gazua.example/loadgen/record"
)

// What it means that a payment was served well: its first request got a good answer in time, and its end came in time. A
// system has recovered from a break when all payments that come after are served well.
const (
	answerWithin = time.Second
	finalWithin  = 5 * time.Second
)

// seen is what the client saw of one payment.
type seen struct {
	planned     time.Duration
	within      time.Duration // an answer is good that comes within this,
	finally     time.Duration // and an end within this
	async       bool
	tried       bool // the first attempt is over
	refused     bool // it got an answer that is none: 5xx, 429
	unanswered  bool // it got no answer at all
	answered    time.Duration
	final       time.Duration
	end         string
	everUnknown bool // at some time the client could not know what became of it
}

// caughtBy says whether a break came while the payment was on its way and could still have been served well: that it was not
// is this break's doing then, and not the one's before, after which it was planned.
func (p *seen) caughtBy(at time.Duration) bool {
	over := p.end != "" && p.final <= at || p.tried && (p.refused || p.unanswered) && p.answered <= at
	return !p.well() && !over && during(p.planned, p.within, at)
}

// during says whether something had begun by then and was not late yet.
func during(begin, within, at time.Duration) bool { return begin <= at && at < begin+within }

func (p *seen) well() bool {
	return p.tried && !p.refused && !p.unanswered && p.answered-p.planned <= p.within && !p.late()
}

// late: its end did not come in time, or not at all.
func (p *seen) late() bool { return p.end == "" || p.end == gaveUp || p.final-p.planned > p.finally }

const gaveUp = "gave-up"

// Impact is what a break did to the clients.
type Impact struct {
	Payments    int           `json:"payments"`     // planned until the next break
	Errors      int           `json:"errors"`       // requests of all kinds that got no answer, 5xx or 429
	First       int           `json:"first_failed"` // payments whose first request was one of them
	Ambiguous   int           `json:"ambiguous"`    // payments of which a client could not know, after a request, what became of them
	Settled     int           `json:"settled"`      // those of the ambiguous that came to an end
	Late        int           `json:"late"`         // payments whose end came late, whatever their requests met
	Unwell      int           `json:"not_served_well"`
	FirstUnwell time.Duration `json:"first_unwell_ns,omitempty"` // since the break; the planned time of that payment, 0: before the break
	Recovery    time.Duration `json:"rto_ns"`                    // since the break, until the last planned one that was not served well; 0: all that came after it were
	Recovered   bool          `json:"recovered"`                 // for a second or more after that all were served well
}

// impacts reads a run's journal and says for each break, up to the next, what it did.
func impacts(journal string, breaks []Break) ([]Impact, error) {
	return impactsWithin(journal, breaks, answerWithin, finalWithin)
}

// impactsWithin is for means that are slow: an answer is good that comes within this, and an end.
func impactsWithin(journal string, breaks []Break, answer, final time.Duration) ([]Impact, error) {
	payments := map[int]*seen{}
	found := make([]Impact, max(len(breaks)-1, 0)) // the last one is the end of the load
	window := func(at time.Duration) int {         // which break's; -1: before the first, or after the load's end
		after, _ := slices.BinarySearchFunc(breaks, at, func(b Break, at time.Duration) int {
			if b.At <= at {
				return -1
			}
			return 1
		})
		if after > len(found) {
			return -1
		}
		return after - 1
	}
	micro := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	err := record.Read(journal, func(e record.Entry) error {
		p := payments[e.Number]
		bad := e.Class != "" || e.Status >= 500 || e.Status == 429
		switch e.Kind {
		case "p":
			payments[e.Number] = &seen{planned: micro(e.At), within: answer, finally: final, async: e.Async}
		case "a", "g", "c", "cg", "x", "xg":
			at := window(micro(e.Sent))
			if next := at + 1; next < len(found) && during(micro(e.Sent), answer, breaks[next].At) && micro(e.Done) > breaks[next].At {
				at = next
			}
			if bad && at >= 0 {
				found[at].Errors++
			}
			if e.Kind != "a" || p == nil {
				break
			}
			p.everUnknown = p.everUnknown || e.Class != "" || e.Status == 202 && !p.async
			if !p.tried {
				p.tried, p.refused, p.unanswered, p.answered = true, bad && e.Class == "", e.Class != "", micro(e.Done)
			}
		case "f":
			if p != nil {
				p.final, p.end = micro(e.At), e.State
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		at := window(p.planned)
		atEnd := false
		if next := at + 1; next < len(breaks) && p.caughtBy(breaks[next].At) {
			if atEnd = next == len(found); !atEnd {
				at = next
			}
		}
		if at < 0 {
			continue
		}
		count(&found[at], p, max(p.planned-breaks[at].At, 0), atEnd)
	}
	for i := range found { // the last ones may be the next break's, so a second before them is asked for
		found[i].Recovered = found[i].Recovery < breaks[i+1].At-breaks[i].At-answer-time.Second
	}
	return found, nil
}

// count adds a payment. One that was on its way when the load ended, and could still have been served well, says nothing about
// how long the break lasted: none comes after it that could show that it was the last.
func count(i *Impact, p *seen, since time.Duration, atEnd bool) {
	i.Payments++
	if p.refused || p.unanswered {
		i.First++
	}
	if p.everUnknown {
		i.Ambiguous++
		if p.end != "" && p.end != gaveUp {
			i.Settled++
		}
	}
	if p.late() {
		i.Late++
	}
	if p.well() || atEnd {
		return
	}
	i.Unwell++
	i.Recovery = max(i.Recovery, since)
	if i.Unwell == 1 || since < i.FirstUnwell {
		i.FirstUnwell = since
	}
}
