package gateway

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

func addressOf(t *testing.T, text string) *url.URL {
	t.Helper()
	to, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// Connections that are not needed any more end by themselves, and one that is used again and again stays.
func TestPool_ClosesWhatIsIdleForTooLong(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ended := make(chan struct{})
	go func() {
		for range 3 {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
				ended <- struct{}{}
			}()
		}
	}()
	p := newPool(addressOf(t, "http://"+listener.Addr().String()))
	p.idleFor = 20 * time.Millisecond
	var all []*connection
	for range 3 {
		c, err := p.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all {
		p.giveBack(c)
	}
	for range 3 {
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("an idle connection stays for ever")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) != 0 || p.sweep != nil {
		t.Errorf("%d are idle and closed", len(p.idle))
	}
}

// The one used last goes first: the others get old, and end.
func TestPool_TakesTheOneUsedLast(t *testing.T) {
	m := httptest.NewServer(http.NotFoundHandler())
	defer m.Close()
	p := newPool(addressOf(t, m.URL))
	defer p.close()
	first, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.giveBack(first)
	p.giveBack(second)
	if c, err := p.take(t.Context()); err != nil || c != second {
		t.Errorf("another one, err = %v", err)
	}
	p.giveBack(second)
}

func TestPool_Secret(t *testing.T) {
	m := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append([]byte(r.URL.Path+" "), body...))
	}))
	defer m.Close()
	to := addressOf(t, m.URL)
	if c, err := newPool(to).take(t.Context()); err == nil {
		c.Close()
		t.Fatal("a certificate that nobody vouches for was taken")
	}
	p := newPool(to)
	p.dial = dialer(to, &tls.Config{RootCAs: m.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
	defer p.close()
	var only *connection
	for range 3 {
		c, err := p.take(t.Context())
		if err != nil || only != nil && c != only {
			t.Fatalf("a connection for each call, err = %v", err)
		}
		only = c
		c.build(t.Context(), headOf(to, "PG", "charge"), "key", []byte("{}"))
		status, body, _, err := c.exchange(t.Context(), time.Time{})
		if err != nil || status != 200 || string(body) != "/pg/v1/charge {}" {
			t.Fatalf("%d %q, err = %v", status, body, err)
		}
		p.giveBack(c)
	}
}

// One write, so that a request is whole or not at all; what it looks like, byte by byte.
func TestBuild_IsWhatGoesOut(t *testing.T) {
	c := &connection{}
	for range 2 { // the room is used again
		c.build(context.Background(), headOf(addressOf(t, "http://means:81/x"), "POINT", "reserve"), "gz1.w", []byte(`{"a":1}`))
		want := "POST /x/point/v1/reserve HTTP/1.1\r\nHost: means:81\r\nUser-Agent: gazua\r\nContent-Type: application/json\r\nRoute-Key: gz1.w\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
		if got := string(c.request); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
}

func TestPortOf(t *testing.T) {
	for address, want := range map[string]string{"http://a": "80", "https://a": "443", "http://a:7": "7", "https://[::1]:8": "8"} {
		if got := portOf(addressOf(t, address)); got != want {
			t.Errorf("%s: port %s, want %s", address, got, want)
		}
	}
}

func TestBuild_AValueOfTwoLines_IsLeftOut(t *testing.T) {
	c := &connection{}
	c.build(context.Background(), "POST / HTTP/1.1\r\n", "a\r\nIdempotency-Key: b", nil)
	if got := string(c.request); got != "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" {
		t.Errorf("%q", got)
	}
}
