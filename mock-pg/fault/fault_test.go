package fault_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/mock-pg/fault"
)

// connect returns both ends of a real connection.
func connect(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = dialled.Close(), accepted.Close() })
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}

func TestReset_TheClientReadsConnectionResetByPeer(t *testing.T) {
	client, server := connect(t)
	fault.Reset{}.Spoil(fault.Answer{}).TakeOver(server)
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client read %v, want ECONNRESET", err)
	}
}

func TestSilent_NothingComes_UntilTheClientLeaves(t *testing.T) {
	client, server := connect(t)
	over := make(chan struct{})
	go func() {
		fault.Silent{Bound: time.Minute}.Spoil(fault.Answer{Status: 200, Body: []byte("{}")}).TakeOver(server)
		close(over)
	}()
	_ = client.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client read %d bytes and %v, want nothing and its own time-out", n, err)
	}
	_ = client.Close()
	wait(t, over)
}

func TestSilent_APatientClientIsHungUpOnAtTheBound(t *testing.T) {
	client, server := connect(t)
	over := make(chan struct{})
	go func() {
		fault.Silent{Bound: 20 * time.Millisecond}.Spoil(fault.Answer{}).TakeOver(server)
		close(over)
	}()
	_ = client.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the client read %v, want EOF", err)
	}
	wait(t, over)
}

func TestNames_AreSorted_AndEachFindsItsKind(t *testing.T) {
	names := fault.Names()
	if got := strings.Join(names, " "); got != "429 4xx 5xx already amount currency drip fin garbage half huge length redirect reference reset silent" {
		t.Errorf("faults are %q", got)
	}
	for _, name := range names {
		kind, ok := fault.ByName(name)
		if f, err := kind.New(""); !ok || kind.Name != name || f == nil || err != nil {
			t.Errorf("%s is listed; found %t, makes %v, %v", name, ok, f, err)
		}
	}
	if _, ok := fault.ByName(""); ok {
		t.Error("there is a fault without a name")
	}
}

func TestWire_IsACompleteHTTPAnswer(t *testing.T) {
	got := string(fault.Answer{Status: 429, Header: []fault.Field{{Name: "Retry-After", Value: "3"}}, Body: []byte(`{"a":1}`)}.Wire())
	want := "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nConnection: close\r\nRetry-After: 3\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
	if got != want {
		t.Errorf("got %q", got)
	}
}

func wait(t *testing.T, over chan struct{}) {
	t.Helper()
	select {
	case <-over:
	case <-time.After(5 * time.Second):
		t.Fatal("the fault still holds the connection")
	}
}
