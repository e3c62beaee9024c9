package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

func TestMain(m *testing.M) {
	// fasthttp, which the mock PG is made of, keeps one goroutine for the whole process: it writes the Date header's text.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// means is a server written by hand: it counts every byte and every whole request that it gets, and does with the
// connection what the test wants.
type means struct {
	listener       net.Listener
	bytes          atomic.Int64
	requests       atomic.Int64
	connections    atomic.Int64
	lastHeader     atomic.Pointer[http.Header]
	lastRequest    atomic.Pointer[sent]
	all            sync.WaitGroup
	mu             sync.Mutex // guards open
	open           []net.Conn
	answer         func(conn net.Conn, nth int64) (goOn bool)
	beforeRequests func(conn net.Conn) (goOn bool)
}

// sent is what a request asked for.
type sent struct{ path, body string }

// serve starts a server that calls answer after each request; goOn: read the next one from this connection.
func serve(t *testing.T, answer func(conn net.Conn, nth int64) (goOn bool)) *means {
	t.Helper()
	m := &means{answer: answer}
	m.start(t)
	return m
}

func (m *means) start(t *testing.T) {
	t.Helper()
	var err error
	if m.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	m.all.Go(m.accept)
	t.Cleanup(func() {
		_ = m.listener.Close()
		m.hangUp()
		m.all.Wait()
	})
}

func (m *means) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return
		}
		m.connections.Add(1)
		m.mu.Lock()
		m.open = append(m.open, conn)
		m.mu.Unlock()
		m.all.Go(func() { m.talk(conn) })
	}
}

func (m *means) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if m.beforeRequests != nil && !m.beforeRequests(conn) {
		return
	}
	reader := bufio.NewReader(counting{conn, &m.bytes})
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		m.lastHeader.Store(&request.Header)
		m.lastRequest.Store(&sent{request.RequestURI, string(body)})
		if !m.answer(conn, m.requests.Add(1)) {
			return
		}
	}
}

// hangUp closes every connection, as a means does with idle ones.
func (m *means) hangUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, conn := range m.open {
		_ = conn.Close()
	}
	m.open = nil
}

func (m *means) url() string { return "http://" + m.listener.Addr().String() }

type counting struct {
	net.Conn
	bytes *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

// send writes a whole HTTP answer and keeps the connection.
func send(status int, body string) func(net.Conn, int64) bool {
	return func(conn net.Conn, _ int64) bool {
		_, err := fmt.Fprintf(conn, "HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
		return err == nil
	}
}

// raw writes what it is given and hangs up.
func raw(text string) func(net.Conn, int64) bool {
	return func(conn net.Conn, _ int64) bool {
		_, _ = io.WriteString(conn, text)
		return false
	}
}

// silent answers nothing until the client leaves.
func silent(conn net.Conn, _ int64) bool {
	_, _ = io.Copy(io.Discard, conn)
	return false
}

// reset ends the connection with a TCP RST.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

const timeout = 250 * time.Millisecond

func connect(t *testing.T, url string, change ...func(*gateway.Options)) *gateway.Gateway {
	t.Helper()
	o := gateway.Options{
		URLs:    map[payment.Means][]string{payment.PG: {url}, payment.Point: {url}, payment.Coupon: {url}},
		Timeout: timeout, ReservationTTL: time.Minute, Bulkhead: 8, ControlCalls: 2, BulkheadWait: 10 * time.Millisecond,
		Breaker: gateway.BreakerOptions{Window: 10 * time.Second, Failures: 0.5, Volume: 1000, Open: 100 * time.Millisecond, Probes: 2},
	}
	for _, c := range change {
		c(&o)
	}
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

// call is one for the only leg of payment 7: reference 7.1, 20,000 won.
func call(op payment.Op, by payment.Means) payment.Call {
	p := &payment.Payment{
		ID: 7, Merchant: 1, Order: "o-1", Price: payment.Money{Amount: 20_000, Currency: "KRW"}, State: payment.Processing,
		Legs: []payment.Leg{{Seq: 1, Means: by, Amount: 20_000, State: payment.Pending, Token: "tok"}},
	}
	return payment.Call{Op: op, Payment: p, Leg: &p.Legs[0]}
}

func charge() payment.Call { return call(payment.Charge, payment.PG) }

func expect(t *testing.T, got payment.Reply, result payment.Result, code string) {
	t.Helper()
	if got.Result != result || got.Code != code {
		t.Errorf("got result %d code %q, want result %d code %q", got.Result, got.Code, result, code)
	}
}

// eventually polls until it is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

const approved = `{"result":"approved","reference":"7.1","transaction_id":"t-1","amount":20000,"currency":"KRW","booked_at":"2026-03-01T00:00:00.5Z"}`
