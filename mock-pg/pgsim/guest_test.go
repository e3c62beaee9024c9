package pgsim_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

func (m *mock) dial() net.Conn {
	m.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(m.server.URL(), "http://"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// A pool of connections dials more than it needs, and uses the rest later.
func TestGuest_ANewConnectionMayBeIdleLongerThanARequestMayTake(t *testing.T) {
	m := start(t, pgsim.Options{ReadTimeout: 30 * time.Millisecond, IdleTimeout: time.Minute})
	conn := m.dial()
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("before anything was sent: %d bytes, %v", n, err)
	}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	text := body("1.1", "tok")
	if _, err := fmt.Fprintf(conn, "POST /pg/v1/charge HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %v", res, err)
	}
}

func TestGuest_ARequestThatStopsHalfWayIsTooSlow(t *testing.T) {
	m := start(t, pgsim.Options{ReadTimeout: 30 * time.Millisecond, IdleTimeout: time.Minute})
	conn := m.dial()
	if _, err := fmt.Fprint(conn, "POST /pg/v1/charge HTTP/1.1\r\nHost: m\r\nContent-Length: 10\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 400 {
		t.Fatalf("%v, %v", res, err)
	}
}

func TestGuest_WhoNeverSaysAWordIsHungUpOnWithoutOne(t *testing.T) {
	m := start(t, pgsim.Options{IdleTimeout: 30 * time.Millisecond})
	if got, err := io.ReadAll(m.dial()); len(got) != 0 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
