package book

import "fmt"

// write is the one goroutine that touches the file. Whatever was appended while it was in write(2) goes out together
// with the next one, so the groups grow by themselves when the disk is slow or the load is high. Every Append leaves a
// token behind its lines, so Close, which closes the channel, loses none.
func (b *Book) write() {
	defer close(b.done)
	var spare []byte
	for range b.wake {
		spare = b.writeGroup(spare)
	}
}

// writeGroup writes everything pending and returns the buffer for the next one.
func (b *Book) writeGroup(spare []byte) []byte {
	b.mu.Lock()
	if len(b.pending) == 0 || b.failure != nil {
		b.mu.Unlock()
		return spare
	}
	lines, g := b.pending, b.filling
	b.pending, b.filling, b.writing = spare[:0], newGroup(), g
	b.mu.Unlock()

	_, err := b.to.Write(lines)

	b.mu.Lock()
	b.writing = nil
	if err != nil {
		g.err = fmt.Errorf("the book %s cannot be written, nothing is booked until a restart: %w", b.path, err)
		b.failure = g.err
		b.filling.err = g.err // those who came during the write share its fate: their lines must not follow a torn one
		close(b.filling.done)
	} else {
		b.position.Store(g.last)
		b.index.written = g.end
	}
	b.mu.Unlock()
	close(g.done)
	if err != nil {
		b.set.Failed(g.err)
	}
	return lines
}
