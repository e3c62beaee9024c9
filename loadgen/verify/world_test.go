package verify

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
	"gazua.example/loadgen/record"
)

// world is a small run as its sources tell it. It starts consistent; a test plants a bug by changing one of them.
type world struct {
	journal  []record.Entry
	payments []*Payment
	keys     []*stored
	book     []Entry
	lines    []stated
	scope    Scope
	now      time.Time // of every clock
	instance string    // how its book names itself
	copy     int       // of many worlds beside each other: numbers, ids, orders and keys are then others

	kafka   Kafka
	archive string
	also    func(*testing.T, *sql.DB) // writes more rows; nil: none
}

// stored is a row of idempotency_key.
type stored struct {
	claimed
	payment      uint64
	cancellation uint32
	status       int
	body         string
}

const (
	runID   = "test-1"
	firstID = uint64(1) << 50
)

// The payments of a new world, by number and index.
const (
	paid      = iota // by points and card, synchronous; probed with a replay, another request, and another key for its order
	async            // by card; answered 202 and called back
	declined         // its points were released
	silent           // its charge was net-cancelled after a silence; answered 202 and called back
	canceled         // by coupon, points and card; in two parts, the second answered 202 and called back
	kept             // its cancellation was refused by the PG, and a second attempt by us
	absent           // its charge never came, and the PG says that it never will
	secondTry        // declined; the same order with another key made the next one
	second
	refused // by us: there is no such payment
)

// began is when a run of worlds began.
var began = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

func newWorld() *world {
	w := &world{
		journal: []record.Entry{{Kind: "h", Version: record.Version, Run: runID}},
		scope:   Scope{FromID: firstID - 1},
		now:     began, instance: "mock-pg-1",
	}
	w.live()
	return w
}

// live lets all happen that happens in a world.
func (w *world) live() {
	w.plan(paid, "SYNC", Leg{Means: "POINT", Amount: 3_000}, Leg{Means: "PG", Amount: 20_000})
	w.begin(paid)
	w.moves(paid, 0, "held")
	w.moves(paid, 1, "charged")
	w.moves(paid, 0, "captured")
	w.step(paid, "PAID", "CAPTURED", "CAPTURED")
	w.sees(paid, 201, "PAID")
	w.replays(paid)
	w.probes(paid, record.Reuse, w.plannedKey(paid), 422, "idempotency-key-reused")
	w.probes(paid, record.Order, w.plannedKey(paid)+"-order", 409, "order-already-paid")

	w.plan(async, "ASYNC", Leg{Means: "PG", Amount: 7_000})
	w.begin(async)
	w.sees(async, 202, "ACCEPTED")
	w.step(async, "PROCESSING", "PENDING")
	w.moves(async, 0, "charged")
	w.looks(async, "PROCESSING")
	w.step(async, "PAID", "CAPTURED")
	w.looks(async, "PAID")
	w.callsBack(async)

	w.plan(declined, "SYNC", Leg{Means: "POINT", Amount: 100}, Leg{Means: "PG", Amount: 900})
	w.begin(declined)
	w.moves(declined, 0, "held")
	w.moves(declined, 1, "declined")
	w.step(declined, "UNDOING", "HELD", "DECLINED")
	w.moves(declined, 0, "released")
	w.step(declined, "FAILED", "RELEASED", "DECLINED")
	w.sees(declined, 201, "FAILED")

	w.plan(silent, "SYNC", Leg{Means: "PG", Amount: 5_000})
	w.begin(silent)
	w.moves(silent, 0, "charged")
	w.step(silent, "PROCESSING", "UNKNOWN")
	w.sees(silent, 202, "PROCESSING")
	w.step(silent, "UNDOING", "UNKNOWN")
	w.moves(silent, 0, "canceled")
	w.moves(silent, 0, "voided")
	w.step(silent, "FAILED", "VOIDED")
	w.looks(silent, "FAILED")
	w.callsBack(silent)

	w.pays(canceled, Leg{Means: "COUPON", Amount: 1_000}, Leg{Means: "POINT", Amount: 2_000}, Leg{Means: "PG", Amount: 7_000})
	w.cancels(canceled, 4_000, Refund{Leg: 3, Amount: 4_000})
	w.gives(canceled, 3)
	w.stepCancel(canceled, "SUCCEEDED", "REFUNDED")
	w.seesCancel(canceled, 4_000, 201, "SUCCEEDED")
	w.looks(canceled, "PARTIALLY_CANCELED")
	w.cancels(canceled, 6_000, Refund{Leg: 1, Amount: 1_000}, Refund{Leg: 2, Amount: 2_000}, Refund{Leg: 3, Amount: 3_000})
	w.gives(canceled, 3)
	w.stepCancel(canceled, "PROCESSING", "REFUNDED", "PENDING", "PENDING")
	w.seesCancel(canceled, 0, 202, "PROCESSING")
	w.gives(canceled, 2)
	w.gives(canceled, 1)
	w.stepCancel(canceled, "SUCCEEDED", "REFUNDED", "REFUNDED", "REFUNDED")
	w.looksCancel(canceled, "SUCCEEDED")
	w.looks(canceled, "CANCELED")
	w.callsBack(canceled)

	w.pays(kept, Leg{Means: "PG", Amount: 800})
	w.cancels(kept, 800, Refund{Leg: 1, Amount: 800})
	w.stepCancel(kept, "FAILED", "REFUSED")
	w.seesCancel(kept, 0, 201, "FAILED")
	w.refusesCancel(kept, 1, 900, "cancellation-exceeds")

	w.plan(absent, "SYNC", Leg{Means: "PG", Amount: 300})
	w.begin(absent)
	w.step(absent, "PROCESSING", "UNKNOWN")
	w.step(absent, "UNDOING", "UNKNOWN")
	w.moves(absent, 0, "canceled")
	w.step(absent, "FAILED", "ABSENT")
	w.sees(absent, 201, "FAILED")

	w.plan(secondTry, "SYNC", Leg{Means: "PG", Amount: 600})
	w.begin(secondTry)
	w.moves(secondTry, 0, "declined")
	w.step(secondTry, "FAILED", "DECLINED")
	w.sees(secondTry, 201, "FAILED")
	w.secondPays()

	w.journal = append(w.journal, w.planned(refused, record.Leg{Means: "PG", Amount: 50}),
		record.Entry{Kind: "a", Number: refused, Sent: w.micros(), Done: w.micros(), Status: 400, Problem: "invalid-request"})
}

// worldSize is how many numbers a world has.
const worldSize = refused + 1

// number is the one of a payment among all worlds.
func (w *world) number(n int) int { return w.copy*worldSize + n }

func (w *world) id(n int) uint64 { return firstID + uint64(w.number(n))<<22 }

func (w *world) order(n int) string { return runID + "-" + strconv.Itoa(w.number(n)) }

// tick moves every clock on.
func (w *world) tick() time.Time {
	w.now = w.now.Add(10 * time.Millisecond)
	return w.now
}

func (w *world) micros() int64 {
	return w.tick().Sub(began).Microseconds()
}

func (w *world) planned(n int, legs ...record.Leg) record.Entry {
	e := record.Entry{
		Kind: "p", Number: n, Order: w.order(n), Merchant: 1, Currency: "KRW", Key: w.plannedKey(n), Legs: legs,
	}
	for _, leg := range legs {
		e.Amount += leg.Amount
	}
	return e
}

func (w *world) plannedKey(n int) string { return "k" + strconv.Itoa(w.number(n)) }

// plan adds a row that is not begun yet, its key, and what the client planned.
func (w *world) plan(n int, mode string, legs ...Leg) {
	p := &Payment{ID: w.id(n), Merchant: 1, Order: w.order(n), Currency: "KRW", Mode: mode}
	p.KeyHash = hashKey("/v1/payments", w.plannedKey(n))
	var asked []record.Leg
	for i, leg := range legs {
		leg.Seq, leg.State = uint8(i+1), "PENDING"
		leg.Reference = fmt.Sprintf("%d.%d", p.ID, i+1)
		leg.Transaction = "t-" + leg.Reference
		p.Amount += leg.Amount
		p.Legs = append(p.Legs, leg)
		asked = append(asked, record.Leg{Means: leg.Means, Amount: leg.Amount})
	}
	w.payments = append(w.payments, p)
	w.keys = append(w.keys, &stored{claimed: claimed{1, p.KeyHash}, payment: p.ID})
	e := w.planned(n, asked...)
	e.Async = mode == "ASYNC"
	w.journal = append(w.journal, e)
}

func (w *world) begin(n int) {
	to := "PROCESSING"
	if w.payments[n].Mode == "ASYNC" {
		to = "ACCEPTED"
	}
	w.step(n, to, slices.Repeat([]string{"PENDING"}, len(w.payments[n].Legs))...)
}

// pays is the whole of a payment that goes well.
func (w *world) pays(n int, legs ...Leg) {
	w.plan(n, "SYNC", legs...)
	w.begin(n)
	states := make([]string, len(legs))
	for i, leg := range legs {
		states[i] = "CAPTURED"
		if leg.Means == "PG" {
			w.moves(n, i, "charged")
		} else {
			w.moves(n, i, "held")
			w.moves(n, i, "captured")
		}
	}
	w.step(n, "PAID", states...)
	w.sees(n, 201, "PAID")
}

// secondPays is the payment that another key makes for an order whose first payment has FAILED.
func (w *world) secondPays() {
	w.pays(second, Leg{Means: "PG", Amount: 600})
	key := w.plannedKey(secondTry) + "-order"
	w.payments[second].Order, w.payments[second].KeyHash = w.payments[secondTry].Order, hashKey("/v1/payments", key)
	w.keys[len(w.keys)-1].hash = w.payments[second].KeyHash
	w.book[len(w.book)-1].Order = w.payments[secondTry].Order
	w.journal = slices.DeleteFunc(w.journal, func(e record.Entry) bool { return e.Kind == "p" && e.Number == second })
	e := w.line("a", second)
	e.Kind, e.Number, e.What, e.Key, e.Order = "x", secondTry, record.Order, key, w.payments[secondTry].Order
}

// step is a commit of the payment, with the states of its legs after it.
func (w *world) step(n int, to string, states ...string) {
	p := w.payments[n]
	p.Version++
	e := Event{Seq: p.Version, From: p.State, To: to, States: strings.Join(states, ","), At: w.tick()}
	if p.State == "ACCEPTED" {
		e.Cause = "message"
	}
	p.Events = append(p.Events, e)
	p.State = to
	for i := range states {
		p.Legs[i].State = states[i]
		if to == "PAID" {
			w.posts(n, 0, "receivable:"+p.Legs[i].Means, payable, p.Legs[i].Reference, p.Legs[i].Amount)
		}
	}
}

func (w *world) posts(n int, posting uint32, debit, credit, reference string, amount int64) {
	p := w.payments[n]
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	p.Entries = append(p.Entries,
		LedgerEntry{posting, debit, amount, p.Currency, reference, day, w.now},
		LedgerEntry{posting, credit, -amount, p.Currency, reference, day, w.now})
}

// moves adds an entry to the book for a leg, by index, and what the statement says of it.
func (w *world) moves(n, leg int, effect string) {
	p := w.payments[n]
	l := p.Legs[leg]
	e := Entry{
		Seq: uint64(len(w.book) + 1), At: w.tick(), Means: l.Means, Op: "-", Effect: effect, Reference: l.Reference, Order: p.Order,
		Merchant: strconv.Itoa(int(p.Merchant)), Amount: l.Amount, Currency: p.Currency, Transaction: "t-" + l.Reference,
	}
	w.book = append(w.book, e)
	switch effect {
	case "charged", "captured":
		w.states("capture", e)
	case "voided":
		w.lines = slices.DeleteFunc(w.lines, func(s stated) bool { return s.Transaction == e.Transaction })
	}
}

func (w *world) states(kind string, e Entry) {
	w.lines = append(w.lines, stated{
		Line:  Line{Kind: kind, Reference: e.Reference, Original: e.Original, Transaction: e.Transaction, Amount: e.Amount, Currency: e.Currency, BookedAt: e.At},
		means: e.Means, day: businessDay(e.At),
	})
}

// renumber closes the gaps of a book from which a test took something.
func (w *world) renumber() {
	for i := range w.book {
		w.book[i].Seq = uint64(i + 1)
	}
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

// sees is the first answer to the request, which the key then keeps.
func (w *world) sees(n, status int, state string) {
	p := w.payments[n]
	e := record.Entry{Kind: "a", Number: n, Sent: w.micros(), Done: w.micros(), Status: status, ID: strconv.FormatUint(p.ID, 10), State: state}
	if status == 201 {
		e.Order, e.Amount = p.Order, p.Amount
	}
	k := w.key(p.ID, 0)
	k.status, k.body = status, fmt.Sprintf("%d is %s", p.ID, state)
	e.Hash = hashOf(k.body)
	w.journal = append(w.journal, e)
}

func (w *world) looks(n int, state string) {
	p := w.payments[n]
	w.journal = append(w.journal, record.Entry{
		Kind: "g", Number: n, Sent: w.micros(), Done: w.micros(), Status: 200, ID: strconv.FormatUint(p.ID, 10), State: state, Order: p.Order, Amount: p.Amount,
	})
}

// replays is a probe that repeats the request and gets the stored answer.
func (w *world) replays(n int) {
	e := *w.line("a", n)
	e.Kind, e.What, e.Key, e.Replayed, e.Sent, e.Done = "x", record.Replay, w.plannedKey(n), true, w.micros(), w.micros()
	w.journal = append(w.journal, e)
}

// probes is a probe that is refused.
func (w *world) probes(n int, what, key string, status int, problem string) {
	w.journal = append(w.journal, record.Entry{Kind: "x", Number: n, What: what, Key: key, Sent: w.micros(), Done: w.micros(), Status: status, Problem: problem})
}

func (w *world) key(payment uint64, cancellation uint32) *stored {
	for _, k := range w.keys {
		if k.payment == payment && k.cancellation == cancellation {
			return k
		}
	}
	panic("no such key")
}

// line is the last line of a kind about a payment.
func (w *world) line(kind string, n int) *record.Entry {
	for i := len(w.journal) - 1; i >= 0; i-- {
		e := &w.journal[i]
		about := e.Number == n
		if kind == "w" {
			about = e.ID == strconv.FormatUint(w.payments[n].ID, 10)
		}
		if e.Kind == kind && about {
			return e
		}
	}
	panic("no such line")
}

// callsBack delivers a callback about the payment's last step.
func (w *world) callsBack(n int) {
	p := w.payments[n]
	last := p.Events[len(p.Events)-1]
	kind := "payment."
	if last.Cancellation != 0 {
		kind = "cancellation."
	}
	p.Callbacks = append(p.Callbacks, Callback{last.Seq, "DELIVERED"})
	w.journal = append(w.journal, record.Entry{
		Kind: "w", ID: strconv.FormatUint(p.ID, 10), Merchant: p.Merchant, Revision: int(last.Seq), Seq: int(last.Cancellation), State: last.To,
		Amount: p.Canceled, Signed: true, What: kind + lower[last.To], Done: w.micros(), Status: 204,
	})
}

// uncalled takes the payment's callbacks back from the journal.
func (w *world) uncalled(n int) {
	w.journal = slices.DeleteFunc(w.journal, func(e record.Entry) bool {
		return e.Kind == "w" && e.ID == strconv.FormatUint(w.payments[n].ID, 10)
	})
}

func (w *world) serveBook(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/position" {
		_ = json.NewEncoder(out).Encode(standing{Seq: uint64(len(w.book)), Instance: w.instance})
		return
	}
	from, _ := strconv.ParseUint(r.FormValue("from"), 10, 64)
	for _, e := range w.book {
		if e.Seq > from {
			_ = json.NewEncoder(out).Encode(e)
		}
	}
}

func (w *world) serveStatement(out http.ResponseWriter, r *http.Request) {
	end := Line{Kind: "end"}
	for _, l := range w.lines {
		if l.day != r.FormValue("date") || r.URL.Path != "/"+strings.ToLower(l.means)+"/v1/statement" {
			continue
		}
		_ = json.NewEncoder(out).Encode(l.Line)
		end.Count++
		if l.Kind == "refund" {
			end.Refunds += l.Amount
		} else {
			end.Captures += l.Amount
		}
	}
	_ = json.NewEncoder(out).Encode(end)
}

func (w *world) writeJournal(t *testing.T) string {
	var text bytes.Buffer
	for _, e := range w.journal {
		if err := json.NewEncoder(&text).Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// verify puts the world into a real database, a file and two servers, and judges it.
func (w *world) verify(t *testing.T) (*Verdict, error) {
	t.Helper()
	admin, dsn := testdb.Open(t)
	w.fill(t, admin)
	if w.also != nil {
		w.also(t, admin)
	}
	database, err := OpenDatabase(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	book := httptest.NewServer(http.HandlerFunc(w.serveBook))
	defer book.Close()
	statement := httptest.NewServer(http.HandlerFunc(w.serveStatement))
	defer statement.Close()
	return Verify(t.Context(), Sources{
		Journal: w.writeJournal(t), Database: database, Book: Book{Admin: []string{book.URL}}, Statement: Statement{URL: []string{statement.URL}},
		Kafka: w.kafka, Archive: w.archive,
	}, w.scope)
}

func TestMain(m *testing.M) {
	code := m.Run()
	testdb.Stop()
	stopKafka()
	os.Exit(code)
}
