// Package mysqlproxy stands between programs and MySQL, passes everything on, and on demand breaks what a drill wants broken:
// a connection exactly at COMMIT, or the whole way to the database.
//
//	                  Before: not passed on              After: passed on, done, and its answer kept
//
//	program   ── INSERT…; COMMIT ─► ╳                  program   ── INSERT…; COMMIT ─►─────────► mysql
//	program   ◄─ RST                     mysql: nothing        ◄─ RST          ╳ ◄─── OK, OK ───
//
// A program sees the same in both: the connection broke at COMMIT. Whether its payment is there, only a read tells.
//
// What a packet is, when a command begins and how an answer ends is in MySQL's client/server protocol
// (https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html: Packets, Connection Phase, COM_QUERY, Text
// Resultset). Only what a client sends is followed all the time; what the server says is read when a COMMIT has to be seen
// to be done, and copied otherwise. A connection that goes over to TLS or compression is passed on and never cut at COMMIT:
// Counts tells how many there were.
package mysqlproxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the proxy.
const (
	maxConnections = 4096            // who comes beyond is turned away, as by Refuse
	dialWithin     = 5 * time.Second // to MySQL, on the same machine
)

// Proxy is one that listens. Its verbs may be called from any goroutine.
type Proxy struct {
	target   string
	listener net.Listener
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	running  sync.WaitGroup
	counts   counts

	weather atomic.Pointer[weather] // never nil

	mu    sync.Mutex // guards what follows, and changes of the weather
	links map[*link]struct{}
	cuts  choice
}

// Counts is what has happened since Start.
type Counts struct {
	Connections int64 // that were accepted
	Refused     int64 // that were turned away: Refuse, or too many
	Blind       int64 // that went over to TLS or compression: nothing of them is seen
	Commits     int64 // that clients sent, whatever became of them
	Before      int64 // cut before the COMMIT was passed on: nothing was committed
	After       int64 // cut after MySQL said that it is committed
	Spared      int64 // was to be cut After, but MySQL did not commit: its client has the answer
}

// Cut is all that were cut.
func (c Counts) Cut() int64 { return c.Before + c.After }

type counts struct {
	connections, refused, blind, commits, before, after, spared atomic.Int64
}

// Start listens on an address of this machine, such as 127.0.0.1:0, and passes on to target (host:port). Which commits of
// many are cut is drawn from the seed. It ends with Close, or with ctx.
func Start(ctx context.Context, listen, target string, seed uint64) (*Proxy, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen in front of MySQL: %w", err)
	}
	p := &Proxy{target: target, listener: listener, links: map[*link]struct{}{}}
	p.cuts.random = rand.New(rand.NewPCG(seed, 0))
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.weather.Store(&weather{changed: make(chan struct{})})
	p.running.Go(p.accept)
	p.running.Go(func() {
		<-p.ctx.Done()
		p.listener.Close()
		p.cutAll()
	})
	return p, nil
}

// Addr is where it listens: what MYSQL_VIA of a stack names.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Counts tells what has happened so far. What a client knows of is counted.
func (p *Proxy) Counts() Counts {
	c := &p.counts
	return Counts{
		Connections: c.connections.Load(), Refused: c.refused.Load(), Blind: c.blind.Load(), Commits: c.commits.Load(),
		Before: c.before.Load(), After: c.after.Load(), Spared: c.spared.Load(),
	}
}

// Close cuts every connection and waits until nothing runs any more.
func (p *Proxy) Close() {
	p.cancel()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		switch {
		case p.ctx.Err() != nil:
			if err == nil {
				reset(conn)
			}
			return
		case err != nil: // out of files: they come back when connections end
			select {
			case <-time.After(10 * time.Millisecond):
			case <-p.ctx.Done():
			}
			continue
		}
		l := newLink(p, conn)
		if !p.admit(l) {
			p.counts.refused.Add(1)
			l.cut()
			continue
		}
		p.counts.connections.Add(1)
		p.running.Go(func() {
			l.run()
			p.leave(l)
		})
	}
}

// admit takes a connection in, unless it has to be turned away.
func (p *Proxy) admit(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil || p.weather.Load().refuses || len(p.links) >= maxConnections {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) leave(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// cutAll breaks what is open.
func (p *Proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut()
	}
}
