package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// shortOfFiles is a listener that is out of files at first.
type shortOfFiles struct {
	net.Listener
	was bool
}

func (s *shortOfFiles) Accept() (net.Conn, error) {
	if !s.was {
		s.was = true
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return s.Listener.Accept()
}

func TestServe_OutOfFiles_ServesOn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(&fakeDomain{}, NewKeys(twoMerchants), Options{MaxInFlight: 1, BodyLimit: 4 << 10, HeaderLimit: 4 << 10, WorkDeadline: time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a.app.Server().MaxIdleWorkerDuration = 50 * time.Millisecond // its sweeper sleeps this long before it sees the end
	served := make(chan error, 1)
	go func() { served <- a.Serve(&shortOfFiles{Listener: listener}) }()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + listener.Addr().String() + "/openapi.yaml")
	if err != nil {
		t.Errorf("it does not serve any more: %v", err)
	} else if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s, %v", answer.Status, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(a.StopAccepting(ctx), a.Finish(ctx), <-served); err != nil {
		t.Error(err)
	}
}
