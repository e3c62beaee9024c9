package client

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/loadgen/scenario"
)

func newClient(t *testing.T, url string, timeout time.Duration) *Client {
	t.Helper()
	policy := scenario.Default().Client
	policy.Timeout, policy.MaxIdle = timeout, 100*time.Millisecond
	c, err := New(url, []string{"key-a", "key-b"}, policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestCreate_Request_IsTheContracts(t *testing.T) {
	s := scenario.Default()
	var p scenario.Payment
	for n := 0; !p.Async || len(p.Legs) < 3; n++ {
		p = s.Payment("run", n)
	}
	var got *http.Request
	var body map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(202)
		fmt.Fprint(w, `{"id":"5","status":"ACCEPTED","status_url":"/v1/payments/5"}`)
	}))
	defer server.Close()
	a := newClient(t, server.URL, time.Second).Create(&p, 1)
	sum := sha256.Sum256([]byte(`{"id":"5","status":"ACCEPTED","status_url":"/v1/payments/5"}`))
	if a.Hash != hex.EncodeToString(sum[:8]) {
		t.Errorf("hash %q", a.Hash)
	}
	if !a.Accepted() || a.Final() || a.Again() || a.ID != "5" || a.State != "ACCEPTED" || a.Done.Before(a.Sent) {
		t.Errorf("answer %+v", a)
	}
	for header, want := range map[string]string{
		"Authorization": "Bearer key-" + string("ab"[p.Merchant]), "Idempotency-Key": p.Key, "Prefer": "respond-async", "Content-Type": "application/json",
	} {
		if got.Header.Get(header) != want {
			t.Errorf("%s is %q, want %q", header, got.Header.Get(header), want)
		}
	}
	if parent := got.Header.Get("Traceparent"); !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`).MatchString(parent) {
		t.Errorf("traceparent %q", parent)
	}
	legs := body["legs"].([]any)
	first := legs[0].(map[string]any)
	if got.URL.Path != "/v1/payments" || body["order_id"] != p.Order || body["amount"] != float64(p.Amount) || body["currency"] != "KRW" ||
		len(legs) != 3 || first["means"] != "COUPON" || first["amount"] != float64(p.Legs[0].Amount) || first["token"] != p.Legs[0].Token {
		t.Errorf("%s got %v", got.URL.Path, body)
	}
	if traceparent(&p, 1) == traceparent(&p, 2) || traceparent(&p, 1)[:35] != traceparent(&p, 2)[:35] {
		t.Error("two attempts must be two spans of one trace")
	}
}

func TestAnswer_EachSort_IsUnderstood(t *testing.T) {
	for text, want := range map[string]struct {
		again, accepted, final bool
		fault                  string
	}{
		`201 {"id":"5","order_id":"o","status":"PAID","amount":3}`:                       {false, true, true, ""},
		`201 {"id":"5","order_id":"o","status":"FAILED","reason":"declined","amount":3}`: {false, true, true, ""},
		`200 {"id":"5","order_id":"o","status":"PROCESSING","amount":3}`:                 {false, true, false, ""},
		`200 {"id":"5","order_id":"o","status":"PARTIALLY_CANCELED","amount":3}`:         {false, true, true, ""},
		`201 {"id":"5","order_id":"o","status":"SUCCEEDED","amount":3}`:                  {false, true, false, ""},
		`409 {"type":"https://gazua.example/problems/cancellation-in-progress"}`:         {true, false, false, "409 cancellation-in-progress"},
		`409 {"type":"https://gazua.example/problems/payment-not-paid"}`:                 {true, false, false, "409 payment-not-paid"},
		`409 {"type":"https://gazua.example/problems/payment-failed"}`:                   {false, false, false, "409 payment-failed"},
		`409 {"type":"https://gazua.example/problems/request-in-progress"}`:              {true, false, false, "409 request-in-progress"},
		`409 {"type":"https://gazua.example/problems/order-in-progress"}`:                {false, false, false, "409 order-in-progress"},
		`422 {"type":"https://gazua.example/problems/idempotency-key-reused"}`:           {false, false, false, "422 idempotency-key-reused"},
		`429 {}`: {true, false, false, "429 (no problem body: not the API's own)"},
		`503 {"type":"https://gazua.example/problems/unavailable"}`: {true, false, false, "503 unavailable"},
		`502 <html>`:             {true, false, false, "502 (no problem body: not the API's own)"},
		`201 {"id":"5"}`:         {true, false, false, "garbled"},
		`201 {"id":5,"status":1`: {true, false, false, "garbled"},
	} {
		status, body, _ := strings.Cut(text, " ")
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var code int
			_, _ = fmt.Sscan(status, &code)
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}))
		a := newClient(t, server.URL, time.Second).Read(&scenario.Payment{TraceID: [2]uint64{1, 1}}, "5", 1)
		server.Close()
		_, code := a.Fault()
		if a.Again() != want.again || a.Accepted() != want.accepted || a.Final() != want.final || code != want.fault || a.RetryAfter != 7*time.Second {
			t.Errorf("%s\n got again %v, accepted %v, final %v, fault %q, retry after %v\nwant %+v", text, a.Again(), a.Accepted(), a.Final(), code, a.RetryAfter, want)
		}
	}
}

func TestCancel_Request_IsTheContracts(t *testing.T) {
	s := scenario.Default()
	p := s.Payment("run", 1)
	for _, c := range []struct {
		amount int64
		body   string
	}{{0, "{}"}, {700, `{"amount":700}`}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || r.URL.Path != "/v1/payments/5/cancellations" || string(body) != c.body ||
				r.Header.Get("Idempotency-Key") != p.CancelKey(1) || r.Header.Get("Prefer") != "" {
				t.Errorf("%s %s %v: %s", r.Method, r.URL.Path, r.Header, body)
			}
			w.WriteHeader(201)
			fmt.Fprint(w, `{"payment_id":"5","seq":2,"status":"SUCCEEDED","amount":700,"currency":"KRW","refunds":[]}`)
		}))
		a := newClient(t, server.URL, time.Second).Cancel(&p, "5", p.CancelKey(1), c.amount, 1)
		server.Close()
		if a.End() != "SUCCEEDED" || a.ID != "5" || a.Seq != 2 || a.Amount != 700 || len(a.Hash) != 16 {
			t.Errorf("answer %+v", a)
		}
	}
}

func TestReadCancel_Look_SaysWhereItStands(t *testing.T) {
	for body, want := range map[string]string{
		`{"payment_id":"5","seq":2,"status":"PROCESSING","amount":3}`: "",
		`{"payment_id":"5","seq":2,"status":"FAILED","amount":3}`:     "FAILED",
		`{"payment_id":"5","seq":2,"status":"PAID","amount":3}`:       "",
		`{"id":"5","status":"PAID"}`:                                  "garbled",
		`{"payment_id":"5","status":"SUCCEEDED"}`:                     "garbled",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != "/v1/payments/5/cancellations/2" {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			fmt.Fprint(w, body)
		}))
		a := newClient(t, server.URL, time.Second).ReadCancel(&scenario.Payment{TraceID: [2]uint64{1, 1}}, "5", 2, 1)
		server.Close()
		if got := a.Class + a.End(); got != want || a.Hash != "" {
			t.Errorf("%s\n is understood as %q (%+v), want %q", body, got, a, want)
		}
	}
}

// raw serves connections by hand; it returns the address and the number of requests seen.
func raw(t *testing.T, serve func(n int64, c *net.TCPConn)) (string, *atomic.Int64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	seen := &atomic.Int64{}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				reader := bufio.NewReader(c)
				for {
					request, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					serve(seen.Add(1), c.(*net.TCPConn))
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), seen
}

const whole = "HTTP/1.1 201 Created\r\nContent-Length: 47\r\n\r\n" + `{"id":"5","status":"PAID","amount":3,"x":"yyy"}`

func TestAnswer_None_HasItsClass(t *testing.T) {
	for name, serve := range map[string]func(n int64, c *net.TCPConn){
		"closed by RST": func(_ int64, c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() },
		"closed by FIN": func(_ int64, c *net.TCPConn) { _ = c.Close() },
		"timeout":       func(int64, *net.TCPConn) {},
	} {
		class, _, _ := strings.Cut(name, " ")
		url, _ := raw(t, serve)
		a := newClient(t, url, 200*time.Millisecond).Read(&scenario.Payment{TraceID: [2]uint64{1, 1}}, "5", 1)
		if a.Class != class || !a.Again() {
			t.Errorf("want %s, got %+v", class, a)
		}
	}
	url, _ := raw(t, func(_ int64, c *net.TCPConn) { fmt.Fprint(c, whole[:70]); _ = c.Close() })
	if a := newClient(t, url, time.Second).Read(&scenario.Payment{TraceID: [2]uint64{1, 1}}, "5", 1); a.Class != "closed" {
		t.Errorf("half a body: %+v", a)
	}
	if a := newClient(t, "http://127.0.0.1:1", time.Second).Read(&scenario.Payment{TraceID: [2]uint64{1, 1}}, "5", 1); a.Class != "refused" {
		t.Errorf("nobody listens: %+v", a)
	}
}

// The trap that net/http has: the server dies on a reused connection after it has read the request. The attempt must come
// back as a failed attempt, not be sent a second time behind the journal's back.
func TestCreate_ReusedConnectionDies_IsNotSentAgain(t *testing.T) {
	url, seen := raw(t, func(n int64, c *net.TCPConn) {
		if n == 1 {
			fmt.Fprint(c, whole)
			return
		}
		_ = c.Close()
	})
	c, s := newClient(t, url, time.Second), scenario.Default()
	p := s.Payment("run", 1)
	if a := c.Create(&p, 1); !a.Final() {
		t.Fatalf("the first attempt: %+v", a)
	}
	if a := c.Create(&p, 2); a.Class != "closed" {
		t.Errorf("the second attempt: %+v", a)
	}
	if n := seen.Load(); n != 2 {
		t.Errorf("2 attempts were made, the server saw %d", n)
	}
}

func TestNew_AddressThatIsNone_IsRefused(t *testing.T) {
	for _, target := range []string{"", "localhost", "ftp://x", "http://", "://"} {
		if _, err := New(target, nil, scenario.Default().Client); err == nil {
			t.Errorf("%q was taken", target)
		}
	}
}

// Names of headers have no case (RFC 9110, 5.1), and a balancer may write them in small letters.
func TestAnswer_HeadersInSmallLetters_AreRead(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			t.Error(err)
		}
		body := `{"id":"5","status":"PAID"}`
		fmt.Fprintf(conn, "HTTP/1.1 201 Created\r\nidempotent-replayed: true\r\nretry-after: 3\r\ncontent-length: %d\r\n\r\n%s", len(body), body)
	}()
	s := scenario.Default()
	p := s.Payment("run", 1)
	a := newClient(t, "http://"+listener.Addr().String(), time.Second).Create(&p, 1)
	if !a.Replayed || a.RetryAfter != 3*time.Second {
		t.Errorf("answer %+v", a)
	}
}
