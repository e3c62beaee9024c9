package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestJournal_WrittenByMany_ReadsBackComplete(t *testing.T) {
	path, start, s := filepath.Join(t.TempDir(), "j"), time.Now(), scenario.Default()
	j, err := Create(path, "r", start)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 500
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				p := s.Payment("r", n)
				j.Planned(&p, 7, time.Duration(n)*time.Millisecond)
				j.Attempt(n, &client.Answer{Sent: start.Add(time.Second), Done: start.Add(2 * time.Second), Status: 201, ID: "9", State: "PAID", Order: p.Order, Amount: p.Amount})
				j.End(n, "9", "PAID", start.Add(2*time.Second))
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	if err := Read(path, func(e Entry) error {
		kinds[e.Kind]++
		if e.Kind == "p" {
			p := s.Payment("r", e.Number)
			if want := planned("p", &p, 7, time.Duration(e.Number)*time.Millisecond); !reflect.DeepEqual(e, want) {
				t.Errorf("read %+v, wrote %+v", e, want)
			}
		}
		if e.Kind == "a" && (e.Sent != 1_000_000 || e.Done != 2_000_000) {
			t.Errorf("times %d and %d", e.Sent, e.Done)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"h": 1, "p": writers * each, "a": writers * each, "f": writers * each}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("read %v, wrote %v", kinds, want)
	}
}

// What an entry says must survive the hand-written encoder, whatever the network put into it.
func TestEntry_AnyText_SurvivesTheRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~\n"\\é漢<>&]{0,20}`)
		want := Entry{
			Kind: rapid.SampledFrom([]string{"a", "g", "f", "x", "xg", "xf", "c", "cg", "cf", "w"}).Draw(t, "kind"), Number: rapid.IntRange(0, 1e9).Draw(t, "n"),
			ID: text.Draw(t, "id"), State: text.Draw(t, "state"), Problem: text.Draw(t, "problem"), Order: text.Draw(t, "order"),
			Class: text.Draw(t, "class"), Amount: rapid.Int64().Draw(t, "amount"), Sent: rapid.Int64().Draw(t, "sent"), Status: rapid.IntRange(0, 999).Draw(t, "status"),
			Cancel: rapid.IntRange(0, 9).Draw(t, "cancel"), Seq: rapid.Int().Draw(t, "seq"), What: text.Draw(t, "what"), Key: text.Draw(t, "key"),
			Hash: text.Draw(t, "hash"), Replayed: rapid.Bool().Draw(t, "replayed"), Revision: rapid.Int().Draw(t, "revision"),
			Signed: rapid.Bool().Draw(t, "signed"), Merchant: rapid.Uint32().Draw(t, "merchant"),
		}
		got, err := Decode(appendEntry(nil, &want))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

type brokenDisk struct{ err error }

func (b brokenDisk) Write([]byte) (int, error) { return 0, b.err }
func (b brokenDisk) Close() error              { return nil }

func TestJournal_DiskFails_CloseSaysSoAndNobodyBlocks(t *testing.T) {
	full := errors.New("no space left on device")
	j := newJournal(brokenDisk{full}, "r", time.Now())
	for n := range 10_000 {
		j.Unsent(n, 0)
	}
	if err := j.Close(); !errors.Is(err, full) {
		t.Errorf("Close says %v", err)
	}
}

type stuckDisk struct{ release chan struct{} }

func (s stuckDisk) Write(b []byte) (int, error) { <-s.release; return len(b), nil }
func (s stuckDisk) Close() error                { return nil }

func TestJournal_DiskIsStuck_MemoryIsBoundedAndTheJournalSpoilt(t *testing.T) {
	disk := stuckDisk{make(chan struct{})}
	j := newJournal(disk, "r", time.Now())
	long := strings.Repeat("x", 4000)
	for n := range 2 * maxWaiting / 4000 {
		j.End(n, long, "PAID", time.Now())
	}
	j.mu.Lock()
	waiting := len(j.waiting)
	j.mu.Unlock()
	close(disk.release)
	if err := j.Close(); err == nil || waiting > maxWaiting+8000 {
		t.Errorf("%d bytes wait, Close says %v", waiting, err)
	}
}

func TestRead_TornLastLine_IsLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	whole := appendEntry(appendEntry(nil, &Entry{Kind: "h", Version: Version, Run: "r"}), &Entry{Kind: "u", Number: 1})
	if err := os.WriteFile(path, append(whole, `{"k":"a","n":2,"st":20`...), 0o644); err != nil {
		t.Fatal(err)
	}
	count := 0
	if err := Read(path, func(Entry) error { count++; return nil }); err != nil || count != 2 {
		t.Errorf("%d entries, %v", count, err)
	}
}

func TestRead_WhatIsNotAJournal_IsAnError(t *testing.T) {
	header := string(appendEntry(nil, &Entry{Kind: "h", Version: Version, Run: "r"}))
	for name, text := range map[string]string{
		"empty":         "",
		"no header":     `{"k":"u","n":1}` + "\n",
		"two headers":   header + header,
		"later version": `{"k":"h","v":99,"run":"r","n":0}` + "\n",
		"unknown kind":  header + `{"k":"z","n":1}` + "\n",
		"unknown field": header + `{"k":"u","n":1,"colour":"red"}` + "\n",
		"below zero":    header + `{"k":"u","n":-1}` + "\n",
		"no such part":  header + `{"k":"c","n":1,"c":-1}` + "\n",
		"before this":   `{"k":"h","v":1,"run":"r","n":0}` + "\n",
		"not JSON":      header + "hello\n",
		"line too long": header + `{"k":"u","n":1,"o":"` + strings.Repeat("x", maxLine) + `"}` + "\n",
	} {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Read(path, func(Entry) error { return nil }); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	s := scenario.Default()
	p := s.Payment("r", 3)
	e := planned("p", &p, 1, time.Second)
	for _, seed := range []Entry{
		e,
		{Kind: "h", Version: Version, Run: "r", Start: time.Unix(1, 0).UTC()},
		{Kind: "u", Number: 5},
		{Kind: "a", Number: 5, Sent: 1, Done: 2, Class: "reset"},
		{Kind: "a", Number: 5, Sent: 1, Done: 2, Status: 201, ID: "7", State: "PAID", Order: "r-5", Amount: 9, Hash: "0011223344556677"},
		{Kind: "g", Number: 5, Status: 200, ID: "7", State: "PAID"},
		{Kind: "f", Number: 5, At: 3, ID: "7", State: "PAID"},
		{Kind: "x", Number: 5, What: Replay, Key: "k", Sent: 1, Done: 2, Status: 201, ID: "7", State: "PAID", Hash: "0011223344556677", Replayed: true},
		{Kind: "xg", Number: 5, What: Order, Status: 200, ID: "8", State: "FAILED"},
		{Kind: "xf", Number: 5, What: Reuse, At: 4, State: "answered"},
		{Kind: "c", Number: 5, Cancel: 1, Amount: 3, Key: "k-cancel-2", Sent: 1, Done: 2, Status: 202, ID: "7", Seq: 2, State: "PROCESSING", Hash: "0011223344556677"},
		{Kind: "c", Number: 5, Key: "k-cancel", Sent: 1, Done: 2, Status: 422, Problem: "cancellation-exceeds"},
		{Kind: "cg", Number: 5, Cancel: 1, Amount: 3, Status: 200, ID: "7", Seq: 2, State: "SUCCEEDED"},
		{Kind: "cf", Number: 5, Cancel: 1, At: 5, ID: "7", Seq: 2, State: "SUCCEEDED"},
		{Kind: "w", Merchant: 1, What: "cancellation.succeeded", ID: "7", Revision: 6, Seq: 2, State: "SUCCEEDED", Amount: 3, Signed: true, Done: 6, Status: 204},
		{Kind: "w", Merchant: 1, Done: 6, Status: 401, Class: "signature"},
	} {
		f.Add(appendEntry(nil, &seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := Decode(line)
		if err != nil {
			return
		}
		// What was read can be written and read again, and means the same.
		for _, leg := range e.Legs {
			if quoted, _ := json.Marshal(leg.Means); len(quoted) != len(leg.Means)+2 {
				return // the encoder writes the client's own texts, which need no escape
			}
		}
		written := appendEntry(nil, &e)
		again, err := Decode(written)
		if err != nil {
			t.Fatalf("%q was read, and cannot be written: %v", line, err)
		}
		if rewritten := appendEntry(nil, &again); !bytes.Equal(written, rewritten) {
			t.Fatalf("%q was written as %q and then as %q", line, written, rewritten)
		}
	})
}

func TestLatency_ManyRecorders_LoseNothing(t *testing.T) {
	l := NewLatency()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				l.Record(w, time.Duration(i+1)*time.Millisecond)
				if i%100 == 0 {
					l.Gather()
				}
			}
		})
	}
	wg.Wait()
	f := l.Whole()
	if f.Count != 8000 || f.P50 < 499 || f.P50 > 501.5 || f.Max < 999 || f.Max > 1001 {
		t.Errorf("figures %+v", f)
	}
	if again := l.Gather(); again.Count != 0 {
		t.Errorf("%d are left in the interval", again.Count)
	}
}
