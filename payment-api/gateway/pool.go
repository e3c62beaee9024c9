package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"
)

// pool keeps the connections to one instance that no call uses just now. There are never more connections than the bulkhead
// before it lets in calls: a new one is made only when none is idle.
type pool struct {
	dial    func(context.Context) (*connection, error)
	idleFor time.Duration // the longest that a connection is kept without a call

	mu     sync.Mutex // guards the rest
	idle   []*connection
	sweep  *time.Timer // runs while there are idle ones
	closed bool
}

// idleTimeout ends idle connections before the means does (a minute or more), so that a call rarely meets a dead one.
const idleTimeout = 30 * time.Second

func newPool(to *url.URL) *pool {
	return &pool{dial: dialer(to, &tls.Config{ServerName: to.Hostname(), MinVersion: tls.VersionTLS12}), idleFor: idleTimeout}
}

// take gives the connection that was used last and is alive, or a new one.
func (p *pool) take(ctx context.Context) (*connection, error) {
	for {
		c := p.pop()
		if c == nil {
			return p.dial(ctx)
		}
		if c.alive() {
			return c, nil
		}
		_ = c.Close()
	}
}

func (p *pool) pop() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle[last], p.idle = nil, p.idle[:last]
	return c
}

// giveBack keeps a connection for the next call, or closes it where there can be none.
func (p *pool) giveBack(c *connection) {
	c.since = time.Now()
	if !c.fit || !p.push(c) {
		_ = c.Close()
	}
}

func (p *pool) push(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.idle = append(p.idle, c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.idleFor, p.closeStale)
	}
	return true
}

// closeStale closes what was idle for too long and comes again for the rest. The longest idle stand first.
func (p *pool) closeStale() {
	p.mu.Lock()
	now := time.Now()
	stale := 0
	for stale < len(p.idle) && now.Sub(p.idle[stale].since) >= p.idleFor {
		stale++
	}
	gone := slices.Clone(p.idle[:stale])
	p.idle = slices.Delete(p.idle, 0, stale)
	if p.sweep = nil; len(p.idle) > 0 {
		p.sweep = time.AfterFunc(p.idleFor-now.Sub(p.idle[0].since), p.closeStale)
	}
	p.mu.Unlock()
	closeAll(gone)
}

// close ends the idle connections; those in use end with their calls.
func (p *pool) close() {
	p.mu.Lock()
	gone := p.idle
	p.idle, p.closed = nil, true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.mu.Unlock()
	closeAll(gone)
}

func closeAll(all []*connection) {
	for _, c := range all {
		_ = c.Close()
	}
}

// dialer makes connections to the host of an address, with TLS for https.
func dialer(to *url.URL, secrecy *tls.Config) func(context.Context) (*connection, error) {
	plain := &net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}
	address := net.JoinHostPort(to.Hostname(), portOf(to))
	return func(ctx context.Context) (*connection, error) {
		conn, err := plain.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		under, is := conn.(syscall.Conn)
		if !is {
			return nil, errors.Join(errors.New("a TCP connection without a socket"), conn.Close())
		}
		socket, err := under.SyscallConn()
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		if to.Scheme != "https" {
			return newConnection(conn, socket), nil
		}
		secret := tls.Client(conn, secrecy)
		if err := secret.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return newConnection(secret, socket), nil
	}
}

// portOf is the port of an address, the one of its scheme where it names none.
func portOf(to *url.URL) string {
	switch {
	case to.Port() != "":
		return to.Port()
	case to.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}
