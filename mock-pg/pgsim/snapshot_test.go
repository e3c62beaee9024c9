package pgsim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// startInside is a server whose engines a test reaches without HTTP.
func startInside(t *testing.T) *Server {
	t.Helper()
	s, err := Start(Options{BookDir: t.TempDir(), Instance: "mock-pg-7", SweepEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(t.Context()); err != nil {
			t.Logf("stop: %v", err)
		}
	})
	return s
}

// benchOf lets the verbs of a bench run on a server.
func benchOf(t *testing.T, s *Server) *bench {
	return &bench{t: t, book: s.book, engines: s.engines}
}

// spend runs the whole life of some payments of all means, with references of this client's own.
func (b *bench) spend(client, n int) {
	token := fmt.Sprintf("gz1.w-%d", n%3)
	at := func(k int) string { return fmt.Sprintf("%d.%d%d", client, n, k) }
	for k, steps := range [][]script.Op{
		{script.Charge},
		{script.Charge, script.Charge},
		{script.Charge, script.NetCancel},
		{script.Charge, script.Refund},
		{script.Charge, script.Charge, script.Refund},
	} {
		for _, op := range steps {
			b.do(PG, op, at(k), token)
		}
	}
	for _, means := range []string{Point, Coupon} {
		for k, steps := range [][]script.Op{
			{script.Reserve},
			{script.Reserve, script.Confirm},
			{script.Reserve, script.Release},
			{script.Reserve, script.Confirm, script.Void},
			{script.Reserve, script.Confirm, script.Refund},
		} {
			for _, op := range steps {
				b.do(means, op, at(k), token)
			}
		}
	}
}

// shotByEntries is the snapshot as somebody makes it who has the book only.
func shotByEntries(t *testing.T, entries []book.Entry) (all []string) {
	t.Helper()
	type piece struct {
		kind, means, reference, source string
		amount, back                   int64
	}
	open := map[uint64]*piece{}
	oldest := map[string]uint64{} // what refunds of a reference come off
	for _, e := range entries {
		of := e.Means + " " + e.Reference
		switch e.Effect {
		case book.Charged, book.Held:
			kind := "live"
			if e.Effect == book.Held {
				kind = "hold"
			}
			open[e.Transaction] = &piece{kind, e.Means, e.Reference, e.Source, e.Amount, 0}
			if e.Means == PG {
				open[e.Transaction].source = ""
			}
			if oldest[of] == 0 {
				oldest[of] = e.Transaction
			}
		case book.Captured:
			open[e.Transaction].kind = "live"
		case book.Released, book.Expired, book.Voided:
			delete(open, e.Transaction)
		case book.Refunded:
			open[oldest[e.Means+" "+e.Original]].back += e.Amount
		}
	}
	for id, p := range open {
		if p.kind == "hold" || p.back < p.amount {
			all = append(all, fmt.Sprintf("%s %s %s t-%d %d %d %s", p.kind, p.means, p.reference, id, p.amount, p.back, p.source))
		}
	}
	purses, wrong := pursesByEntries(entries)
	if wrong != "" {
		t.Fatal(wrong)
	}
	for name, p := range purses {
		all = append(all, fmt.Sprintf("%s held %d spent %d back %d", name, p.held, p.spent, p.back))
	}
	slices.Sort(all)
	return all
}

// told is a snapshot as its reader sees it, in the words of shotByEntries.
func told(t *testing.T, text string) (seq uint64, all []string) {
	t.Helper()
	var end struct{ Wallets, Holds, Live int }
	count := map[string]int{}
	for line := range strings.Lines(text) {
		var l struct {
			Kind, Means, Reference, Source, Currency, Instance string
			Transaction                                        string `json:"transaction_id"`
			Seq                                                uint64
			Amount, Refunded, Held, Spent                      int64
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		count[l.Kind]++
		switch l.Kind {
		case "snapshot":
			seq = l.Seq
		case "wallet":
			all = append(all, fmt.Sprintf("%s wallet %s %s held %d spent %d back %d", l.Means, l.Source, l.Currency, l.Held, l.Spent, l.Refunded))
		case "hold", "live":
			all = append(all, fmt.Sprintf("%s %s %s %s %d %d %s", l.Kind, l.Means, l.Reference, l.Transaction, l.Amount, l.Refunded, l.Source))
		case "end":
			if err := json.Unmarshal([]byte(line), &end); err != nil {
				t.Fatal(err)
			}
		}
	}
	if end.Wallets != count["wallet"] || end.Holds != count["hold"] || end.Live != count["live"] || count["end"] != 1 {
		t.Errorf("the end says %+v of %v", end, count)
	}
	slices.Sort(all)
	return seq, all
}

// Snapshots that are taken while many pay are each what the book says up to their position, to the last unit.
func TestSnapshot_IsOfOnePositionOfTheBook(t *testing.T) {
	s := startInside(t)
	b := benchOf(t, s)
	b.fund(s.engines[Point], walletKey{"w-0", "KRW"}, 100_000)
	var payers sync.WaitGroup
	for client := range 6 {
		payers.Go(func() {
			for n := range 25 {
				b.spend(client, n)
			}
		})
	}
	done := make(chan struct{})
	go func() { payers.Wait(); close(done) }()
	var texts []string
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		shot, err := s.takeSnapshot()
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := shot.write(&text, "x"); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text.String())
	}
	entries := b.entries()
	for i, text := range texts {
		if i%max(1, len(texts)/20) != 0 && i != len(texts)-1 {
			continue
		}
		seq, got := told(t, text)
		if want := shotByEntries(t, entries[:seq]); !slices.Equal(got, want) {
			t.Fatalf("snapshot %d of %d, at %d of %d entries, is not what the book says:\n%s", i+1, len(texts), seq, len(entries), firstDifference(got, want))
		}
	}
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("line %d: got %q, want %q", i, got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
		}
	}
	return ""
}

// Resets by force in the middle of everything: nobody waits for ever, and what is left at the end is one whole book.
func TestReset_ByForceWhileManyPay_LeavesAWholeBook(t *testing.T) {
	s := startInside(t)
	b := benchOf(t, s)
	stop := make(chan struct{})
	var payers sync.WaitGroup
	for client := range 6 {
		payers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				b.spendUnsure(client, n)
			}
		})
	}
	for range 20 {
		if _, err := s.reset(true); err != nil {
			t.Error(err)
		}
		if _, err := s.takeSnapshot(); err != nil && !errors.Is(err, book.ErrReset) {
			t.Error(err)
		}
	}
	close(stop)
	payers.Wait()
	b.flush()
	entries := b.entries()
	if wrong := b.wrongWallet(entries); wrong != "" {
		t.Error(wrong)
	}
	if d := difference(money(b.engines), money(rebuilt(t, entries, time.Now, cards{}))); d != "" {
		t.Error(d)
	}
}

// spendUnsure is a part of spend by somebody who is not told everything: a reset lies in between.
func (b *bench) spendUnsure(client, n int) {
	for _, op := range []script.Op{script.Reserve, script.Confirm, script.Refund} {
		reference := fmt.Sprintf("%d.%d", client, n)
		r := b.request(op, reference, "gz1.w-1")
		if op == script.Refund {
			r = refundRequest(reference+".1", reference, 10)
		}
		done, err := b.engines[Point].take(r)
		if err == nil {
			err = done.ticket.Wait()
		}
		if err != nil && !errors.Is(err, book.ErrReset) {
			b.t.Fatalf("%v", err)
		}
	}
}

// A statement that a reset cuts in two has no end: it would be of two books.
func TestReset_UnderAStatement_CutsIt(t *testing.T) {
	s := startInside(t)
	b := benchOf(t, s)
	for n := range 50 {
		b.do(PG, script.Charge, fmt.Sprintf("%d.1", n), plainToken)
	}
	of := day{from: time.Now().Add(-24 * time.Hour).Unix(), until: time.Now().Add(24 * time.Hour).Unix()}
	into := &resetter{s: s}
	err := s.engines[PG].writeStatement(of, bufio.NewWriterSize(into, 16))
	if !errors.Is(err, book.ErrReset) || strings.Contains(into.String(), `"end"`) || into.Len() == 0 {
		t.Errorf("err = %v, sent\n%s", err, into.String())
	}
}

// resetter resets the server when the first bytes of an answer leave.
type resetter struct {
	bytes.Buffer
	s    *Server
	once sync.Once
}

func (r *resetter) Write(p []byte) (n int, err error) {
	r.once.Do(func() { _, err = r.s.reset(true) })
	if err != nil {
		return 0, err
	}
	return r.Buffer.Write(p)
}
