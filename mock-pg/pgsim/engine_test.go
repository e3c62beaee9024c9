package pgsim

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// bench is the engines with a book and a clock, without HTTP.
type bench struct {
	t       fataler
	now     atomic.Int64 // ns since 1970
	book    *book.Book
	engines map[string]*engine
	onWay   []late // in the order of reading
}

// late is a request that was read and has not arrived.
type late struct {
	means   string
	request *request
	done    taken
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newEngines(now func() time.Time, pg cards) map[string]*engine {
	schedule := &atomic.Pointer[script.Script]{}
	schedule.Store(&script.Script{})
	library := &script.Library{}
	return map[string]*engine{
		PG:     newEngine(PG, pg.decide, library, schedule, now),
		Point:  newEngine(Point, decideReservation, library, schedule, now),
		Coupon: newEngine(Coupon, decideReservation, library, schedule, now),
	}
}

// newBench must be closed with close. Its PG keeps tombstones.
func newBench(t fataler, dir string) *bench { return newBenchOf(t, dir, cards{}) }

func newBenchOf(t fataler, dir string, pg cards) *bench {
	t.Helper()
	b := &bench{t: t}
	b.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	b.engines = newEngines(b.clock, pg)
	var err error
	if b.book, _, err = book.Open(dir, book.Options{Now: b.clock, Replay: b.replay, Failed: func(error) {}}); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.engines {
		e.book = b.book
	}
	return b
}

func (b *bench) clock() time.Time           { return time.Unix(0, b.now.Load()) }
func (b *bench) pass(d time.Duration)       { b.now.Add(int64(d)) }
func (b *bench) replay(e *book.Entry) error { return b.engines[e.Means].replay(e) }
func (b *bench) close()                     { _ = b.book.Close() }

const plainToken = "tok"

func (b *bench) request(op script.Op, reference, token string) *request {
	return &request{op: op, Reference: reference, OrderID: "o-1", Merchant: "1", Amount: 100, Currency: "KRW", Token: token, TTLSeconds: 60}
}

func refundRequest(name, original string, amount int64) *request {
	return &request{op: script.Refund, Reference: name, Original: original, Amount: amount, Currency: "KRW"}
}

// do runs one request and gives its answer in short: result, result:code, or found:STATUS:live. A refund is the whole, and
// is called <reference>.1.
func (b *bench) do(means string, op script.Op, reference, token string) string {
	b.t.Helper()
	if op == script.Refund {
		return b.refund(means, reference+".1", reference, 100)
	}
	return b.run(means, b.request(op, reference, token))
}

func (b *bench) refund(means, name, original string, amount int64) string {
	b.t.Helper()
	return b.run(means, refundRequest(name, original, amount))
}

func (b *bench) run(means string, r *request) string {
	b.t.Helper()
	done := b.take(means, r)
	if done.step.Late > 0 {
		b.onWay = append(b.onWay, late{means, r, done})
	}
	if !done.step.Decided() {
		return done.step.Name
	}
	return short(&done.answer)
}

// take runs a request and waits for the book.
func (b *bench) take(means string, r *request) taken {
	b.t.Helper()
	done, err := b.engines[means].take(r)
	if err == nil {
		err = done.ticket.Wait()
	}
	if err != nil {
		b.t.Fatalf("%s %s: %v", means, r.op, err)
	}
	return done
}

// arrive lets the n-th of the requests that are late arrive.
func (b *bench) arrive(n int) string {
	b.t.Helper()
	l := b.onWay[n]
	b.onWay = slices.Delete(b.onWay, n, n+1)
	err := b.engines[l.means].arrive(l.request, &l.done)
	if err == nil {
		err = l.done.ticket.Wait()
	}
	if err != nil {
		b.t.Fatalf("%s, late: %v", l.means, err)
	}
	return short(&l.done.answer)
}

func short(a *answer) string {
	switch a.result {
	case "declined", "refused":
		return a.result + ":" + a.code
	case "found":
		text := fmt.Sprintf("found:%s:%d", a.status, a.live)
		if a.refunded > 0 {
			text += fmt.Sprintf(":refunded=%d", a.refunded)
		}
		return text
	case "not_found":
		return fmt.Sprintf("not_found:tombstoned=%t", a.tombstoned)
	default:
		return a.result
	}
}

// flush waits for what nobody was answered for: an expiry, a balance.
func (b *bench) flush() {
	b.t.Helper()
	var newest uint64
	for _, e := range b.engines {
		for i := range e.shards {
			for _, r := range e.shards[i].records {
				newest = max(newest, r.last)
			}
		}
		for w := range e.wallets.all {
			_, last := w.line("")
			newest = max(newest, last)
		}
	}
	ticket, err := b.book.Written(newest)
	if err == nil {
		err = ticket.Wait()
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// entries is the whole book.
func (b *bench) entries() (all []book.Entry) {
	b.t.Helper()
	section, err := b.book.Since(0)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = section.Close() }()
	text, err := io.ReadAll(section)
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		e, err := book.ParseLine(line)
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// booked is what the entries of one reference did, refunds of it included, in order.
func (b *bench) booked(reference string) (effects []string) {
	for _, e := range b.entries() {
		if e.Reference == reference || e.Original == reference {
			effects = append(effects, string(e.Effect))
		}
	}
	return effects
}

// money is all that is known of money: every booked record and refund, as text, without the script's state.
func money(engines map[string]*engine) map[string]string {
	all := map[string]string{}
	for means, e := range engines {
		for i := range e.shards {
			for reference, r := range e.shards[i].records {
				if r.last == 0 {
					continue // it met a fault before anything was booked
				}
				bare := *r
				bare.plan, bare.asked, bare.refunds, bare.wallet = script.Plan{}, [script.Ops]uint8{}, nil, nil
				text := fmt.Sprintf("%+v", bare)
				if r.wallet != nil {
					text += " from " + r.wallet.key.source
				}
				for f := r.refunds; f != nil; f = f.before {
					text += " refunded by " + f.reference
				}
				all[means+" "+reference] = text
			}
		}
		for w := range e.wallets.all {
			if line, last := w.line(means); last != 0 { // one that was only asked for holds nothing
				all[means+" wallet "+line.Source+" "+line.Currency] = line.String()
			}
		}
		for i := range e.refunds {
			for name, f := range e.refunds[i].byName {
				if f.seq == 0 {
					continue
				}
				bare := *f
				bare.asked, bare.before = 0, nil
				all[means+" refund "+name] = fmt.Sprintf("%+v", bare)
			}
		}
	}
	return all
}

// rebuilt is new engines that have read the entries.
func rebuilt(t fataler, entries []book.Entry, now func() time.Time, pg cards) map[string]*engine {
	engines := newEngines(now, pg)
	for i := range entries {
		if err := engines[entries[i].Means].replay(&entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	return engines
}

// difference names the first reference that two states disagree on, or is empty.
func difference(live, replayed map[string]string) string {
	if maps.Equal(live, replayed) {
		return ""
	}
	for reference, state := range live {
		if replayed[reference] != state {
			return fmt.Sprintf("%s\n  live     %s\n  replayed %s", reference, state, replayed[reference])
		}
	}
	return "references that were never live"
}

func tempDir(t fataler) string {
	dir, err := os.MkdirTemp("", "book")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
