package pgsim

import (
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// A random history of requests over a few references. After every step: what is in memory is what the book, read anew,
// gives, at every prefix that a step left behind; and the rule by which a verifier counts live money, from entries alone,
// finds the same money.
func TestHistory_TheBookTellsTheWholeState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := tempDir(rt)
		defer func() { _ = os.RemoveAll(dir) }()
		b := newBench(rt, dir)
		defer b.close()
		var states []map[string]string // by number of entries
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			b.randomStep(rt)
			entries := b.entries()
			for len(states) <= len(entries) {
				states = append(states, nil)
			}
			states[len(entries)] = money(b.engines)
			if got, want := liveByEntries(entries), b.liveInMemory(); got != want {
				rt.Fatalf("live by the book %+v, in memory %+v", got, want)
			}
		}
		entries := b.entries()
		for n, state := range states {
			if state == nil {
				continue
			}
			if d := difference(state, rebuilt(rt, entries[:n], b.clock)); d != "" {
				rt.Fatalf("after %d entries: %s", n, d)
			}
		}
	})
}

func (b *bench) randomStep(t *rapid.T) {
	means := rapid.SampledFrom([]string{PG, Point, Coupon}).Draw(t, "means")
	ops := []script.Op{script.Reserve, script.Confirm, script.Release, script.Void, script.Inquiry}
	if means == PG {
		ops = []script.Op{script.Charge, script.Void, script.NetCancel, script.Inquiry}
	}
	reference := rapid.SampledFrom([]string{"1.1", "1.2", "2.1"}).Draw(t, "reference")
	token := rapid.SampledFrom([]string{
		plainToken, "gz1;charge=decline,ok;reserve=decline,ok", "gz1;charge=silent,ok;confirm=reset:after", "gz1;reserve=silent:after;void=decline",
	}).Draw(t, "token")
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		b.pass(time.Duration(rapid.IntRange(1, 45).Draw(t, "seconds")) * time.Second)
	case 1:
		b.sweep()
	default:
		b.do(means, rapid.SampledFrom(ops).Draw(t, "op"), reference, token)
		b.flush()
	}
}

// live is money taken and money held.
type live struct{ captured, held int }

// liveByEntries counts as a verifier does, who knows nothing of the engine.
func liveByEntries(entries []book.Entry) (l live) {
	held := map[uint64]bool{}
	for _, e := range entries {
		switch e.Effect {
		case book.Charged:
			l.captured++
		case book.Held:
			held[e.Transaction] = true
		case book.Captured:
			l.captured++
			delete(held, e.Transaction)
		case book.Released, book.Expired:
			delete(held, e.Transaction)
		case book.Voided:
			l.captured--
		}
	}
	l.held = len(held)
	return l
}

func (b *bench) liveInMemory() (l live) {
	for _, e := range b.engines {
		for i := range e.shards {
			for _, r := range e.shards[i].records {
				for x := range r.transactions {
					switch x.status {
					case captured:
						l.captured++
					case held:
						l.held++
					}
				}
			}
		}
	}
	return l
}
