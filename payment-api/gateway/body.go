package gateway

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

var errNotSent = errors.New("the request was given up before it was sent")

// onceBody is the body of a request that must go out once or not at all. The transport takes its first byte only when it
// has a connection, and wholeConn keeps the header back until then: so the first Read is the last moment at which a call
// can be stopped, and a body that was never read proves that the means got nothing. It has no way to be rewound, so the
// transport cannot send it twice.
type onceBody struct {
	content *bytes.Reader
	sendBy  time.Time // zero: any time
	state   atomic.Int32
	when    time.Time // of the first byte; written before state leaves neverTaken
}

// The states, each entered once from neverTaken.
const (
	neverTaken int32 = iota
	taken
	tooLate
	givenUp
)

func newOnceBody(content []byte, sendBy time.Time) *onceBody {
	return &onceBody{content: bytes.NewReader(content), sendBy: sendBy}
}

func (b *onceBody) length() int64 { return b.content.Size() }

// Read gives the content, unless the send-by deadline has passed or the caller gave up before the first byte.
//
// What remains: a process that freezes between this check and the write to the socket sends late. The kernel's write
// follows within microseconds of the check; the margin of the lease is for the network and the means, not for that.
func (b *onceBody) Read(p []byte) (int, error) {
	if b.state.Load() != taken {
		next := taken
		b.when = time.Now()
		if !b.sendBy.IsZero() && time.Now().After(b.sendBy) {
			next = tooLate
		}
		if !b.state.CompareAndSwap(neverTaken, next) || next == tooLate {
			return 0, errNotSent
		}
	}
	return b.content.Read(p)
}

// Close implements io.Closer; there is nothing to close.
func (b *onceBody) Close() error { return nil }

// takenAt is when the transport had a connection and took the first byte; zero: it did not.
func (b *onceBody) takenAt() time.Time {
	if b.state.Load() != taken {
		return time.Time{}
	}
	return b.when
}

// giveUp ends the request for good and says how far it had come.
func (b *onceBody) giveUp() int32 {
	if b.state.CompareAndSwap(neverTaken, givenUp) {
		return neverTaken
	}
	return b.state.Load()
}

var _ io.ReadCloser = (*onceBody)(nil)
