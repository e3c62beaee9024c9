// Package book is the mock's memory that survives it: an append-only file of everything that was booked, one JSON object
// a line. Nothing is answered before its entry is written.
//
//	request ─► Append (in memory, gets its seq) ─┐
//	request ─► Append ───────────────────────────┼─► one goroutine: one write(2) for all of them ─► every caller's Wait returns
//	request ─► Append ───────────────────────────┘
//
// Written means write(2) has returned: the entry survives the death of the process (kill -9), not the loss of power; the
// mock plays a PG whose own database is not what is tested. When a write fails nothing is booked any more, and nothing is
// said about entries that memory has and the file has not; what is written stays readable. Only a restart, which reads the
// file, brings the book back: a torn line may lie at its end.
package book

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Options of a book; all are required.
type Options struct {
	Now    func() time.Time
	Replay func(*Entry) error // gets every entry that is there already, in order
	Failed func(error)        // called once, when a write has failed
}

// FileName of the book in its folder.
const FileName = "book.jsonl"

// Book is safe for concurrent use.
type Book struct {
	path string
	file *os.File
	to   io.Writer // the file; a test puts a full disk here
	set  Options
	wake chan struct{} // one token: something is pending
	done chan struct{} // closed when the writer has ended

	position atomic.Uint64 // seq of the last entry that is written
	resets   atomic.Uint64 // how often the book began anew

	mu      sync.Mutex // guards what follows
	seq     uint64     // last one given out
	last    time.Time  // of the last entry: times never go back
	pending []byte     // lines that wait for the writer
	filling *group     // who waits for them
	writing *group     // who waits for the write that is going on
	index   index
	closed  bool
	failure error
}

// group is the entries that one write(2) carries.
type group struct {
	done chan struct{}
	last uint64 // highest seq in it
	end  int64  // length of the file after it
	err  error  // valid once done is closed
}

// Ticket waits for an entry to be written. The zero Ticket has nothing to wait for.
type Ticket struct{ group *group }

// Wait returns nil when the entry is in the file.
func (t Ticket) Wait() error {
	if t.group == nil {
		return nil
	}
	<-t.group.done
	return t.group.err
}

// ErrReset is the answer about an entry that stood in a book which was set aside since.
var ErrReset = errors.New("the book was reset")

// ErrClosed is the answer of a book that was closed in good order.
var ErrClosed = errors.New("the book is closed")

// Open reads the book in dir from its start, cuts a torn last line off, and goes on behind it. cut is the number of bytes
// that were cut. Two processes cannot have the same book open.
func Open(dir string, o Options) (b *Book, cut int64, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, fmt.Errorf("make the book's folder: %w", err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, 0, fmt.Errorf("open the book: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, 0, fmt.Errorf("open the book %s: another process has it open (%w)", path, err)
	}
	b = &Book{path: path, file: file, to: file, set: o, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if cut, err = b.load(); err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	b.position.Store(b.seq)
	b.filling = newGroup()
	go b.write()
	return b, cut, nil
}

// Append gives the entries their seq and time, and their transaction id to those that open one, and queues them for the
// writer. They take effect for the caller at once, but nothing may be answered before Wait of the ticket.
func (b *Book) Append(entries []Entry) (Ticket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.unusable(); err != nil {
		return Ticket{}, err
	}
	if at := b.set.Now().UTC().Round(0); at.After(b.last) {
		b.last = at
	}
	for i := range entries {
		e := &entries[i]
		b.seq++
		e.Seq, e.At = b.seq, b.last
		if e.Effect.opens() {
			e.Transaction = e.Seq
		}
		before := len(b.pending)
		b.pending = e.appendLine(b.pending)
		b.index.add(e.Seq, int64(len(b.pending)-before))
	}
	b.filling.last, b.filling.end = b.seq, b.index.end
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return Ticket{b.filling}, nil
}

// Written is the ticket of an entry that was appended earlier: an answer that speaks of it must not leave before it.
func (b *Book) Written(seq uint64) (Ticket, error) {
	if seq <= b.position.Load() {
		return Ticket{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failure != nil {
		return Ticket{}, b.failure
	}
	if seq <= b.position.Load() { // written while we waited for the lock: no group will end for it any more
		return Ticket{}, nil
	}
	if b.writing != nil && seq <= b.writing.last {
		return Ticket{b.writing}, nil
	}
	if seq > b.seq {
		return Ticket{}, ErrReset
	}
	return Ticket{b.filling}, nil
}

// Position is the seq of the last entry that is written.
func (b *Book) Position() uint64 { return b.position.Load() }

// Resets is how often the book began anew since it was opened: what was read before and after a reset is of two books.
func (b *Book) Resets() uint64 { return b.resets.Load() }

// Seq is the last one given out: what is in memory, written or not.
func (b *Book) Seq() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq
}

// Err says why the book takes nothing more, or nil.
func (b *Book) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unusable()
}

// Close writes what is pending, hands the file to the disk, and ends.
func (b *Book) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	close(b.wake)
	<-b.done
	return errors.Join(b.failure, b.file.Sync(), b.file.Close())
}

func (b *Book) unusable() error {
	if b.failure != nil {
		return b.failure
	}
	if b.closed {
		return ErrClosed
	}
	return nil
}

func newGroup() *group { return &group{done: make(chan struct{})} }
