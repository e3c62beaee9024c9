package pgsim

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// A random history of requests over a few references, with refunds, late charges and either profile of the PG. After every
// step: what is in memory is what the book, read anew, gives, at every prefix that a step left behind; and the rules by
// which a verifier counts money, from entries alone, find the same money. At the end the book is opened again by others,
// who must give the same answers and the same statements, and those must say what the book says.
func TestHistory_TheBookTellsTheWholeState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := tempDir(rt)
		defer func() { _ = os.RemoveAll(dir) }()
		profile := rapid.SampledFrom([]cards{{}, {lateBound: 20 * time.Second}}).Draw(rt, "profile")
		b := newBenchOf(rt, dir, profile)
		defer b.close()
		var states []map[string]string // by number of entries
		first := map[string]string{}   // results of refunds
		among := rapid.SampledFrom([][]string{{PG}, {Point}, {PG, Point, Coupon}}).Draw(rt, "means of this history")
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			b.randomStep(rt, among, first)
			if wrong := b.wrongWallet(b.entries()); wrong != "" {
				rt.Fatal(wrong)
			}
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
		if wrong := wrongRefund(entries); wrong != "" {
			rt.Fatal(wrong)
		}
		for n, state := range states {
			if state == nil {
				continue
			}
			if d := difference(state, money(rebuilt(rt, entries[:n], b.clock, profile))); d != "" {
				rt.Fatalf("after %d entries: %s", n, d)
			}
		}
		statements := b.checkStatements(rt, daysOf(entries))
		before := b.answers(first)
		b.close()
		again := newBenchOf(rt, dir, profile)
		defer again.close()
		again.now.Store(b.now.Load())
		if after := again.answers(first); !slices.Equal(before, after) {
			rt.Fatalf("answers before and after the restart:\n%s\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
		if after := again.checkStatements(rt, daysOf(entries)); !slices.Equal(statements, after) {
			rt.Fatalf("statements before and after the restart:\n%s\n%s", statements, after)
		}
	})
}

var (
	historyReferences = []string{"1.1", "1.2", "2.1"}
	historySteps      = []string{"any", "any", "any", "any", "take", "refund", "refund", "refund", "arrive", "seconds", "hours", "sweep", "fund"}
)

func (b *bench) randomStep(t *rapid.T, among []string, first map[string]string) {
	means := rapid.SampledFrom(among).Draw(t, "means")
	ops := []script.Op{script.Reserve, script.Confirm, script.Release, script.Void, script.Inquiry}
	if means == PG {
		ops = []script.Op{script.Charge, script.Void, script.NetCancel, script.Inquiry}
	}
	reference := rapid.SampledFrom(historyReferences).Draw(t, "reference")
	token := rapid.SampledFrom([]string{
		plainToken, plainToken, "gz1;charge=decline,ok;reserve=decline,ok;refund=decline,ok", "gz1;charge=silent,ok;confirm=reset:after;refund=silent,ok",
		"gz1;reserve=silent:after;void=decline;refund=silent:after", "gz1;charge=late/10s",
		"gz1.w-1", "gz1.w-1;reserve=silent:after", "gz1.w-2;confirm=decline,ok",
	}).Draw(t, "token")
	switch rapid.SampledFrom(historySteps).Draw(t, "what") {
	case "seconds":
		b.pass(time.Duration(rapid.IntRange(1, 45).Draw(t, "seconds")) * time.Second)
	case "hours":
		b.pass(time.Duration(rapid.IntRange(1, 14).Draw(t, "hours")) * time.Hour)
	case "sweep":
		b.sweep()
	case "fund":
		key := walletKey{rapid.SampledFrom([]string{"w-1", "w-2"}).Draw(t, "source"), "KRW"}
		e := b.engines[rapid.SampledFrom([]string{Point, Coupon}).Draw(t, "funded means")]
		b.fund(e, key, rapid.SampledFrom([]int64{0, 100, 150, 1000}).Draw(t, "balance"))
	case "arrive":
		if n := len(b.onWay); n > 0 {
			b.arrive(rapid.IntRange(0, n-1).Draw(t, "late"))
		}
	case "take":
		b.captured(means, reference, plainToken)
	case "refund":
		b.randomRefund(t, means, reference, first)
	default:
		b.do(means, rapid.SampledFrom(ops).Draw(t, "op"), reference, token)
	}
	b.flush()
}

// randomRefund asks for a refund, most times under a name of its original. What was answered first is answered again.
func (b *bench) randomRefund(t *rapid.T, means, reference string, first map[string]string) {
	r := refundRequest("", reference, rapid.SampledFrom([]int64{30, 60, 100, 130}).Draw(t, "amount"))
	r.Reference = rapid.SampledFrom([]string{reference + ".1", reference + ".2", reference + ".3", "1.1.1"}).Draw(t, "name")
	r.Currency = rapid.SampledFrom([]string{"KRW", "KRW", "KRW", "USD"}).Draw(t, "currency")
	before := len(b.entries())
	done := b.take(means, r)
	if !done.step.Decided() {
		return
	}
	got := string(done.answer.appendJSON(nil, r.Reference))
	key := means + "|" + r.Reference
	asked := fmt.Sprintf("|%s|%d|%s", r.Original, r.Amount, r.Currency)
	switch known, again := first[key]; {
	case !again:
		first[key] = asked + "=" + got
		return
	case strings.HasPrefix(known, asked+"=") && known != asked+"="+got:
		t.Fatalf("%s%s: first %s, then %s", key, asked, known, got)
	case !strings.HasPrefix(known, asked+"=") && done.answer.code != codeAnother:
		t.Fatalf("%s%s is answered %s, though it was %s", key, asked, got, known)
	}
	if after := b.entries(); len(after) != before && after[len(after)-1].Op == "refund" {
		t.Fatalf("%s%s was booked again: %+v", key, asked, after[len(after)-1])
	}
}

// answers is what is said about everything: each inquiry, and each refund asked for again.
func (b *bench) answers(first map[string]string) (all []string) {
	for _, means := range []string{PG, Point, Coupon} {
		for _, reference := range historyReferences {
			done := b.take(means, b.request(script.Inquiry, reference, ""))
			all = append(all, means+" "+string(done.answer.appendJSON(nil, reference)))
		}
	}
	for key := range first {
		means, name, _ := strings.Cut(key, "|")
		r := &request{op: script.Refund, Reference: name}
		fields := strings.Split(strings.SplitN(first[key], "=", 2)[0], "|")
		r.Original, r.Currency = fields[1], fields[3]
		_, _ = fmt.Sscan(fields[2], &r.Amount)
		done := taken{}
		for !done.step.Decided() || done.answer.result == "" { // past the scripted faults
			done = b.take(means, r)
		}
		all = append(all, means+" "+string(done.answer.appendJSON(nil, name)))
	}
	slices.Sort(all)
	return all
}

// live is money taken and money held.
type live struct {
	captured, held int
	refunded       int64
}

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
		case book.Refunded:
			l.refunded += e.Amount
		}
	}
	l.held = len(held)
	return l
}

func (b *bench) liveInMemory() (l live) {
	for _, e := range b.engines {
		for i := range e.shards {
			for _, r := range e.shards[i].records {
				l.refunded += r.refunded()
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

// wrongRefund finds, from entries alone, a refund that was booked twice, one that is more than what was live of its
// original at that moment, or a void of what was refunded. It is empty when there is none.
func wrongRefund(entries []book.Entry) string {
	names, back, open := map[string]bool{}, map[string]int64{}, map[string][]book.Entry{}
	for _, e := range entries {
		of := e.Means + " " + e.Reference
		switch e.Effect {
		case book.Charged, book.Captured:
			open[of] = append(open[of], e)
		case book.Voided:
			if back[of] > 0 {
				return fmt.Sprintf("seq %d voids %s, of which %d were refunded", e.Seq, of, back[of])
			}
			open[of] = slices.DeleteFunc(open[of], func(taken book.Entry) bool { return taken.Transaction == e.Transaction })
		case book.Refunded:
			original := e.Means + " " + e.Original
			if names[of] {
				return fmt.Sprintf("seq %d books refund %s again", e.Seq, of)
			}
			names[of] = true
			if back[original] += e.Amount; len(open[original]) == 0 || back[original] > open[original][0].Amount {
				return fmt.Sprintf("seq %d: %d went back of %s, of which was live %+v", e.Seq, back[original], original, open[original])
			}
		}
	}
	return ""
}
