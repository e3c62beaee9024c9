package gateway_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

func TestCharge_ConnectionRefused_IsNotProcessed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	_ = listener.Close()
	expect(t, connect(t, url).Do(t.Context(), charge()), payment.NotProcessed, "not-connected")
}

func TestCharge_GivenUpBeforeItBegan_IsNotProcessed(t *testing.T) {
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	m := serve(t, send(200, approved))
	if got := connect(t, m.url()).Do(expired, charge()); got.Result != payment.NotProcessed || m.bytes.Load() != 0 {
		t.Errorf("given up before it began: result %d, the means saw %d bytes", got.Result, m.bytes.Load())
	}
}

// Whether a reset comes before or after the bytes were read nobody can tell from here: the body was taken.
func TestCharge_ResetBeforeTheRequestIsRead_IsUnclear(t *testing.T) {
	m := &means{answer: send(200, approved), beforeRequests: func(conn net.Conn) bool {
		_, _ = conn.Read(make([]byte, 1))
		reset(conn)
		return false
	}}
	m.start(t)
	if got := connect(t, m.url()).Do(t.Context(), charge()); got.Result != payment.Unclear {
		t.Errorf("result %d", got.Result)
	}
}

func TestCharge_SendByPassed_NotAByteGoesOut(t *testing.T) {
	late := charge()
	late.SendBy = time.Now().Add(-time.Millisecond)
	t.Run("new connection", func(t *testing.T) {
		m := serve(t, send(200, approved))
		g := connect(t, m.url())
		expect(t, g.Do(t.Context(), late), payment.TooLate, "send-by")
		hearNothing(t, g, m, 0)
	})
	t.Run("pooled connection", func(t *testing.T) {
		m := serve(t, send(200, approved))
		g := connect(t, m.url())
		expect(t, g.Do(t.Context(), charge()), payment.Done, "")
		before := m.bytes.Load()
		expect(t, g.Do(t.Context(), late), payment.TooLate, "send-by")
		hearNothing(t, g, m, before)
	})
	t.Run("headers larger than a write buffer", func(t *testing.T) {
		otel.SetTextMapPropagator(propagation.TraceContext{})
		m := serve(t, send(200, approved))
		g := connect(t, m.url())
		expect(t, g.Do(traced(t, largeState(t)), late), payment.TooLate, "send-by")
		hearNothing(t, g, m, 0)
	})
	t.Run("it passes while the call waits for its place", func(t *testing.T) {
		m := serve(t, send(200, approved))
		g := connect(t, m.url(), func(o *gateway.Options) { o.Bulkhead, o.BulkheadWait = 1, timeout })
		slow := make(chan struct{})
		m.answer = func(conn net.Conn, n int64) bool { <-slow; return send(200, approved)(conn, n) }
		first := make(chan payment.Reply)
		go func() { first <- g.Do(t.Context(), charge()) }()
		eventually(t, "the first call is at the means", func() bool { return m.requests.Load() == 1 })
		before := m.bytes.Load()
		soon := charge()
		soon.SendBy = time.Now().Add(20 * time.Millisecond)
		time.AfterFunc(60*time.Millisecond, func() { close(slow) })
		expect(t, g.Do(t.Context(), soon), payment.TooLate, "send-by")
		expect(t, <-first, payment.Done, "")
		hearNothing(t, g, m, before)
	})
}

// hearNothing ends every connection, from our side so that all that was sent is read before the end, and then knows how many
// bytes ever came.
func hearNothing(t *testing.T, g *gateway.Gateway, m *means, before int64) {
	t.Helper()
	_ = m.listener.Close()
	g.Close()
	m.all.Wait()
	if got := m.bytes.Load(); got != before {
		t.Errorf("the means got %d bytes of a call that was not to be sent", got-before)
	}
}

func TestInquiry_HasNoSendBy(t *testing.T) {
	m := serve(t, send(200, `{"result":"not_found","reference":"7.1"}`))
	expect(t, connect(t, m.url()).Do(t.Context(), call(payment.Inquiry, payment.PG)), payment.NotFound, "")
}

// The means closes a connection at the very moment at which we send on it: nothing may send again by itself, since nobody
// knows whether the first one was worked on.
func TestCharge_OnAPooledConnectionThatDies_IsNeverSentTwice(t *testing.T) {
	for name, dies := range map[string]func(net.Conn){"closed": func(c net.Conn) { _ = c.Close() }, "reset": reset} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, dyingAtTheSecond(dies))
			g := connect(t, m.url())
			expect(t, g.Do(t.Context(), charge()), payment.Done, "")
			if got := g.Do(t.Context(), charge()); got.Result != payment.Unclear {
				t.Errorf("result %d, want Unclear", got.Result)
			}
			if n, conns := m.requests.Load(), m.connections.Load(); n != 2 || conns != 1 {
				t.Errorf("the means got %d requests over %d connections, want 2 over 1", n, conns)
			}
		})
	}
}

// The control of the test above: with a body that can be rewound and an Idempotency-Key header net/http does replay the
// POST. So the client is our own and has no way to send twice, and the reference rides in the body.
func TestControl_NetHTTPReplaysAPostWithAnIdempotencyKey(t *testing.T) {
	m := serve(t, dyingAtTheSecond(func(c net.Conn) { _ = c.Close() }))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range 2 {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url(), strings.NewReader("{}")) // sets GetBody
		request.Header.Set("Idempotency-Key", "7.1")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if n := m.requests.Load(); n != 3 {
		t.Errorf("the means got %d requests for two; this control no longer shows the trap", n)
	}
}

func dyingAtTheSecond(dies func(net.Conn)) func(net.Conn, int64) bool {
	return func(conn net.Conn, nth int64) bool {
		if nth == 2 {
			dies(conn)
			return false
		}
		return send(200, approved)(conn, nth)
	}
}

// A connection that died while it was idle is noticed, or the call on it stays definite or unclear; afterwards the next
// one goes over a new connection.
func TestCharge_AfterIdleConnectionsWereClosed_GoesOverANewOne(t *testing.T) {
	m := serve(t, send(200, approved))
	g := connect(t, m.url())
	expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	m.hangUp()
	eventually(t, "a charge goes through again", func() bool { return g.Do(t.Context(), charge()).Result == payment.Done })
	if n := m.connections.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestDo_ManyCalls_ReuseTheirConnections(t *testing.T) {
	m := serve(t, send(200, approved))
	g := connect(t, m.url())
	for range 50 {
		expect(t, g.Do(t.Context(), charge()), payment.Done, "")
	}
	if n := m.connections.Load(); n != 1 {
		t.Errorf("50 calls one after another used %d connections", n)
	}
}

func TestDo_TraceContextGoesOut_AndNoIdempotencyKey(t *testing.T) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	m := serve(t, send(200, approved))
	expect(t, connect(t, m.url()).Do(traced(t, trace.TraceState{}), charge()), payment.Done, "")
	header := *m.lastHeader.Load()
	if got := header.Get("Traceparent"); !strings.HasPrefix(got, "00-01000000000000000000000000000000-") {
		t.Errorf("traceparent %q", got)
	}
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if header.Get(name) != "" {
			t.Errorf("%s went out", name)
		}
	}
}

func traced(t *testing.T, state trace.TraceState) context.Context {
	return trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true,
	}))
}

// largeState is a trace state as large as a client can send it.
func largeState(t *testing.T) trace.TraceState {
	var state trace.TraceState
	for i := range 28 {
		var err error
		if state, err = state.Insert("vendor"+string(rune('a'+i%26))+string(rune('a'+i/26)), strings.Repeat("v", 250)); err != nil {
			t.Fatal(err)
		}
	}
	return state
}
