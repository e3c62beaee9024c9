package book

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) (b *Book, read []Entry) {
	t.Helper()
	b, _, err := Open(dir, Options{Now: time.Now, Replay: func(e *Entry) error { read = append(read, *e); return nil }, Failed: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, read
}

func charge(reference string) Entry {
	return Entry{Means: "PG", Op: "charge", Effect: Charged, Reference: reference, OrderID: "o-1", Merchant: "1", Amount: 100, Currency: "KRW", Nth: 1}
}

func appendAndWait(t *testing.T, b *Book, entries ...Entry) {
	t.Helper()
	ticket, err := b.Append(entries)
	if err == nil {
		err = ticket.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestLine_WhatIsWrittenIsWhatIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return rapid.StringMatching(`[A-Za-z0-9._:-]{1,40}`).Draw(t, name) }
		e := Entry{
			Seq: rapid.Uint64Min(1).Draw(t, "seq"), At: time.Unix(0, rapid.Int64Range(1, 4e18).Draw(t, "at")).UTC(),
			Means: text("means"), Op: text("op"), Effect: rapid.SampledFrom(Effects).Draw(t, "effect"),
			Reference: text("reference"), OrderID: text("order"), Merchant: text("merchant"),
			Amount: rapid.Int64Min(0).Draw(t, "amount"), Currency: "KRW",
			Transaction: rapid.Uint64().Draw(t, "transaction"), Nth: rapid.IntRange(0, 255).Draw(t, "nth"),
		}
		if rapid.Bool().Draw(t, "optional") {
			e.Code, e.Token, e.ExpiresAt = text("code"), rapid.StringMatching(`gz1;[!#-\[\]-~]{0,80}`).Draw(t, "token"), e.At.Add(time.Hour)
		}
		if e.Effect == Funded || rapid.Bool().Draw(t, "sourced") {
			e.Source = text("source")
		}
		if e.Effect == Refunded || rapid.Bool().Draw(t, "of another") {
			e.Original = text("original")
		}
		got, err := ParseLine(bytes.TrimSuffix(e.appendLine(nil), []byte("\n")))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("wrote %+v\nread  %+v (%v)", e, got, err)
		}
	})
}

func TestOpen_GoesOnWhereTheBookEnded(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir)
	appendAndWait(t, b, charge("1.1"), charge("2.1"))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again, read := open(t, dir)
	if len(read) != 2 || read[1].Reference != "2.1" || read[1].Transaction != 2 || again.Position() != 2 {
		t.Errorf("read %+v, position %d", read, again.Position())
	}
	appendAndWait(t, again, charge("3.1"))
	if again.Position() != 3 {
		t.Errorf("the next entry got seq %d, want 3", again.Position())
	}
}

func TestOpen_ATornLastLineIsCut_AtEveryByte(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir)
	appendAndWait(t, b, charge("1.1"), charge("2.1"))
	_ = b.Close()
	whole, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	firstLine := bytes.IndexByte(whole, '\n') + 1
	for length := firstLine; length < len(whole); length++ {
		torn := t.TempDir()
		if err := os.WriteFile(filepath.Join(torn, FileName), whole[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		b, read := open(t, torn)
		if len(read) != 1 {
			t.Fatalf("torn at byte %d: %d entries, want 1", length, len(read))
		}
		appendAndWait(t, b, charge("3.1"))
		_ = b.Close()
		if _, read = open(t, torn); len(read) != 2 || read[1].Reference != "3.1" {
			t.Fatalf("torn at byte %d, then gone on: %+v", length, read)
		}
	}
}

func TestOpen_DamageInTheMiddleNamesFileAndLine(t *testing.T) {
	line := func(seq uint64, e Entry) string { e.Seq = seq; return string(e.appendLine(nil)) }
	one, two, three := line(1, charge("1.1")), line(2, charge("2.1")), line(3, charge("3.1"))
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":          {one + "rubbish\n" + three, "line 2"},
		"half a line":      {one + two[:40] + "\n" + three, "line 2"},
		"a line is gone":   {one + three, "line 2: seq is 3, not 2"},
		"a line twice":     {one + two + two, "line 3: seq is 2, not 3"},
		"unknown effect":   {one + strings.Replace(two, "charged", "gifted", 1), `line 2: effect "gifted"`},
		"odd transaction":  {one + strings.Replace(two, `transaction_id":"`, `transaction_id":"t+`, 1), "line 2: transaction_id"},
		"no original":      {one + strings.Replace(two, "charged", "refunded", 1), "line 2: a refund without"},
		"nor refused":      {one + strings.NewReplacer("charged", "refused", `"charge"`, `"refund"`).Replace(two), "line 2: a refund without"},
		"no reference":     {strings.Replace(one, "1.1", "", 1), "line 1"},
		"an endless line":  {one + strings.Repeat("x", maxLine+1) + "\n" + three, "line 2"},
		"last line is odd": {one + "{}\n", "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := Open(dir, Options{Now: time.Now, Replay: func(*Entry) error { return nil }})
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %s and %q", err, path, c.want)
			}
		})
	}
}

func TestOpen_TwoProcessesCannotWriteOneBook(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
}

func TestAppend_UnderLoad_SeqsHaveNoGaps_TimesNeverGoBack_AndEveryReaderSeesACompletePrefix(t *testing.T) {
	b, _ := open(t, t.TempDir())
	const writers, each = 8, 600
	var running sync.WaitGroup
	var over atomic.Bool
	for w := range writers {
		running.Go(func() {
			for i := range each {
				ticket, err := b.Append([]Entry{charge(fmt.Sprintf("%d.%d", w, i)), charge("second")})
				if err == nil {
					err = ticket.Wait()
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	var reading sync.WaitGroup
	for r := range 2 {
		reading.Go(func() {
			for from := uint64(0); !over.Load(); from = (from + 577*uint64(r+1)) % (b.Position() + 2) {
				checkPrefix(t, b, from)
			}
		})
	}
	running.Wait()
	over.Store(true)
	reading.Wait()
	if b.Position() != 2*writers*each {
		t.Errorf("position %d, want %d", b.Position(), 2*writers*each)
	}
	for _, from := range []uint64{0, 1, indexStep - 1, indexStep, indexStep + 1, b.Position() - 1, b.Position(), b.Position() + 9} {
		checkPrefix(t, b, from)
	}
}

// checkPrefix reads the book from a seq on: every entry behind it up to the position of the call, in order, and no other.
func checkPrefix(t *testing.T, b *Book, from uint64) {
	t.Helper()
	before := b.Position()
	section, err := b.Since(from)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = section.Close() }()
	text, err := io.ReadAll(section)
	if err != nil || section.Position < before {
		t.Errorf("position %d after %d was written, %v", section.Position, before, err)
	}
	last, at := min(from, section.Position), time.Time{}
	for line := range bytes.Lines(text) {
		e, err := ParseLine(line)
		if err != nil || e.Seq != last+1 || e.At.Before(at) {
			t.Errorf("from %d: after seq %d came %q, %v", from, last, line, err)
			return
		}
		last, at = e.Seq, e.At
	}
	if last != section.Position {
		t.Errorf("from %d: the last entry is %d, the position %d", from, last, section.Position)
	}
}

func TestAppend_TimesNeverGoBack_EvenWhenTheClockDoes(t *testing.T) {
	b, _ := open(t, t.TempDir())
	now := time.Now()
	b.set.Now = func() time.Time { now = now.Add(-time.Second); return now }
	appendAndWait(t, b, charge("1.1"))
	appendAndWait(t, b, charge("2.1"))
	checkPrefix(t, b, 0)
}

func TestWritten_WaitsForEntriesOfOthers(t *testing.T) {
	b, _ := open(t, t.TempDir())
	slow := &gate{to: b.to, enter: make(chan struct{}, 4), leave: make(chan struct{})}
	b.to = slow
	defer close(slow.leave)
	if _, err := b.Append([]Entry{charge("1.1")}); err != nil {
		t.Fatal(err)
	}
	<-slow.enter // the writer is in write(2) with seq 1
	if _, err := b.Append([]Entry{charge("2.1")}); err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(2) {
		ticket, err := b.Written(seq + 1)
		if err != nil || ticket.group == nil {
			t.Fatalf("seq %d counts as written before its write has returned (%v)", seq+1, err)
		}
		slow.leave <- struct{}{}
		if err := ticket.Wait(); err != nil || b.Position() < seq+1 {
			t.Fatalf("seq %d: waited, position %d, %v", seq+1, b.Position(), err)
		}
		if seq == 0 {
			<-slow.enter
		}
	}
	if ticket, err := b.Written(2); err != nil || ticket.group != nil {
		t.Errorf("seq 2 is written and still waits, %v", err)
	}
}

// gate lets the test decide when a write returns.
type gate struct {
	to           io.Writer
	enter, leave chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	g.enter <- struct{}{}
	<-g.leave
	return g.to.Write(p)
}

func TestAppend_WhenTheDiskRefuses_NobodyIsToldThatItIsBooked(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir)
	failures := make(chan error, 2)
	b.set.Failed = func(err error) { failures <- err }
	appendAndWait(t, b, charge("1.1"))
	full := &fullDisk{to: b.to}
	b.to = full
	ticket, err := b.Append([]Entry{charge("2.1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Wait(); !errors.Is(err, errFull) {
		t.Errorf("the entry that met the full disk: %v", err)
	}
	b.to = full.to // room again; but a torn line lies at the end now, so only a restart may go on
	if _, err := b.Append([]Entry{charge("3.1")}); !errors.Is(err, errFull) {
		t.Errorf("a later entry: %v", err)
	}
	if _, err := b.Written(2); !errors.Is(err, errFull) {
		t.Errorf("an answer about the lost entry: %v", err)
	}
	if err := b.Err(); !errors.Is(err, errFull) || b.Position() != 1 {
		t.Errorf("health %v, position %d", err, b.Position())
	}
	checkPrefix(t, b, 0)
	_ = b.Close()
	if err := <-failures; !errors.Is(err, errFull) || len(failures) != 0 {
		t.Errorf("reported %v, and %d more", err, len(failures))
	}
	if _, read := open(t, dir); len(read) != 1 {
		t.Errorf("after the restart there are %d entries, want 1", len(read))
	}
}

var errFull = errors.New("no space left on device")

// fullDisk takes half of what it is given.
type fullDisk struct{ to io.Writer }

func (f *fullDisk) Write(p []byte) (int, error) {
	n, _ := f.to.Write(p[:len(p)/2])
	return n, errFull
}

func TestClose_WritesWhatIsPending_AndTakesNothingMore(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir)
	for i := range 100 {
		if _, err := b.Append([]Entry{charge(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Append([]Entry{charge("late")}); !errors.Is(err, ErrClosed) {
		t.Errorf("an entry after Close: %v", err)
	}
	if _, read := open(t, dir); len(read) != 100 {
		t.Errorf("%d entries, want 100", len(read))
	}
}

// Whoever asks for an entry at the very moment at which it is written must not be told to wait for the next one, which
// may never come.
func TestWritten_AskedWhileItIsBeingWritten_NeverWaitsForTheNext(t *testing.T) {
	b, _, err := Open(t.TempDir(), Options{Now: time.Now, Replay: func(*Entry) error { return nil }, Failed: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	for range 20_000 {
		if _, err := b.Append([]Entry{{Means: "PG", Op: "charge", Effect: Charged, Reference: "1.1"}}); err != nil {
			t.Fatal(err)
		}
		b.mu.Lock()
		seq := b.seq
		b.mu.Unlock()
		ticket, err := b.Written(seq)
		if err != nil {
			t.Fatal(err)
		}
		if ticket.group == nil {
			continue
		}
		select {
		case <-ticket.group.done:
		case <-time.After(20 * time.Second):
			t.Fatalf("entry %d is written up to %d, and its ticket waits for ever", seq, b.Position())
		}
	}
}
