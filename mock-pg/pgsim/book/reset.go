package book

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxAside is how many books of earlier resets are kept.
const maxAside = 5

// asidePrefix begins the name of a book that was set aside; the time of the reset follows, so that names sort by age.
const (
	asidePrefix = "book-"
	asideTime   = "20060102T150405.000000000Z"
)

// ErrBusy is the answer to a reset while somebody still books.
var ErrBusy = errors.New("the book is being written")

// Aside is what became of the old book: files in the folder of the book.
type Aside struct {
	Name    string   // empty: there was nothing in it
	Removed []string // of earlier resets, beyond those that are kept
	Untidy  error    // the reset is done, the tidying behind it was not
}

// Reset sets the file aside and goes on in an empty one, from seq 1. No book is lost by it: up to five stay in the folder as
// book-<time>.jsonl, and which were removed for that is told. The caller sees to it that nobody appends meanwhile. After an
// error the old book goes on.
//
// What if we crash here? Before the rename nothing has happened; behind it there is no book, and the next start opens an
// empty one, as if the reset had ended.
func (b *Book) Reset() (Aside, error) {
	if err := b.settle(); err != nil {
		return Aside{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch err := b.unusable(); {
	case err != nil:
		return Aside{}, err
	case len(b.pending) > 0 || b.writing != nil:
		return Aside{}, ErrBusy
	case b.seq == 0:
		return Aside{}, nil
	}
	dir := filepath.Dir(b.path)
	aside := Aside{Name: asidePrefix + b.set.Now().UTC().Format(asideTime) + ".jsonl"}
	if err := os.Rename(b.path, filepath.Join(dir, aside.Name)); err != nil {
		return Aside{}, fmt.Errorf("set the book aside: %w", err)
	}
	file, err := create(b.path)
	if err != nil {
		return Aside{}, errors.Join(err, os.Rename(filepath.Join(dir, aside.Name), b.path))
	}
	old := b.file
	b.file, b.to, b.seq, b.index = file, file, 0, index{}
	b.position.Store(0)
	b.resets.Add(1)
	aside.Removed, err = removeOldest(dir)
	aside.Untidy = errors.Join(err, old.Close())
	return aside, nil
}

// settle waits for what is queued.
func (b *Book) settle() error {
	b.mu.Lock()
	newest := b.seq
	b.mu.Unlock()
	ticket, err := b.Written(newest)
	if err != nil {
		return err
	}
	return ticket.Wait()
}

// create makes the file, which nobody else may have made meanwhile, and takes its lock.
func create(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("begin a new book: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a new book: %s is locked by another process: %w", path, err), file.Close())
	}
	return file, nil
}

func removeOldest(dir string) (removed []string, err error) {
	all, err := filepath.Glob(filepath.Join(dir, asidePrefix+"*.jsonl"))
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(path string) bool { return !isAside(filepath.Base(path)) })
	slices.Sort(all)
	for _, path := range all[:max(0, len(all)-maxAside)] {
		if err := os.Remove(path); err != nil {
			return removed, fmt.Errorf("remove a book that was set aside long ago: %w", err)
		}
		removed = append(removed, filepath.Base(path))
	}
	return removed, nil
}

// isAside admits the names that Reset gives only: what somebody else keeps in the folder is left alone.
func isAside(name string) bool {
	text := strings.TrimSuffix(strings.TrimPrefix(name, asidePrefix), ".jsonl")
	_, err := time.Parse(asideTime, text)
	return err == nil
}
