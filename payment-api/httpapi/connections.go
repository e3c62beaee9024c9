package httpapi

import (
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// connections knows each connection and whether a request is on it, from its first byte to the last one of the answer. The
// server below could close and count them itself, but it looks every 100 ms only, gives one that has not sent anything five
// seconds, and tells nobody how many there are.
type connections struct {
	mu   sync.Mutex // guards what follows
	all  map[net.Conn]connection
	busy int // that have a request on them
}

type connection struct {
	state  fasthttp.ConnState
	opened time.Time
}

// firstByte is how long a connection that has sent nothing yet is left open at the end: its request may be on the way.
const firstByte = time.Second

func newConnections() *connections { return &connections{all: map[net.Conn]connection{}} }

// moved is the server's hook: each connection is new once, then active and idle in turn, and closed at its end.
func (c *connections) moved(conn net.Conn, to fasthttp.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, known := c.all[conn]
	if known && was.state == fasthttp.StateActive {
		c.busy--
	}
	switch to {
	case fasthttp.StateNew:
		was.opened = time.Now()
	case fasthttp.StateActive:
		c.busy++
	case fasthttp.StateClosed:
		delete(c.all, conn)
		return
	}
	was.state = to
	c.all[conn] = was
}

// requests is how many are being read, worked on or answered.
func (c *connections) requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy
}

// closeIdle closes those on which there is no request, and says how many connections there still are.
func (c *connections) closeIdle(now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, is := range c.all {
		if is.state == fasthttp.StateIdle || is.state == fasthttp.StateNew && now.Sub(is.opened) >= firstByte {
			_ = conn.Close() // its goroutine sees that, and tells us of its end
		}
	}
	return len(c.all)
}
