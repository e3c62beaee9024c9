package consume

import "sync"

// watermark knows how far the work of one partition is done without a gap. Work ends in any order; only an offset below
// which everything is done may be committed, or a crash would skip what was still being worked on.
type watermark struct {
	mu       sync.Mutex
	reading  []int64 // offsets in the order in which they were read (the broker may leave numbers out)
	finished map[int64]bool
	next     int64 // to be committed
}

func newWatermark(start int64) *watermark {
	return &watermark{next: start, finished: map[int64]bool{}}
}

// begin tells of an offset that was read; offsets come in rising order.
func (w *watermark) begin(offset int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reading = append(w.reading, offset)
}

// end tells of an offset whose work is done.
func (w *watermark) end(offset int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished[offset] = true
	for len(w.reading) > 0 && w.finished[w.reading[0]] {
		w.next = w.reading[0] + 1
		delete(w.finished, w.reading[0])
		w.reading = w.reading[1:]
	}
}

// commit is the offset that whoever comes after us should begin with.
func (w *watermark) commit() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

// ahead is how many offsets were read since the first one whose work is not done.
func (w *watermark) ahead() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.reading)
}
