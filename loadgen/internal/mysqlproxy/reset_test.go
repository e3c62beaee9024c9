package mysqlproxy

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// pair is a client of the proxy and the server that it reaches, both played by the test.
func pair(t *testing.T) (p *Proxy, client, server *net.TCPConn) {
	t.Helper()
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if p, err = Start(t.Context(), "127.0.0.1:0", target.Addr().String(), 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	dialed, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	taken, err := target.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{dialed, taken} {
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	return p, dialed.(*net.TCPConn), taken.(*net.TCPConn)
}

func write(t *testing.T, to net.Conn, b []byte) {
	t.Helper()
	if _, err := to.Write(b); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, from net.Conn, n int) {
	t.Helper()
	if _, err := io.ReadFull(from, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

// Not a byte of the COMMIT reaches the server, and the client is cut with an RST, not with an end that looks in order.
func TestCut_Before_NothingReachesTheServer_AndTheClientIsReset(t *testing.T) {
	p, client, server := pair(t)
	hello, insert := greeting(deprecateEOF), made(0, "\x03INSERT")
	p.CutNext(1, Before)
	write(t, client, joined(hello, insert, made(0, "\x03COMMIT")))
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client sees %v", err)
	}
	if came, err := io.ReadAll(server); err != nil || len(came) != len(hello)+len(insert) {
		t.Errorf("the server got %d bytes, %v", len(came), err)
	}
}

// The answer comes in pieces: not one of them reaches the client, and it is not cut before the last is there.
func TestCut_After_IsNotBeforeTheWholeAnswer(t *testing.T) {
	p, client, server := pair(t)
	hello, commit := greeting(deprecateEOF), made(0, "\x03INSERT;COMMIT")
	p.CutNext(1, After)
	write(t, client, joined(hello, commit))
	read(t, server, len(hello)+len(commit))
	write(t, server, joined(okMore, ok[:5]))
	if err := client.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); n > 0 || !isTimeout(err) {
		t.Errorf("with half of the answer there the client sees %d bytes, %v", n, err)
	}
	if c := p.Counts(); c.After != 0 {
		t.Errorf("%+v", c)
	}
	write(t, server, ok[5:])
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); n > 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client sees %d bytes, %v", n, err)
	}
	if c := p.Counts(); c.After != 1 {
		t.Errorf("%+v", c)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// Without a fault the proxy ends a connection as the side did that ended it.
func TestLink_EndsAsItsOtherSideDid(t *testing.T) {
	_, client, server := pair(t)
	write(t, server, ok)
	server.Close()
	if b, err := io.ReadAll(client); err != nil || len(b) != len(ok) {
		t.Errorf("the server said good-bye, the client sees %d bytes, %v", len(b), err)
	}
	_, client, server = pair(t)
	write(t, server, ok)
	read(t, client, len(ok))
	reset(server)
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server was killed, the client sees %v", err)
	}
	_, client, server = pair(t)
	write(t, client, greeting(0))
	client.Close()
	if b, err := io.ReadAll(server); err != nil || len(b) != len(greeting(0)) {
		t.Errorf("the client has left, the server sees %d bytes, %v", len(b), err)
	}
}
