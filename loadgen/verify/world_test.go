package verify

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
	"gazua.example/loadgen/record"
)

// world is a small run as its three sources tell it. It starts consistent; a test plants a bug by changing one of them.
type world struct {
	journal  []record.Entry
	payments []Payment
	book     []Entry
	scope    Scope
}

const (
	runID   = "test-1"
	firstID = uint64(1) << 50
)

// newWorld has a payment of each sort: paid by card and points (synchronous), paid by card (asynchronous), declined with
// its points released, and one whose charge was net-cancelled after a silence.
func newWorld() *world {
	w := &world{
		journal: []record.Entry{{Kind: "h", Version: record.Version, Run: runID, Start: time.Now()}},
		scope:   Scope{FromID: firstID - 1},
	}
	paid := w.payment(0, "SYNC", "PAID", Leg{Means: "POINT", Amount: 3_000, State: "CAPTURED"}, Leg{Means: "PG", Amount: 20_000, State: "CAPTURED"})
	w.moves(paid, 0, "held")
	w.moves(paid, 1, "charged")
	w.moves(paid, 0, "captured")
	w.sees(0, 201, "PAID")

	async := w.payment(1, "ASYNC", "PAID", Leg{Means: "PG", Amount: 7_000, State: "CAPTURED"})
	w.sees(1, 202, "ACCEPTED")
	w.moves(async, 0, "charged")
	w.looks(1, "PROCESSING")
	w.looks(1, "PAID")

	declined := w.payment(2, "SYNC", "FAILED", Leg{Means: "POINT", Amount: 100, State: "RELEASED"}, Leg{Means: "PG", Amount: 900, State: "DECLINED"})
	w.moves(declined, 0, "held")
	w.moves(declined, 1, "declined")
	w.moves(declined, 0, "released")
	w.sees(2, 201, "FAILED")

	silent := w.payment(3, "SYNC", "FAILED", Leg{Means: "PG", Amount: 5_000, State: "VOIDED"})
	w.moves(silent, 0, "charged")
	w.sees(3, 202, "PROCESSING")
	w.moves(silent, 0, "canceled")
	w.moves(silent, 0, "voided")
	w.looks(3, "FAILED")
	return w
}

// payment adds a row and what the client planned; it returns the row's index.
func (w *world) payment(n int, mode, state string, legs ...Leg) int {
	p := Payment{
		ID: firstID + uint64(n)<<22, Merchant: 1, Order: runID + "-" + strconv.Itoa(n), Currency: "KRW", Mode: mode, State: state, Version: 2,
	}
	planned := record.Entry{Kind: "p", Number: n, Order: p.Order, Merchant: 1, Currency: "KRW", Key: "k" + strconv.Itoa(n), Async: mode == "ASYNC"}
	for i, leg := range legs {
		leg.PaymentID, leg.Seq = p.ID, uint8(i+1)
		leg.Reference = fmt.Sprintf("%d.%d", p.ID, i+1)
		if leg.State == "CAPTURED" || leg.State == "VOIDED" {
			leg.Transaction = "t-" + leg.Reference
		}
		p.Amount += leg.Amount
		p.Legs = append(p.Legs, leg)
		planned.Legs = append(planned.Legs, record.Leg{Means: leg.Means, Amount: leg.Amount, Token: "gz1"})
	}
	planned.Amount = p.Amount
	w.payments = append(w.payments, p)
	w.journal = append(w.journal, planned)
	return len(w.payments) - 1
}

// moves adds an entry to the book for a leg, by index.
func (w *world) moves(payment, leg int, effect string) {
	p := w.payments[payment]
	l := p.Legs[leg]
	w.book = append(w.book, Entry{
		Seq: uint64(len(w.book) + 1), Means: l.Means, Op: "-", Effect: effect, Reference: l.Reference, Order: p.Order,
		Merchant: strconv.Itoa(int(p.Merchant)), Amount: l.Amount, Currency: p.Currency, Transaction: "t-" + l.Reference,
	})
}

func (w *world) sees(n, status int, state string) {
	e := record.Entry{Kind: "a", Number: n, Sent: 1, Done: 2, Status: status, ID: strconv.FormatUint(w.payments[n].ID, 10), State: state}
	if status == 201 {
		e.Order, e.Amount = w.payments[n].Order, w.payments[n].Amount
	}
	w.journal = append(w.journal, e)
}

func (w *world) looks(n int, state string) {
	w.sees(n, 201, state)
	w.journal[len(w.journal)-1].Kind, w.journal[len(w.journal)-1].Status = "g", 200
}

// verify puts the world into a real database, a file and a book server, and judges it.
func (w *world) verify(t *testing.T) (*Verdict, error) {
	t.Helper()
	ctx := t.Context()
	admin, dsn := testdb.Open(t)
	for _, p := range w.payments {
		if !p.Missing {
			exec(t, admin, `INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, REPEAT('k', 32), NOW(6))`, p.ID, p.Merchant, p.Order, p.Amount, p.Currency, p.Mode, p.State, p.Version)
			exec(t, admin, `INSERT INTO payment_event (payment_id, seq, from_state, to_state, cause, legs, actor, at)
				VALUES (?, 1, '', 'PROCESSING', 'created', '', 'test', NOW(6)), (?, 2, 'PROCESSING', ?, 'settled', '', 'test', NOW(6))`, p.ID, p.ID, p.State)
		}
		for _, l := range p.Legs {
			exec(t, admin, `INSERT INTO payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id) VALUES (?, ?, ?, ?, ?, ?, 'gz1', ?)`,
				l.PaymentID, l.Seq, l.Means, l.Amount, l.State, l.Reference, l.Transaction)
		}
		if p.Open {
			exec(t, admin, "INSERT INTO open_payment (payment_id, due_at) VALUES (?, NOW(6))", p.ID)
		}
	}
	database, err := OpenDatabase(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	book := httptest.NewServer(http.HandlerFunc(w.serveBook))
	defer book.Close()
	return Verify(ctx, Sources{Journal: w.writeJournal(t), Database: database, Book: Book{Admin: book.URL}}, w.scope)
}

func (w *world) serveBook(out http.ResponseWriter, r *http.Request) {
	from, _ := strconv.ParseUint(r.FormValue("from"), 10, 64)
	for _, e := range w.book {
		if e.Seq > from {
			_ = json.NewEncoder(out).Encode(e)
		}
	}
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

func TestMain(m *testing.M) {
	code := m.Run()
	testdb.Stop()
	os.Exit(code)
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
