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
	async       bool
	tried       bool // the first attempt is over
	refused     bool // it got an answer that is none: 5xx, 429
	unanswered  bool // it got no answer at all
	promised    bool // 202 to a request that could have been answered
	answered    time.Duration
	final       time.Duration
	end         string
	everUnknown bool // at some time the client could not know what became of it
}

func (p *seen) well() bool {
	return p.tried && !p.refused && !p.unanswered && p.answered-p.planned <= answerWithin && p.end != "" && p.end != gaveUp && p.final-p.planned <= finalWithin
}

const gaveUp = "gave-up"

// Impact is what a break did to the clients.
type Impact struct {
	Payments    int           `json:"payments"`     // planned until the next break
	Errors      int           `json:"errors"`       // requests of all kinds that got no answer, 5xx or 429
	First       int           `json:"first_failed"` // payments whose first request was one of them
	Ambiguous   int           `json:"ambiguous"`    // payments of which a client could not know, after a request, what became of them
	Settled     int           `json:"settled"`      // those of the ambiguous that came to an end
	Unwell      int           `json:"not_served_well"`
	FirstUnwell time.Duration `json:"first_unwell_ns,omitempty"` // since the break; the planned time of that payment
	Recovery    time.Duration `json:"rto_ns"`                    // since the break, until the last that was not served well; 0: all were
	Recovered   bool          `json:"recovered"`                 // there were payments after that, and all were served well
}

// impacts reads a run's journal and says for each break, up to the next, what it did.
func impacts(journal string, breaks []Break) ([]Impact, error) {
	payments := map[int]*seen{}
	found := make([]Impact, max(len(breaks)-1, 0)) // the last one is the end of the load
	window := func(at time.Duration) int { // which break's; -1: before the first, or after the load's end
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
			payments[e.Number] = &seen{planned: micro(e.At), async: e.Async}
		case "a", "g", "c", "cg", "x", "xg":
			if at := window(micro(e.Sent)); bad && at >= 0 {
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
		if at < 0 {
			continue
		}
		count(&found[at], p, p.planned-breaks[at].At)
	}
	for i := range found {
		found[i].Recovered = found[i].Recovery < breaks[i+1].At-breaks[i].At-time.Second
	}
	return found, nil
}

func count(i *Impact, p *seen, since time.Duration) {
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
	if p.well() {
		return
	}
	i.Unwell++
	i.Recovery = max(i.Recovery, since)
	if i.FirstUnwell == 0 || since < i.FirstUnwell {
		i.FirstUnwell = since
	}
}
