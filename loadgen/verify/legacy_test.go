package verify

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gazua.example/loadgen/record"
)

func TestVerify_Legacy_CleanWorld_PassesAndNamesWhatIsNotJudged(t *testing.T) {
	v := newLegacyWorld().verify(t)
	if v.Verdict != "PASS" || v.Violations() != 0 {
		t.Fatalf("a clean world: %s, %+v", v.Verdict, v.Invariants)
	}
	if got, want := checked(v), (map[int]int64{2: 5, 3: 4, 7: 4}); !maps.Equal(got, want) {
		t.Errorf("checked %v, want %v", got, want)
	}
	if v.Sent != 4 || v.Payments != 4 || v.Foreign != 0 {
		t.Errorf("%d sent, %d in the database, %d of others", v.Sent, v.Payments, v.Foreign)
	}
	all := newVerdict(Scope{}, began).Invariants
	if len(v.NotJudged) != len(all)-3 || v.NotJudged[0] != "1 at most once" || v.Figure(1) != "-" || v.Figure(7) != "0" {
		t.Errorf("not judged %q; duplicated %s, lost %s", v.NotJudged, v.Figure(1), v.Figure(7))
	}
}

// legacyBugs are lies planted in the rows, in the book, or in what the client was told.
var legacyBugs = []struct {
	invariant int
	name      string
	payment   int
	also      []int
	plant     func(w *legacyWorld)
}{
	{2, "a charged payment whose row says FAILED", byCard, []int{3, 7}, func(w *legacyWorld) {
		w.rows[byCard].state, w.rows[byCard].legs[cardLeg].State = "FAILED", "ERROR"
	}},
	{3, "a charged payment that FAILED for the client too", byCard, []int{2}, func(w *legacyWorld) {
		w.rows[byCard].state, w.rows[byCard].legs[cardLeg].State = "FAILED", "ERROR"
		w.line("a", byCard).State = "FAILED"
	}},
	{2, "a row PAID without an entry in the book", byCard, nil, func(w *legacyWorld) { w.unbooked(byCard) }},
	{2, "points PAID without an entry in the book", byPoints, nil, func(w *legacyWorld) { w.unbooked(byPoints) }},
	{7, "a 201 whose row is missing", byDeclined, nil, func(w *legacyWorld) {
		w.unbooked(byDeclined)
		w.rows[byDeclined] = nil
	}},
	{7, "a 201 whose row is missing, and the book has the charge", byThree, []int{2}, func(w *legacyWorld) { w.rows[byThree] = nil }},
	{7, "a 201 whose row, the newest, is missing", byPoints, nil, func(w *legacyWorld) {
		w.unbooked(byPoints)
		w.rows[byPoints] = nil
	}},
	{2, "a leg's amount is wrong, and the sum is right", byThree, nil, func(w *legacyWorld) {
		w.rows[byThree].legs[pointLeg].Amount -= 100
		w.rows[byThree].legs[cardLeg].Amount += 100
	}},
	{3, "a leg's amount is wrong", byThree, []int{2}, func(w *legacyWorld) { w.rows[byThree].legs[couponLeg].Amount++ }},
	{3, "a leg's columns are empty", byThree, []int{2}, func(w *legacyWorld) { w.rows[byThree].legs[couponLeg] = nil }},
	{3, "PAID, and a leg is HELD", byThree, []int{2}, func(w *legacyWorld) { w.rows[byThree].legs[pointLeg].State = "HELD" }},
	{3, "FAILED, and its points are held", byDeclined, nil, func(w *legacyWorld) {
		w.book = slices.DeleteFunc(w.book, func(e Entry) bool { return e.Effect == "released" })
		w.renumber()
	}},
	{2, "a charge is booked twice", byCard, nil, func(w *legacyWorld) {
		w.books(byCard, cardLeg, "charged")
		w.book[len(w.book)-1].Transaction = "t-again"
	}},
	{2, "the PG booked it for another order", byCard, nil, func(w *legacyWorld) { w.booked(byCard, "charged").Order = runID + "-99" }},
	{2, "the PG booked another currency", byCard, nil, func(w *legacyWorld) { w.booked(byCard, "charged").Currency = "USD" }},
	{2, "the row names another transaction", byCard, nil, func(w *legacyWorld) { w.rows[byCard].legs[cardLeg].Transaction = "t-other" }},
	{2, "the row names another reference", byCard, nil, func(w *legacyWorld) { w.rows[byCard].legs[cardLeg].Reference = "1.3" }},
	{2, "the PG gave money back that no row knows of", byCard, nil, func(w *legacyWorld) {
		w.books(byCard, cardLeg, "refunded")
		e := &w.book[len(w.book)-1]
		e.Original, e.Reference = e.Reference, e.Reference+".1"
	}},
	{7, "PAID for the client, and the row was left PROCESSING", byCard, nil, func(w *legacyWorld) { w.rows[byCard].state = "PROCESSING" }},
	{7, "the row is of another order", byDeclined, nil, func(w *legacyWorld) { w.rows[byDeclined].order += "0" }},
	{7, "two answers name one payment", byDeclined, nil, func(w *legacyWorld) {
		e, p := *w.line("a", byDeclined), w.planned(20)
		p.Amount, e.Number, e.Order = w.rows[byDeclined].amount, 20, p.Order
		w.journal = append(w.journal, p, e)
	}},
}

func TestVerify_Legacy_PlantedLie_IsCaughtAndNamed(t *testing.T) {
	for _, b := range legacyBugs {
		t.Run(strconv.Itoa(b.invariant)+" "+b.name, func(t *testing.T) {
			w := newLegacyWorld()
			id := strconv.FormatUint(w.rows[b.payment].id, 10)
			b.plant(w)
			v := w.verify(t)
			if v.Verdict != "FAIL" {
				t.Fatalf("not caught: %+v", v.Invariants)
			}
			for _, i := range v.Invariants {
				expected := i.Number == b.invariant || slices.Contains(b.also, i.Number)
				if (i.Violated > 0) != expected {
					t.Errorf("invariant %d %s: %d violations, expected some: %v; %+v", i.Number, i.Name, i.Violated, expected, i.Offenders)
				}
			}
			if t.Failed() {
				return
			}
			offender := v.invariant(b.invariant).Offenders[0]
			if offender.PaymentID != id || len(offender.Journal) == 0 {
				t.Errorf("names payment %q, want %s: %s; its journal is %q", offender.PaymentID, id, offender.What, offender.Journal)
			}
			if row := w.rows[b.payment]; row != nil && (len(offender.Database) != 1 || !strings.Contains(offender.Database[0], row.order+" ")) {
				t.Errorf("the row is told as %q", offender.Database)
			}
		})
	}
}

// The id of a charge whose row was never committed, or was the newest and is gone, lies above all rows.
func TestVerify_Legacy_ChargeWithoutARow_IsAnOrphan(t *testing.T) {
	for reference, id := range map[string]string{"105.3": "105", "103.9": "103", "nonsense": ""} {
		w := newLegacyWorld()
		w.books(byCard, cardLeg, "charged")
		w.book[len(w.book)-1].Reference = reference
		v := w.verify(t)
		if v.Violated(2) != 1 || v.invariant(2).Offenders[0].PaymentID != id {
			t.Errorf("%s: %+v", reference, v.Invariants)
		}
	}
}

// What another run does while this one is judged again is that one's.
func TestVerify_Legacy_LaterRun_IsNotJudged(t *testing.T) {
	w := newLegacyWorld()
	w.scope.ToID = w.rows[byPoints].id
	w.books(byCard, cardLeg, "charged")
	later := &w.book[len(w.book)-1]
	later.Reference, later.Order = strconv.FormatUint(w.scope.ToID+1, 10)+".3", "later-0"
	w.rows = append(w.rows, &legacyRow{id: w.scope.ToID + 2, merchant: 1, order: "later-1", amount: 7, state: "PAID", legs: [3]*Leg{cardLeg: {Amount: 7, State: "CAPTURED"}}})
	if v := w.verify(t); v.Verdict != "PASS" || v.Payments != 4 {
		t.Errorf("%s of %d payments: %+v", v.Verdict, v.Payments, v.Invariants)
	}
}

// What no row and no answer is about is not judged by rules that this system never had: an order twice, a key twice.
func TestVerify_Legacy_NoGuardAndNoIdempotency_IsNoViolation(t *testing.T) {
	w := newLegacyWorld()
	w.pays("PAID", [3]int64{0, 0, 20_000})
	again := w.rows[len(w.rows)-1]
	again.order = w.rows[byCard].order
	w.book[len(w.book)-1].Order = again.order
	w.journal = slices.DeleteFunc(w.journal, func(e record.Entry) bool { return e.Number == len(w.rows)-1 })
	if v := w.verify(t); v.Verdict != "PASS" || v.Payments != 5 {
		t.Errorf("%s of %d payments: %+v", v.Verdict, v.Payments, v.Invariants)
	}
}

func TestLegacyPayments_MoreThanAPage_AreAllThereInOrder(t *testing.T) {
	admin, database := openLegacy(t)
	const rows = 2*pageSize + 3
	values := make([]string, rows)
	for i := range values {
		values[i] = fmt.Sprintf("(%d, 1, 'o', 5, 'KRW', 'PAID', 5, 'gz1', 'CAPTURED', NOW(6), NOW(6))", 2*i+1)
	}
	if _, err := admin.ExecContext(t.Context(), "INSERT INTO legacy_payment (id, merchant_id, order_id, amount, currency, state, pg_amount, pg_token, pg_state, created_at, updated_at) VALUES "+strings.Join(values, ",")); err != nil {
		t.Fatal(err)
	}
	snapshot, err := database.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	count, last := 0, uint64(1)
	for p, err := range snapshot.legacyPayments(t.Context(), 1, 2*rows-3) {
		if err != nil {
			t.Fatal(err)
		}
		if p.ID <= last || len(p.Legs) != 1 || p.Legs[0].Seq != 3 {
			t.Fatalf("%+v after %d", p, last)
		}
		last = p.ID
		count++
	}
	if count != rows-2 || last != 2*rows-3 {
		t.Errorf("%d rows, the last is %d", count, last)
	}
}
