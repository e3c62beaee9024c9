package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gazua.example/loadgen/record"
)

// A 2xx that names no payment can be held against no payment; it must not be passed over.
func TestVerify_2xxThatNamesNoPayment_IsLost(t *testing.T) {
	for _, id := range []string{"", "0", "nonsense", "18446744073709551615"} {
		w := newWorld()
		w.journal = append(w.journal, w.planned(70, record.Leg{Means: "PG", Amount: 50}),
			record.Entry{Kind: "a", Number: 70, Sent: w.micros(), Done: w.micros(), Status: 201, ID: id, State: "PAID", Hash: hashOf("?")})
		v, err := w.verify(t)
		if err != nil {
			t.Fatal(err)
		}
		if v.Violated(7) != 1 || v.Violations() != 1 {
			t.Fatalf("id %q: %+v", id, v.Invariants)
		}
		if o := v.invariant(7).Offenders[0]; o.Order != w.order(70) || len(o.Journal) != 2 {
			t.Errorf("id %q: %+v", id, o)
		}
	}
}

func TestVerify_LineNobodyKnows_IsNoVerdict(t *testing.T) {
	for line, says := range map[string]string{
		`{"k":"z","n":1}`:         "no entry has kind",
		`{"k":"a","n":100000001}`: "names payment 100000001",
		`{"k":"a","n":1,"zz":1}`:  "unknown field",
	} {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		if err := os.WriteFile(path, []byte(`{"k":"h","v":2,"run":"r","n":0}`+"\n"+line+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Verify(t.Context(), Sources{Journal: path, Statement: Statement{URL: []string{"http://127.0.0.1:1"}}}, Scope{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", line, err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("%s: left beside the journal: %v, %v", line, left, err)
		}
	}
}

// Every source tells its part of an offender's history.
func TestVerify_Offender_HasItsWholeHistory(t *testing.T) {
	w := newWorld()
	w.payments[async].Entries[1].Amount++
	v, err := w.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	o := v.invariant(5).Offenders[0]
	for source, lines := range map[string][]string{"journal": o.Journal, "database": o.Database, "book": o.Book, "statement": o.Statement} {
		if len(lines) == 0 {
			t.Errorf("nothing from the %s", source)
		}
	}
	if !strings.Contains(strings.Join(o.Journal, ""), `"k":"w"`) {
		t.Errorf("its callback is not told: %q", o.Journal)
	}
	if v.Schema != "gazua.verify/2" {
		t.Errorf("schema %s", v.Schema)
	}
}

// An order's requests with three keys: its own, and two of probes, each with an answer of its own.
func TestFolding_EachKeyOfAnOrder_IsItsOwn(t *testing.T) {
	f := folding{verdict: newVerdict(Scope{}, began)}
	f.next(7)
	for _, e := range []record.Entry{
		{Kind: "p", Number: 7, Order: "o", Amount: 5, Key: "k"},
		{Kind: "a", Number: 7, Status: 201, ID: "1", State: "FAILED", Hash: "aa"},
		{Kind: "x", Number: 7, What: record.Order, Key: "k2", Status: 409},
		{Kind: "x", Number: 7, What: record.Order, Key: "k3", Status: 202, ID: "2", State: "PROCESSING", Hash: "bb"},
		{Kind: "xg", Number: 7, Status: 200, ID: "2", State: "PAID"},
		{Kind: "x", Number: 7, What: record.Order, Key: "k2", Status: 409},
	} {
		if err := f.fold(&e); err != nil {
			t.Fatal(err)
		}
	}
	list := f.ended()
	if len(list) != 3 || list[0].ID != 1 || list[1].Refused != 2 || list[1].ID != 0 || list[2].ID != 2 || list[2].Final != "PAID" || f.verdict.Probes != 3 {
		t.Fatalf("%+v", list)
	}
	if list[0].Key == list[1].Key || list[1].Key == list[2].Key || list[2].Order != "o" {
		t.Errorf("keys %x, %x, %x", list[0].Key, list[1].Key, list[2].Key)
	}
	f.next(8)
	if len(f.ended()) != 0 {
		t.Error("a payment that was never planned has come out")
	}
}
