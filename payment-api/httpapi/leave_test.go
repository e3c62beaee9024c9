package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/payment-api/payment"
)

// held is a domain whose payments wait for the gate.
func held(gate chan struct{}) *fakeDomain {
	return &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		<-gate
		return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7}, nil
	}}
}

// dial opens a connection that keeps what it is told.
func (d *door) dial() net.Conn {
	d.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// ends says that the other side closed the connection, without a word.
func ends(conn net.Conn) bool {
	_, err := conn.Read(make([]byte, 1))
	return err != nil && (errors.Is(err, io.EOF) || strings.Contains(err.Error(), "reset by peer"))
}

// While the balancer notices, everything is served as before; only each answer says that its connection is over, also those
// to requests that were in flight, to what is refused, and to what is no request at all.
func TestFarewell_AllIsServed_AndEveryAnswerClosesItsConnection(t *testing.T) {
	gate := make(chan struct{})
	d := open(t, held(gate))
	if got := d.get("/v1/payments/x", "key-1"); got.close {
		t.Error("an answer closes its connection before the farewell")
	}
	answered := make(chan reply)
	go func() { answered <- d.post(good) }()
	eventually(t, func() bool { return d.domain.count() == 1 })
	d.api.Farewell()
	close(gate)
	for what, got := range map[string]reply{
		"in flight":    <-answered,
		"a payment":    d.post(good, with("Idempotency-Key", "another")),
		"a status":     d.get("/v1/payments/7", "key-1"),
		"refused":      d.get("/v1/payments/7", "no key"),
		"not there":    d.get("/nowhere", "key-1"),
		"the promise":  d.get("/openapi.yaml", "key-1"),
		"a method":     d.raw(nil, "BREW /v1/payments HTTP/1.1\r\nHost: x\r\n\r\n"),
		"no request":   d.raw(nil, "GET / HTTP/1.1\r\nHost x\r\n\r\n"),
		"beyond bound": d.raw(nil, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 8<<10)+"\r\n\r\n"),
	} {
		if !got.close {
			t.Errorf("%s: %d keeps its connection", what, got.status)
		}
		if strings.HasPrefix(what, "a payment") && got.status != 201 || what == "in flight" && got.status != 201 {
			t.Errorf("%s: %d", what, got.status)
		}
	}
}

func TestStopAccepting_NobodyComesIn_AndWhoIsInsideIsServed(t *testing.T) {
	gate := make(chan struct{})
	d := open(t, held(gate))
	d.get("/v1/payments/x", "key-1") // a kept-alive connection without a request
	idle := d.dial()
	if _, err := io.WriteString(idle, "GET /v1/payments/x HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := http.ReadResponse(bufio.NewReader(idle), nil); err != nil {
		t.Fatal(err)
	}
	answered := make(chan reply)
	go func() { answered <- d.post(good) }()
	eventually(t, func() bool { return d.domain.count() == 1 && d.api.Requests() == 1 })
	d.api.Farewell()
	if err := d.api.StopAccepting(t.Context()); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://")); err == nil {
		conn.Close()
		t.Error("the port still takes connections")
	}
	finished := make(chan error, 1)
	go func() { finished <- d.api.Finish(t.Context()) }()
	if !ends(idle) {
		t.Error("a connection without a request stays")
	}
	select {
	case err := <-finished:
		t.Errorf("it ended under a request in flight: %v", err)
		finished <- err
	case <-time.After(10 * finishLook):
	}
	if n := d.api.Requests(); n != 1 {
		t.Errorf("%d requests in flight, want the one", n)
	}
	close(gate)
	if got := <-answered; got.status != 201 || !got.close {
		t.Errorf("the request in flight got %d, closing: %t", got.status, got.close)
	}
	if err := <-finished; err != nil || d.api.Requests() != 0 {
		t.Errorf("%v, %d requests", err, d.api.Requests())
	}
	if err := d.api.StopAccepting(t.Context()); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestFinish_GivesUpWithItsContext_AndSaysHowManyAreLeft(t *testing.T) {
	gate := make(chan struct{})
	d := open(t, held(gate))
	answered := make(chan reply, 2)
	for _, key := range []string{"one", "two"} {
		go func() { answered <- d.post(good, with("Idempotency-Key", key)) }()
	}
	eventually(t, func() bool { return d.domain.count() == 2 })
	if err := d.api.StopAccepting(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*finishLook)
	defer cancel()
	if err := d.api.Finish(ctx); !errors.Is(err, context.DeadlineExceeded) || d.api.Requests() != 2 {
		t.Errorf("%v, %d requests, want 2", err, d.api.Requests())
	}
	close(gate)
	for range 2 {
		if got := <-answered; got.status != 201 {
			t.Errorf("what it gave up waiting for got %d", got.status)
		}
	}
}

// A request whose first byte came before the end is read and answered; a connection that never sends anything does not hold
// up the end for longer than its moment.
func TestFinish_WhatBeganIsRead_AndWhoIsSilentIsNotWaitedFor(t *testing.T) {
	d := open(t, &fakeDomain{}, func(o *Options, _ *ReadKeys) { o.ReadTimeout = 10 * time.Second })
	slow, silent := d.dial(), d.dial()
	text := "GET /v1/payments/7 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\n\r\n"
	if _, err := io.WriteString(slow, text[:20]); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return d.api.Requests() == 1 })
	d.api.Farewell()
	if err := d.api.StopAccepting(t.Context()); err != nil {
		t.Fatal(err)
	}
	began, finished := time.Now(), make(chan error, 1)
	go func() { finished <- d.api.Finish(t.Context()) }()
	if !ends(silent) {
		t.Error("it was silent and stays")
	}
	if took := time.Since(began); took > firstByte+time.Second {
		t.Errorf("a silent connection was waited for %s", took)
	}
	if _, err := io.WriteString(slow, text[20:]); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil || answer.StatusCode != 200 || !answer.Close {
		t.Errorf("the request that had begun got %+v, %v", answer, err)
	}
	if err := <-finished; err != nil {
		t.Error(err)
	}
}

// A program that is told to stop before its server runs does not serve afterwards.
func TestStopAccepting_BeforeItServes(t *testing.T) {
	api, err := New(&fakeDomain{}, NewKeys(twoMerchants), Options{MaxInFlight: 1, MaxWaiting: 1, MerchantRate: 1, MerchantBurst: 1, BodyLimit: 1024, HeaderLimit: 4096}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(api.StopAccepting(t.Context()), api.Finish(t.Context())); err != nil {
		t.Error(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Serve(listener); err != nil {
		t.Error(err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}

// broken is a listener whose Accept fails.
type broken struct{ net.Listener }

func (b broken) Accept() (net.Conn, error) { return nil, errors.New("accept: too many open files") }

func TestServe_TheListenerDies_ItSaysSo(t *testing.T) {
	d := open(t, &fakeDomain{})
	other, err := New(&fakeDomain{}, NewKeys(twoMerchants), d.api.options, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	other.app.Server().MaxIdleWorkerDuration = 50 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Serve(broken{listener}); err == nil || !strings.Contains(err.Error(), "too many open files") {
		t.Errorf("err = %v", err)
	}
	if err := errors.Join(other.StopAccepting(t.Context()), other.Finish(t.Context())); err != nil {
		t.Errorf("the steps behind it: %v", err)
	}
}

// The hook sees each connection's states in the order in which the server goes through them.
func TestConnections_CountsRequests_AndClosesWhatHasNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConnections()
		type wire struct {
			net.Conn
			there net.Conn
		}
		connect := func(states ...fasthttp.ConnState) *wire {
			here, there := net.Pipe()
			w := &wire{here, there}
			for _, s := range states {
				c.moved(w, s)
			}
			return w
		}
		open := func(w *wire) bool {
			_ = w.there.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := w.there.Read(make([]byte, 1))
			return !errors.Is(err, io.EOF)
		}
		fresh, busy := connect(fasthttp.StateNew), connect(fasthttp.StateNew, fasthttp.StateActive)
		idle := connect(fasthttp.StateNew, fasthttp.StateActive, fasthttp.StateIdle)
		again := connect(fasthttp.StateNew, fasthttp.StateActive, fasthttp.StateIdle, fasthttp.StateActive)
		c.moved(connect(fasthttp.StateNew, fasthttp.StateActive), fasthttp.StateClosed)
		c.moved(connect(fasthttp.StateNew), fasthttp.StateClosed)
		if n := c.requests(); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
		if n := c.closeIdle(time.Now()); n != 4 || !open(fresh) || !open(busy) || !open(again) || open(idle) {
			t.Errorf("of %d: new %t, busy %t, again %t, idle %t", n, open(fresh), open(busy), open(again), open(idle))
		}
		time.Sleep(firstByte)
		if c.closeIdle(time.Now()); open(fresh) || !open(busy) {
			t.Errorf("new %t, busy %t", open(fresh), open(busy))
		}
		for _, w := range []*wire{fresh, busy, idle, again} {
			c.moved(w, fasthttp.StateClosed)
		}
		if c.requests() != 0 || c.closeIdle(time.Now()) != 0 {
			t.Errorf("%d requests, %d connections", c.requests(), len(c.all))
		}
	})
}
