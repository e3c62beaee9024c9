package failures_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wall stands between the API and a server: it lets everything through, later or not at all.
type wall struct {
	address, to string
	delay       atomic.Int64 // nanoseconds, of what the server sends

	mu       sync.Mutex // guards the rest
	listener net.Listener
	open     []net.Conn
}

func build(t *testing.T, to string) *wall {
	t.Helper()
	w := &wall{address: freeAddress(t), to: to}
	w.up(t)
	t.Cleanup(w.down)
	return w
}

// up lets through; down ends all connections and refuses new ones, as a server does that is not there.
func (w *wall) up(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.listener = listener
	w.mu.Unlock()
	go func() { // until down
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.join(conn)
		}
	}()
}

func (w *wall) down() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.listener.Close()
	for _, conn := range w.open {
		_ = conn.Close()
	}
	w.open = nil
}

func (w *wall) join(client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = client.Close()
		return
	}
	w.mu.Lock()
	w.open = append(w.open, client, server)
	w.mu.Unlock()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	defer client.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		time.Sleep(time.Duration(w.delay.Load()))
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}
