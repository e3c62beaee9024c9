package verify

import (
	"cmp"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"

	"gazua.example/loadgen/internal/testdb"
	"gazua.example/loadgen/record"
)

// legacyTable is the table as the system before the renewal makes it, read as a file: the verifier shares it, and no code.
const legacyTable = "../../payment-api/legacy/legacy_payment.sql"

// legacyRow is a row of it; of each means, by COUPON, POINT and PG, the leg that it has.
type legacyRow struct {
	id       uint64
	merchant uint32
	order    string
	amount   int64
	state    string
	legs     [3]*Leg
}

// legacyWorld is a small run against the system before the renewal. The client's journal and the book are as in every world.
type legacyWorld struct {
	world
	rows []*legacyRow
}

// The payments of a new legacy world, by number and index of the row.
const (
	byCard     = iota
	byThree    // by coupon, points and card
	byDeclined // its points were released
	byPoints
)

const (
	couponLeg = iota
	pointLeg
	cardLeg
)

const beforeTheRun = 100 // the newest id

func newLegacyWorld() *legacyWorld {
	w := &legacyWorld{world: world{
		journal: []record.Entry{{Kind: "h", Version: record.Version, Run: runID}},
		scope:   Scope{FromID: beforeTheRun}, now: began, instance: "mock-pg-1",
	}}
	w.pays("PAID", [3]int64{0, 0, 20_000})
	w.pays("PAID", [3]int64{1_000, 2_000, 7_000})
	w.pays("FAILED", [3]int64{0, 500, 900})
	w.pays("PAID", [3]int64{0, 300, 0})
	// What another run left behind, and would be violations of this one: a row that nobody booked.
	w.rows = append(w.rows, &legacyRow{id: beforeTheRun - 1, merchant: 1, order: "other-1", amount: 5, state: "PAID", legs: [3]*Leg{cardLeg: {Amount: 5, State: "CAPTURED"}}})
	return w
}

// pays is the whole of a payment, with the amounts of its legs; one that FAILED was declined by the card.
func (w *legacyWorld) pays(state string, amounts [3]int64) {
	n := len(w.rows)
	row := &legacyRow{id: beforeTheRun + 1 + uint64(n), merchant: 1, order: w.order(n), state: state}
	w.rows = append(w.rows, row)
	for i, amount := range amounts {
		if amount > 0 {
			reference := strconv.FormatUint(row.id, 10) + "." + strconv.Itoa(i+1)
			row.legs[i] = &Leg{Means: legacyLegs[i].means, Amount: amount, Reference: reference, Transaction: "t-" + reference, State: "CAPTURED"}
			row.amount += amount
			w.books(n, i, map[int]string{cardLeg: "charged"}[i])
		}
	}
	for i := range amounts[:cardLeg] {
		switch leg := row.legs[i]; {
		case leg != nil && state == "PAID":
			w.books(n, i, "captured")
		case leg != nil:
			leg.State = "RELEASED"
			w.books(n, i, "released")
		}
	}
	if state == "FAILED" {
		row.legs[cardLeg].State = "DECLINED"
		w.booked(n, "charged").Effect = "declined"
	}
	e := w.planned(n)
	e.Amount = row.amount
	w.journal = append(w.journal, e, record.Entry{
		Kind: "a", Number: n, Sent: w.micros(), Done: w.micros(), Status: 201, ID: strconv.FormatUint(row.id, 10), State: state, Order: row.order, Amount: row.amount,
	})
}

// books adds an entry for a leg; without an effect, held.
func (w *legacyWorld) books(n, leg int, effect string) {
	row := w.rows[n]
	l := row.legs[leg]
	if effect == "" {
		effect = "held"
	}
	w.book = append(w.book, Entry{
		Seq: uint64(len(w.book) + 1), At: w.tick(), Means: l.Means, Op: "-", Effect: effect, Reference: l.Reference, Order: row.order,
		Merchant: strconv.Itoa(int(row.merchant)), Amount: l.Amount, Currency: "KRW", Transaction: l.Transaction,
	})
}

// booked is the payment's entry with that effect.
func (w *legacyWorld) booked(n int, effect string) *Entry {
	for i := range w.book {
		if e := &w.book[i]; e.Effect == effect && e.Order == w.rows[n].order {
			return e
		}
	}
	panic("no such entry")
}

// unbooked takes all of a payment out of the book.
func (w *legacyWorld) unbooked(n int) {
	kept := w.book[:0]
	for _, e := range w.book {
		if e.Order != w.rows[n].order {
			kept = append(kept, e)
		}
	}
	w.book = kept
	w.renumber()
}

func (r *legacyRow) insert(t *testing.T, db *sql.DB) {
	columns, values, args := "id, merchant_id, order_id, amount, currency, state, created_at, updated_at", "?, ?, ?, ?, 'KRW', ?, NOW(6), NOW(6)",
		[]any{r.id, r.merchant, r.order, r.amount, r.state}
	for i, l := range r.legs {
		if l != nil {
			c := legacyLegs[i].columns
			columns += ", " + c + "_amount, " + c + "_token, " + c + "_state, " + c + "_reference, " + c + "_transaction_id"
			values += ", ?, 'gz1', ?, ?, ?"
			args = append(args, l.Amount, l.State, l.Reference, l.Transaction)
		}
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO legacy_payment ("+columns+") VALUES ("+values+")", args...); err != nil {
		t.Fatal(err)
	}
}

// openLegacy gives an administrator's connection to the emptied table, and the verifier's database.
func openLegacy(t *testing.T) (*sql.DB, *Database) {
	t.Helper()
	admin, dsn := testdb.Open(t)
	text, err := os.ReadFile(legacyTable)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{string(text), "DELETE FROM legacy_payment"} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	database, err := OpenLegacy(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	return admin, database
}

// verify judges the world. It has no statements and no broker, since they are not asked.
func (w *legacyWorld) verify(t *testing.T) *Verdict {
	t.Helper()
	admin, database := openLegacy(t)
	for _, row := range w.rows {
		if row != nil {
			row.insert(t, admin)
		}
	}
	book := httptest.NewServer(http.HandlerFunc(w.serveBook))
	defer book.Close()
	scope := w.scope
	newest, err := database.NewestPayment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scope.ToID = cmp.Or(scope.ToID, newest)
	v, err := Verify(t.Context(), Sources{Journal: w.writeJournal(t), Database: database, Book: Book{Admin: []string{book.URL}}}, scope)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
