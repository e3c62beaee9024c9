package pgsim

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
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
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newEngines(now func() time.Time) map[string]*engine {
	schedule := &atomic.Pointer[script.Script]{}
	schedule.Store(&script.Script{})
	library := &script.Library{}
	return map[string]*engine{
		PG:     newEngine(PG, decidePG, library, schedule, now),
		Point:  newEngine(Point, decideReservation, library, schedule, now),
		Coupon: newEngine(Coupon, decideReservation, library, schedule, now),
	}
}

// newBench must be closed with close.
func newBench(t fataler, dir string) *bench {
	t.Helper()
	b := &bench{t: t}
	b.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	b.engines = newEngines(b.clock)
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

// do runs one request and gives its answer in short: result, result:code, or found:STATUS:live.
func (b *bench) do(means string, op script.Op, reference, token string) string {
	b.t.Helper()
	done, err := b.engines[means].take(b.request(op, reference, token))
	if err == nil {
		err = done.ticket.Wait()
	}
	if err != nil {
		b.t.Fatalf("%s %s: %v", means, op, err)
	}
	if done.step.Fault != nil && !done.step.After {
		return done.step.Name
	}
	switch a := done.answer; a.result {
	case "declined", "refused":
		return a.result + ":" + a.code
	case "found":
		return fmt.Sprintf("found:%s:%d", a.status, a.live)
	case "not_found":
		return fmt.Sprintf("not_found:tombstoned=%t", a.tombstoned)
	default:
		return a.result
	}
}

// flush waits for what nobody was answered for: an expiry.
func (b *bench) flush() {
	b.t.Helper()
	var newest uint64
	for _, e := range b.engines {
		for i := range e.shards {
			for _, r := range e.shards[i].records {
				newest = max(newest, r.last)
			}
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

// booked is what one reference's entries did, in order.
func (b *bench) booked(reference string) (effects []string) {
	for _, e := range b.entries() {
		if e.Reference == reference {
			effects = append(effects, string(e.Effect))
		}
	}
	return effects
}

// money is all that is known of money: every booked record, as text, without the script's state.
func money(engines map[string]*engine) map[string]string {
	all := map[string]string{}
	for means, e := range engines {
		for i := range e.shards {
			for reference, r := range e.shards[i].records {
				if r.last == 0 {
					continue // it met a fault before anything was booked
				}
				bare := *r
				bare.plan, bare.asked = script.Plan{}, [script.Ops]uint8{}
				all[means+" "+reference] = fmt.Sprintf("%+v", bare)
			}
		}
	}
	return all
}

// rebuilt is the money after reading the entries into new engines.
func rebuilt(t fataler, entries []book.Entry, now func() time.Time) map[string]string {
	engines := newEngines(now)
	for i := range entries {
		if err := engines[entries[i].Means].replay(&entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	return money(engines)
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
