package mysqlproxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// link is one client with its connection to MySQL.
//
//	client ── packets ─► said: does it commit? ─► passage ─► mysql
//	client ◄──── bytes ◄──── passage ◄──── withheld? ◄────── mysql
//
// Client and server take turns: when a query comes, everything that was answered before has been passed on. So what MySQL says
// from then on is the answer to it.
type link struct {
	proxy  *Proxy
	client net.Conn
	said   said

	withheld atomic.Pointer[answer] // of a COMMIT that is cut after it; nil: answers are passed on

	ended  context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	server net.Conn // nil until it is connected
}

func newLink(p *Proxy, client net.Conn) *link {
	l := &link{proxy: p, client: client}
	l.ended, l.cancel = context.WithCancel(context.Background())
	return l
}

// run ends when either side has gone, and then both have.
func (l *link) run() {
	if err := l.dial(); err != nil {
		l.cut()
		return
	}
	var back sync.WaitGroup
	back.Go(func() { l.end(l.answers()) })
	l.end(l.queries())
	back.Wait()
}

func (l *link) dial() error {
	ctx, cancel := context.WithTimeout(l.ended, dialWithin)
	defer cancel()
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", l.proxy.target)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended.Err() != nil { // cut meanwhile
		server.Close()
		return l.ended.Err()
	}
	l.server = server
	return nil
}

// queries passes on what the client sends, packet by packet.
func (l *link) queries() error {
	from := bufio.NewReaderSize(l.client, readSize/4)
	for in := (&packets{from: from}); ; {
		p, err := in.next()
		if err != nil {
			return err
		}
		commits := l.said.hear(p)
		if !l.proxy.passage(l.ended.Done(), true) {
			return net.ErrClosed
		}
		if commits && l.cutsBefore() {
			return nil
		}
		if _, err := l.server.Write(p); err != nil {
			return err
		}
		if l.said.blind() {
			l.proxy.counts.blind.Add(1)
			return l.copyBlind(from)
		}
	}
}

// copyBlind passes on what cannot be read.
func (l *link) copyBlind(from io.Reader) error {
	buffer := make([]byte, readSize/4)
	for {
		n, err := from.Read(buffer)
		if n > 0 && l.proxy.passage(l.ended.Done(), true) {
			if _, err := l.server.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return ended(err)
		}
	}
}

// cutsBefore decides about a COMMIT that is about to be passed on; true: the connection is cut, and it is not.
func (l *link) cutsBefore() bool {
	p := l.proxy
	p.counts.commits.Add(1)
	p.mu.Lock()
	how := p.cuts.take()
	p.mu.Unlock()
	switch how {
	case Before:
		p.counts.before.Add(1)
		l.cut()
		return true
	case After:
		l.withheld.Store(&answer{deprecateEOF: l.said.capabilities&deprecateEOF != 0})
	}
	return false
}

// answers passes on what MySQL says, except to a COMMIT that is cut after it.
func (l *link) answers() error {
	buffer := make([]byte, readSize/4)
	for {
		n, err := l.server.Read(buffer)
		if n > 0 && !l.proxy.passage(l.ended.Done(), false) {
			return net.ErrClosed
		}
		heard := buffer[:n]
		if a := l.withheld.Load(); a != nil {
			heard = l.withhold(a, heard)
		}
		if _, err := l.client.Write(heard); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
}

// withhold keeps the answer to a COMMIT until it is known, and is what is passed on after all: all of it, when MySQL refused.
func (l *link) withhold(a *answer, heard []byte) []byte {
	p := l.proxy
	switch a.hear(heard) {
	case committed:
		p.counts.after.Add(1)
		l.cut()
	case refused:
		p.counts.spared.Add(1)
		p.choose(func(c *choice) { c.giveBack() })
		l.withheld.Store(nil) // first: the client's next COMMIT may come before Write returns
		return a.kept
	}
	return nil
}

// end closes both sides as the side did that ended: properly, or with a reset.
func (l *link) end(err error) {
	if ended(err) != nil {
		l.cut()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
	l.client.Close()
	l.server.Close()
}

// cut breaks the connection: the client gets an RST, MySQL sees its client go and rolls back what is open.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
	reset(l.client)
	if l.server != nil {
		l.server.Close()
	}
}

// ended takes an end that is in order for none.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// reset closes a connection with an RST: what was not sent yet is thrown away.
func reset(conn net.Conn) {
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // it is closed already: then there is nothing to reset
	}
	conn.Close()
}
