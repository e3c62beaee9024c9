package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"syscall"
	"time"
)

// connection carries one call after another to one instance of a means. It is our own and no http.Client's, since that one
// sends when it wants: from another goroutine, its header before anybody can ask for the body, and a second time by itself
// when a kept-alive connection turns out dead. Here a request is one write, by who asks, right behind the last moment at
// which it can be stopped; nothing is ever sent again, because nothing here could. What comes back net/http reads.
//
//	request built ─► given up? too late? ─► one write ─► answer's header ─► its body, to the end ─► fit for the next call?
//
// One goroutine at a time uses it.
type connection struct {
	net.Conn
	socket  syscall.RawConn // what Conn stands on, TLS or not
	reader  *bufio.Reader
	head    int64            // bytes that the header of the answer may still have
	request []byte           // kept for its room, as the next two
	body    bytes.Buffer     // of the answer
	limit   io.LimitedReader // of the body
	fit     bool             // for another call
	since   time.Time        // when it became idle
}

// maxHeader bounds the header of an answer, early hints included.
const maxHeader = 64 << 10

// Why not a byte went out.
var (
	errTooLate  = errors.New("its send-by deadline had passed before it was sent")
	errNotSent  = errors.New("it was given up before it was sent")
	errLongHead = fmt.Errorf("the header of the answer is longer than %d bytes", maxHeader)
)

func newConnection(conn net.Conn, socket syscall.RawConn) *connection {
	c := &connection{Conn: conn, socket: socket, fit: true}
	c.reader = bufio.NewReader((*incoming)(c))
	return c
}

// alive says that nothing has come since the last answer: no end, no reset, and no bytes that nobody had asked for. A call
// rarely meets a dead connection then; that it dies in the moment between cannot be excluded, and makes the call unclear.
func (c *connection) alive() bool {
	quiet := false
	err := c.socket.Read(func(descriptor uintptr) bool {
		var one [1]byte
		_, err := syscall.Read(int(descriptor), one[:])
		quiet = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && quiet
}

// exchange sends the request and reads the answer; sent is when its first byte went out, zero: none ever did. The body is
// gone with the next exchange. The caller's end and its deadline cut it short at any place.
//
// What remains: a process that freezes between the check and the write sends late. The kernel's write follows within
// microseconds; the margin of the lease is for the network and the means, not for that.
func (c *connection) exchange(ctx context.Context, sendBy time.Time) (status int, body []byte, sent time.Time, err error) {
	stop := context.AfterFunc(ctx, c.interrupt)
	defer func() { c.fit = stop() && c.fit }() // interrupt may still run: it must not hit the next call
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return 0, nil, sent, errNotSent
	case !sendBy.IsZero() && now.After(sendBy):
		return 0, nil, sent, errTooLate
	}
	c.fit = false
	if _, err = c.Write(c.request); err == nil {
		status, err = c.receive()
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // and not the time-out that we made of it
	}
	return status, c.body.Bytes(), now, err
}

// interrupt ends whatever reads or writes just now.
func (c *connection) interrupt() { _ = c.SetDeadline(time.Unix(1, 0)) }

// receive reads the answer: behind what only announces it, and up to one byte more than is allowed.
func (c *connection) receive() (status int, err error) {
	c.body.Reset()
	c.head = maxHeader
	for {
		response, err := http.ReadResponse(c.reader, nil) //nolint:bodyclose // what is not read to its end ends with the connection
		if err != nil {
			return 0, err
		}
		if response.StatusCode < http.StatusOK && response.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		c.head = math.MaxInt64
		c.limit = io.LimitedReader{R: response.Body, N: maxAnswer + 1}
		_, err = c.body.ReadFrom(&c.limit)
		c.fit = err == nil && c.limit.N > 0 && !response.Close && response.StatusCode >= http.StatusOK && c.reader.Buffered() == 0
		return response.StatusCode, err
	}
}

// incoming is what the connection's reader reads from: with a bound on headers, for which http.ReadResponse has none.
type incoming connection

// Read implements io.Reader.
func (c *incoming) Read(p []byte) (int, error) {
	if c.head <= 0 {
		return 0, errLongHead
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.head)])
	c.head -= int64(n)
	return n, err
}
