// Package record keeps what the client sent and saw: every fact in the journal, which the verifier judges, and the
// counts, latencies and faults of the report.
package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Bounds of the journal's memory: a write goes out when this much has gathered or this long has passed, and a disk that
// falls behind by maxWaiting spoils the journal instead of the measurement.
const (
	writeSize  = 256 << 10
	writeAfter = 200 * time.Millisecond
	maxWaiting = 64 << 20
)

// Journal writes journal.jsonl. Entries may come from any goroutine; one goroutine writes. It never blocks: when the
// disk cannot follow, the journal is spoilt, Close says so, and the run is INVALID.
type Journal struct {
	start time.Time
	file  io.WriteCloser

	mu      sync.Mutex // guards the fields below
	waiting []byte
	spare   []byte // the other buffer, empty, when the writer does not hold it
	err     error
	closing bool

	wake chan struct{}
	done chan struct{}
}

// Create opens a new journal and writes its header.
func Create(path, run string, start time.Time) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create the journal: %w", err)
	}
	return newJournal(file, run, start), nil
}

func newJournal(file io.WriteCloser, run string, start time.Time) *Journal {
	j := &Journal{start: start, file: file, wake: make(chan struct{}, 1), done: make(chan struct{})}
	j.add(&Entry{Kind: "h", Version: Version, Run: run, Start: start})
	go j.write()
	return j
}

// Close writes what is left. Its error means that the journal is not complete.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closing = true
	j.mu.Unlock()
	j.poke()
	<-j.done
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.err, j.file.Close())
}

// Err is the first trouble of writing, nil while all is well.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

func (j *Journal) add(e *Entry) {
	j.mu.Lock()
	if j.err == nil && len(j.waiting) > maxWaiting {
		j.err = fmt.Errorf("the journal's disk is too slow: %d MiB wait to be written", maxWaiting>>20)
	}
	if j.err == nil {
		j.waiting = appendEntry(j.waiting, e)
	}
	full := len(j.waiting) >= writeSize
	j.mu.Unlock()
	if full {
		j.poke()
	}
}

func (j *Journal) poke() {
	select {
	case j.wake <- struct{}{}:
	default: // it will wake already
	}
}

// write swaps the two buffers and writes the full one without the lock, so that a slow disk delays no request.
func (j *Journal) write() {
	defer close(j.done)
	tick := time.NewTicker(writeAfter)
	defer tick.Stop()
	for {
		select {
		case <-j.wake:
		case <-tick.C:
		}
		j.mu.Lock()
		batch, closing := j.waiting, j.closing
		j.waiting, j.spare = j.spare, nil
		j.mu.Unlock()

		var err error
		if len(batch) > 0 {
			_, err = j.file.Write(batch)
		}

		j.mu.Lock()
		j.spare = batch[:0]
		if err != nil && j.err == nil {
			j.err = fmt.Errorf("write the journal: %w", err)
		}
		finished := closing && len(j.waiting) == 0
		j.mu.Unlock()
		if finished {
			return
		}
		if closing {
			j.poke()
		}
	}
}
