package verify

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

// instances splits a world's book and statement over several mocks: what says which one an entry is booked by.
func (w *world) instances(names []string, what func(Entry) int) (list []*world) {
	for n, name := range names {
		i := &world{instance: name}
		i.book = slices.DeleteFunc(slices.Clone(w.book), func(e Entry) bool { return what(e) != n })
		i.renumber()
		i.lines = slices.DeleteFunc(slices.Clone(w.lines), func(s stated) bool {
			return what(Entry{Means: s.means, Reference: s.Reference, Transaction: s.Transaction}) != n
		})
		list = append(list, i)
	}
	return list
}

// verifyInstances is verify with several mocks.
func (w *world) verifyInstances(t *testing.T, list []*world) (*Verdict, error) {
	t.Helper()
	admin, dsn := testdb.Open(t)
	w.fill(t, admin)
	database, err := OpenDatabase(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	from := Sources{Journal: w.writeJournal(t), Database: database}
	for _, i := range list {
		book, statement := httptest.NewServer(http.HandlerFunc(i.serveBook)), httptest.NewServer(http.HandlerFunc(i.serveStatement))
		defer book.Close()
		defer statement.Close()
		from.Book.Admin, from.Statement.URL = append(from.Book.Admin, book.URL), append(from.Statement.URL, statement.URL)
	}
	return Verify(t.Context(), from, w.scope)
}

func byMeans(e Entry) int {
	if e.Means == "PG" {
		return 0
	}
	return 1
}

func TestVerify_TwoInstances_AreOneBook(t *testing.T) {
	w := newWorld()
	v, err := w.verifyInstances(t, w.instances([]string{"b", "a"}, byMeans))
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" {
		t.Fatalf("%+v", v.Invariants)
	}
	for number, count := range checkedInAWorld {
		if checked(v)[number] != count {
			t.Errorf("invariant %d has looked at %d, want %d", number, checked(v)[number], count)
		}
	}
	if v.Booked != 19 {
		t.Errorf("%d movements", v.Booked)
	}
}

// Two charges of one order stand in two books. Whether both lived at once is told by their times alone.
func TestVerify_ChargesInTwoBooks_AreMergedByTime(t *testing.T) {
	for name, of := range map[string]struct {
		at       time.Duration // of the second charge, after the first one's void
		violated int64
	}{
		"one after the other": {time.Millisecond, 0},
		"at once":             {-5 * time.Millisecond, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			// The order whose first payment was declined: that one is charged and voided now, before the second one is charged.
			first := *w.booked(secondTry, "declined")
			charge := slices.IndexFunc(w.book, func(e Entry) bool { return e.Effect == "charged" && e.Order == w.order(secondTry) })
			first.Effect, first.Transaction = "charged", w.book[charge].Transaction // another instance may number as it likes
			voided := first
			voided.Effect, voided.At = "voided", first.At.Add(time.Millisecond)
			w.book[charge].At = voided.At.Add(of.at)
			w.lines = slices.DeleteFunc(w.lines, func(s stated) bool { return s.Reference == w.book[charge].Reference })
			w.states("capture", w.book[charge])
			list := w.instances([]string{"mock-pg-1", "mock-pg-2"}, func(Entry) int { return 1 })
			list[0].book = []Entry{first, voided}
			list[0].renumber()
			for i := range list { // either book may be read first
				slices.Reverse(list)
				v, err := w.verifyInstances(t, list)
				if err != nil {
					t.Fatal(err)
				}
				if v.Violated(1) != of.violated || v.Violated(2) != 0 {
					t.Errorf("turn %d: %+v", i, v.Invariants)
				}
			}
		})
	}
}

func TestVerify_InstanceWhosePlaceIsNotKnown_IsNoVerdict(t *testing.T) {
	w := newWorld()
	w.scope.FromSeq = Positions{"mock-pg-1": 0}
	_, err := w.verifyInstances(t, w.instances([]string{"mock-pg-1", "mock-pg-2"}, byMeans))
	if err == nil || !strings.Contains(err.Error(), "mock-pg-2") {
		t.Errorf("error %v", err)
	}
}

func TestPositions_AreFoundByNameOrAddress(t *testing.T) {
	for _, c := range []struct {
		noted string
		at    standing
		many  bool
		want  uint64
		fails bool
	}{
		{`7`, standing{Instance: "a"}, false, 7, false}, // as it was written when there was one
		{`7`, standing{Instance: "a"}, true, 0, true},
		{`{"a":3,"b":4}`, standing{Instance: "b"}, true, 4, false},
		{`{"http://x":3}`, standing{Instance: "b"}, true, 3, false}, // it had no name then
		{`{"http://x":3}`, standing{}, false, 3, false},
		{`{"a":3}`, standing{Instance: "b"}, false, 0, true},
		{`{}`, standing{Instance: "b"}, true, 0, false},
		{`null`, standing{Instance: "b"}, true, 0, false},
	} {
		var s Scope
		if err := json.Unmarshal([]byte(`{"book_entries_after_seq":`+c.noted+`}`), &s); err != nil {
			t.Fatal(err)
		}
		got, err := s.FromSeq.of(c.at, "http://x", c.many)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%s of %+v: %d, %v", c.noted, c, got, err)
		}
	}
	var s Scope
	if err := json.Unmarshal([]byte(`{"book_entries_after_seq":{"a":-1}}`), &s); err == nil {
		t.Errorf("a place below zero was read as %v", s.FromSeq)
	}
	written, err := json.Marshal(Positions{"a": 3})
	if err != nil || string(written) != `{"a":3}` {
		t.Errorf("written as %s, %v", written, err)
	}
}

func TestPosition_OfAllInstances_EachByItsName(t *testing.T) {
	a, b := &world{instance: "a", book: make([]Entry, 3)}, &world{book: make([]Entry, 5)}
	first, second := httptest.NewServer(http.HandlerFunc(a.serveBook)), httptest.NewServer(http.HandlerFunc(b.serveBook))
	defer first.Close()
	defer second.Close()
	got, err := Book{Admin: []string{first.URL, second.URL}}.Position(t.Context())
	if err != nil || len(got) != 2 || got["a"] != 3 || got[second.URL] != 5 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := (Book{Admin: []string{first.URL, first.URL}}).Position(t.Context()); err == nil {
		t.Error("one instance twice: its money would count twice")
	}
}

func TestAddresses(t *testing.T) {
	if got := Addresses(" http://a/, http://b ,,"); !slices.Equal(got, []string{"http://a", "http://b"}) {
		t.Errorf("%q", got)
	}
	if Addresses("") != nil {
		t.Error("nothing is an address")
	}
}
