// Package sorted sorts more than fits into memory. Records gather in memory up to a budget, go to disk as a sorted run
// whenever it is spent, and are merged from all runs when they are read:
//
//	Add ──► memory ──full──► run 1 ┐
//	             ──full──► run 2 ├─► merge ──► All, as often as wanted
//	             ──end ──► run 3 ┘
//
// Order is by key, byte by byte; records with the same key stay in the order in which they were added. A run that is not
// read back as it was written is an error, never a shorter list.
package sorted

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Bounds of a sort.
const (
	// DefaultBudget is the memory of one sort while it takes records in.
	DefaultBudget = 32 << 20

	// keptPart of the budget may stay in memory when a sort is finished; there are many of those at once.
	keptPart = 8

	// maxRecord bounds a key and its value together.
	maxRecord = 1 << 20

	// maxRuns of one sort, at the default budget 128 GiB: each costs a buffer while they are merged.
	maxRuns = 4096
)

// Space is where sorts put what memory does not hold. It belongs to one goroutine, as its sorts do.
//
// Files are unlinked as soon as they are open: whatever ends the process, nothing is left behind.
type Space struct {
	folder  string
	budget  int
	open    func(folder string) (*os.File, error)
	files   []*os.File
	written int64
}

// NewSpace keeps files in the folder; budget 0 is the default.
func NewSpace(folder string, budget int) *Space {
	if budget == 0 {
		budget = DefaultBudget
	}
	return &Space{folder: folder, budget: budget, open: unlinked}
}

// Written is how many bytes went to disk.
func (s *Space) Written() int64 { return s.written }

// Close gives the disk back. No sort of this space may be used any more.
func (s *Space) Close() error {
	var failed error
	for _, file := range s.files {
		failed = errors.Join(failed, file.Close())
	}
	s.files = nil
	return failed
}

func (s *Space) file() (*os.File, error) {
	file, err := s.open(s.folder)
	if err != nil {
		return nil, fmt.Errorf("make room for sorting in %s: %w", s.folder, err)
	}
	s.files = append(s.files, file)
	return file, nil
}

func (s *Space) release(file *os.File) {
	for i, f := range s.files {
		if f == file {
			s.files = append(s.files[:i], s.files[i+1:]...)
			_ = file.Close() // it was only read since it was written
			return
		}
	}
}

func unlinked(folder string) (*os.File, error) {
	file, err := os.CreateTemp(folder, ".sorting-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// spilling says what went wrong when a sort's records were written.
func (s *Space) spilling(name string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("sort %s: the disk of %s is full after %d MiB; sorting needs about as much room there as the journal and the book take: %w",
			name, s.folder, s.written>>20, err)
	}
	return fmt.Errorf("sort %s: write a run into %s: %w", name, s.folder, err)
}
