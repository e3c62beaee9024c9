package book

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, b *Book) string {
	t.Helper()
	s, err := b.Since(0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	text, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReset_BeginsAtOne_AndKeepsTheOldBook(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir)
	appendAndWait(t, b, charge("1.1"), charge("2.1"))
	before := read(t, b)
	aside, err := b.Reset()
	if err != nil || aside.Untidy != nil || len(aside.Removed) != 0 || b.Position() != 0 || b.Seq() != 0 || b.Resets() != 1 {
		t.Fatalf("%+v %v, position %d", aside, err, b.Position())
	}
	if got := read(t, b); got != "" {
		t.Errorf("the new book is not empty: %s", got)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, aside.Name)); err != nil || string(kept) != before {
		t.Errorf("kept %q, %v; want %q", kept, err, before)
	}
	appendAndWait(t, b, charge("3.1"))
	if got := read(t, b); !strings.HasPrefix(got, `{"seq":1,`) || strings.Count(got, "\n") != 1 {
		t.Errorf("the first entry after it: %s", got)
	}
	if _, err := b.Written(2); !errors.Is(err, ErrReset) {
		t.Errorf("an entry of the old book: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again, entries := open(t, dir)
	if len(entries) != 1 || entries[0].Reference != "3.1" || again.Position() != 1 {
		t.Errorf("after a restart: %+v", entries)
	}
}

// Whoever reads the old book while it is set aside reads it to its end.
func TestReset_ASectionThatIsOpen_StaysWhatItWas(t *testing.T) {
	b, _ := open(t, t.TempDir())
	appendAndWait(t, b, charge("1.1"), charge("2.1"))
	s, err := b.Since(1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := b.Reset(); err != nil {
		t.Fatal(err)
	}
	appendAndWait(t, b, charge("3.1"))
	var text bytes.Buffer
	if err := s.WriteWithoutTokens(&text); err != nil || !strings.Contains(text.String(), `"2.1"`) || strings.Contains(text.String(), `"3.1"`) {
		t.Errorf("%v: %s", err, text.String())
	}
}

func TestReset_KeepsFiveAndSaysWhichItRemoved(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b, _, err := Open(dir, Options{Now: func() time.Time { now = now.Add(time.Second); return now }, Replay: func(*Entry) error { return nil }, Failed: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	foreign := filepath.Join(dir, "book-of-mine.jsonl")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var all, gone []string
	for range 7 {
		appendAndWait(t, b, charge("1.1"))
		aside, err := b.Reset()
		if err != nil || aside.Untidy != nil {
			t.Fatal(err, aside.Untidy)
		}
		all, gone = append(all, aside.Name), append(gone, aside.Removed...)
		if again, err := b.Reset(); err != nil || again.Name != "" {
			t.Fatalf("an empty book was set aside: %+v, %v", again, err)
		}
	}
	if !slices.Equal(gone, all[:2]) {
		t.Errorf("removed %v of %v", gone, all)
	}
	for i, name := range all {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != (i >= 2) {
			t.Errorf("book %d: %v", i, err)
		}
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("a file that is not a book set aside was touched: %v", err)
	}
}

func TestReset_ABookThatCannotBeginAnew_GoesOn(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir)
	appendAndWait(t, b, charge("1.1"))
	if err := os.Remove(b.path); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reset(); err == nil {
		t.Fatal("there was nothing to set aside, and nobody said so")
	}
	appendAndWait(t, b, charge("2.1"))
	if b.Position() != 2 {
		t.Errorf("position %d", b.Position())
	}
}
