package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

// What is left on a connection behind an answer is nobody's: were it used again, the next call would be told what an earlier
// one had asked for.
func TestConnection_WithMoreOnItThanTheAnswer_IsNotUsedAgain(t *testing.T) {
	whole := func(head string) string {
		return fmt.Sprintf("%s\r\nContent-Length: %d\r\n\r\n%s", head, len(approved), approved)
	}
	for name, answer := range map[string]string{
		"another answer":     whole("HTTP/1.1 200 OK") + strings.ReplaceAll(whole("HTTP/1.1 200 OK"), "approved", "declined"),
		"close is asked for": whole("HTTP/1.1 200 OK\r\nConnection: close"),
		"an older HTTP":      whole("HTTP/1.0 200 OK"),
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, func(c net.Conn, _ int64) bool { _, err := io.WriteString(c, answer); return err == nil })
			g := connect(t, m.url())
			for range 4 {
				expect(t, g.Do(t.Context(), charge()), payment.Done, "")
			}
			if n := m.connections.Load(); n != 4 {
				t.Errorf("%d connections for four calls, want 4", n)
			}
		})
	}
}

// What comes while a connection is idle ends it before a call goes out on it, not with that call.
func TestConnection_ThatIsNotQuietWhileItIsIdle_IsNotUsedAgain(t *testing.T) {
	for name, disturb := range map[string]func(net.Conn){
		"closed":          func(c net.Conn) { _ = c.Close() },
		"closed one side": func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() },
		"reset":           reset,
		"it talks":        func(c net.Conn) { send(200, strings.Replace(approved, "approved", "declined", 1))(c, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, send(200, approved))
			g := connect(t, m.url())
			expect(t, g.Do(t.Context(), charge()), payment.Done, "")
			m.mu.Lock()
			disturb(m.open[0]) // over loopback it is on our side when this returns
			m.mu.Unlock()
			expect(t, g.Do(t.Context(), charge()), payment.Done, "")
			if n := m.connections.Load(); n != 2 {
				t.Errorf("%d connections, want 2", n)
			}
		})
	}
}

func TestConnection_InChunks_IsUsedAgain(t *testing.T) {
	m := serve(t, func(c net.Conn, _ int64) bool {
		half := len(approved) / 2
		_, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\nTrailer: x\r\n\r\n", half, approved[:half], len(approved)-half, approved[half:])
		return err == nil
	})
	g := connect(t, m.url())
	for range 4 {
		expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	}
	if n := m.connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// A means that talks without end takes no more of us than the bounds allow, and long before the time-out.
func TestConnection_WhatHasNoEnd_IsCutOff(t *testing.T) {
	forever := func(begin, again string) func(net.Conn, int64) bool {
		return func(c net.Conn, _ int64) bool {
			_, err := io.WriteString(c, begin)
			for err == nil {
				_, err = io.WriteString(c, again)
			}
			return false
		}
	}
	for name, c := range map[string]struct {
		answer func(net.Conn, int64) bool
		code   string
	}{
		"lines of a header": {forever("HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("x", 1000)+"\r\n"), "broken"},
		"one line":          {forever("HTTP/1.1 200 OK\r\nX-More: ", strings.Repeat("x", 1000)), "broken"},
		"the status":        {forever("HTTP/1.1 200 ", strings.Repeat("x", 1000)), "broken"},
		"early hints":       {forever("", "HTTP/1.1 103 x\r\nX-More: "+strings.Repeat("x", 1000)+"\r\n\r\n"), "broken"},
		"a body":            {forever("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat(" ", 1000)), "answer-too-large"},
		"chunks":            {forever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "64\r\n"+strings.Repeat(" ", 100)+"\r\n"), "answer-too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, c.answer)
			g := connect(t, m.url(), func(o *gateway.Options) { o.Timeout = time.Minute })
			expect(t, g.Do(t.Context(), charge()), payment.Unclear, c.code)
		})
	}
}

// A caller that leaves at the very moment of the answer leaves a connection that nobody else is cut off on.
func TestConnection_OfACallerThatLeft_HitsNobodyElse(t *testing.T) {
	var leave context.CancelFunc
	m := serve(t, func(c net.Conn, n int64) bool {
		if n%2 == 1 {
			defer leave()
		}
		return send(200, approved)(c, n)
	})
	g := connect(t, m.url())
	for range 100 {
		var leaving context.Context
		leaving, leave = context.WithCancel(t.Context())
		g.Do(leaving, charge())
		leave()
		expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	}
}

// A caller that leaves is no time-out of the means, though the connection knows no other way to stop.
func TestCharge_ACallerThatLeaves_IsNoTimeOut(t *testing.T) {
	leaving, leave := context.WithCancel(t.Context())
	m := serve(t, func(c net.Conn, n int64) bool { leave(); return silent(c, n) })
	expect(t, connect(t, m.url(), func(o *gateway.Options) { o.Timeout = time.Minute }).Do(leaving, charge()), payment.Unclear, "broken")
}

func TestPool_NoMoreConnectionsThanPlaces(t *testing.T) {
	m := serve(t, send(200, approved))
	g := connect(t, m.url(), func(o *gateway.Options) { o.Bulkhead, o.BulkheadWait, o.Timeout = 4, 10*time.Second, 10*time.Second })
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 16 {
				expect(t, g.Do(t.Context(), charge()), payment.Done, "")
			}
		})
	}
	all.Wait()
	if n := m.connections.Load(); n > 4 {
		t.Errorf("%d connections for 4 places", n)
	}
}

// After the end no connection stays, also none that was in use then.
func TestClose_EndsEveryConnection(t *testing.T) {
	arrived, answer := make(chan struct{}), make(chan struct{})
	m := serve(t, func(c net.Conn, n int64) bool {
		if n == 2 {
			close(arrived)
			<-answer
		}
		return send(200, approved)(c, n)
	})
	g := connect(t, m.url())
	expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	late := make(chan payment.Reply)
	go func() { late <- g.Do(t.Context(), charge()) }()
	<-arrived
	expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	g.Close()
	close(answer)
	expect(t, <-late, payment.Done, "")
	_ = m.listener.Close()
	m.all.Wait() // each connection was ended from the other side
}

// The header goes to whoever its token's source names, and what stands in there stays in there.
func TestDo_ATokenWithALineBreak_AddsNoHeader(t *testing.T) {
	m := serve(t, send(200, approved))
	c := charge()
	c.Leg.Token = "gz1\r\nIdempotency-Key: x;y"
	expect(t, connect(t, m.url()).Do(t.Context(), c), payment.Done, "")
	if h := *m.lastHeader.Load(); h.Get("Idempotency-Key") != "" || len(h.Get("Route-Key")) != 32 {
		t.Errorf("the header is %v", h)
	}
}

func TestDo_AnAddressWithAPathAndAPassword(t *testing.T) {
	m := serve(t, send(200, approved))
	expect(t, connect(t, strings.Replace(m.url(), "http://", "http://user:p%40%3Ass@", 1)+"/base%2Fd").Do(t.Context(), charge()), payment.Done, "")
	if got := m.lastRequest.Load().path; got != "/base%2Fd/pg/v1/charge" {
		t.Errorf("asked for %s", got)
	}
	if user, password, is := (&http.Request{Header: *m.lastHeader.Load()}).BasicAuth(); !is || user+" "+password != "user p@:ss" {
		t.Errorf("as %q %q", user, password)
	}
}
