package verify

import (
	"bufio"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/record"
)

// many is a run of many worlds beside each other. It is made anew each time that it is asked for, and never held: what it
// takes in memory is one world. Each world is 9 payments and 10 numbers.
type many struct {
	worlds int
	spread int // lines of the journal of so many worlds are mixed, as payments at the same time are
}

// manyOf has at least so many payments.
func manyOf(payments int) many { return many{worlds: (payments + 8) / 9, spread: 40} }

func (m many) payments() int { return m.worlds * 9 }

func (m many) each() iter.Seq[*world] {
	return func(yield func(*world) bool) {
		for i := range m.worlds {
			w := &world{copy: i, now: began.Add(time.Duration(i) * 20 * time.Millisecond)}
			w.live()
			for k := range w.journal {
				if e := &w.journal[k]; e.Kind != "w" {
					e.Number = w.number(e.Number)
				}
			}
			for k := range w.book {
				w.book[k].Seq = uint64(i*len(w.book) + k + 1)
			}
			if !yield(w) {
				return
			}
		}
	}
}

// writeJournal mixes the worlds' lines: one of each in turn.
func (m many) writeJournal(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	put := func(e record.Entry) {
		if err := encoder.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	put(record.Entry{Kind: "h", Version: record.Version, Run: runID, Start: began})
	var open [][]record.Entry
	turn := func(atMost int) {
		for len(open) > atMost {
			for i := range open {
				put(open[i][0])
				open[i] = open[i][1:]
			}
			kept := open[:0]
			for _, lines := range open {
				if len(lines) > 0 {
					kept = append(kept, lines)
				}
			}
			open = kept
		}
	}
	for w := range m.each() {
		open = append(open, w.journal)
		turn(m.spread)
	}
	turn(0)
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func (m many) serveBook(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/position" {
		_, _ = out.Write([]byte(`{"seq":1,"instance":"mock-pg-1"}`))
		return
	}
	buffered := bufio.NewWriterSize(out, 256<<10)
	encoder := json.NewEncoder(buffered)
	for w := range m.each() {
		for i := range w.book {
			_ = encoder.Encode(&w.book[i])
		}
	}
	_ = buffered.Flush()
}

func (m many) serveStatement(out http.ResponseWriter, r *http.Request) {
	buffered := bufio.NewWriterSize(out, 256<<10)
	encoder := json.NewEncoder(buffered)
	end := Line{Kind: "end"}
	for w := range m.each() {
		for i := range w.lines {
			l := &w.lines[i]
			if l.day != r.FormValue("date") || !strings.HasPrefix(r.URL.Path, "/"+strings.ToLower(l.means)+"/") {
				continue
			}
			_ = encoder.Encode(&l.Line)
			end.Count++
			if l.Kind == "refund" {
				end.Refunds += l.Amount
			} else {
				end.Captures += l.Amount
			}
		}
	}
	_ = encoder.Encode(end)
	_ = buffered.Flush()
}

// serve serves the books and statements, and writes the journal.
func (m many) serve(t testing.TB) (from Sources, stop func()) {
	book, statement := httptest.NewServer(http.HandlerFunc(m.serveBook)), httptest.NewServer(http.HandlerFunc(m.serveStatement))
	from = Sources{Journal: m.writeJournal(t), Book: Book{Admin: []string{book.URL}}, Statement: Statement{URL: []string{statement.URL}}}
	return from, func() { book.Close(); statement.Close() }
}

// checked is what each invariant has looked at, by number.
func checked(v *Verdict) map[int]int64 {
	of := map[int]int64{}
	for _, i := range v.Invariants {
		of[i.Number] = i.Checked
	}
	return of
}

// mustPass says as well that all was looked at: a verifier that looks at nothing finds nothing.
func mustPass(t testing.TB, v *Verdict, m many) {
	t.Helper()
	if v.Verdict != "PASS" || v.Sent != m.payments() || v.Payments != m.payments() {
		t.Fatalf("%s: %d payments sent, %d in the database, of %d: %+v", v.Verdict, v.Sent, v.Payments, m.payments(), v.Invariants)
	}
	for number, count := range checkedInAWorld {
		if got := checked(v)[number]; got != count*int64(m.worlds) {
			t.Errorf("invariant %d has looked at %d, and each of %d worlds has %d: %s", number, got, m.worlds, count, strconv.Quote(v.Run))
		}
	}
}
