package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// sink is a collector that takes everything that OTLP over HTTP brings and keeps nothing. What it costs is this process's.
type sink struct {
	url    string
	server *http.Server
	got    atomic.Int64 // requests
}

func startSink() (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for telemetry: %w", err)
	}
	s := &sink{url: "http://" + listener.Addr().String()}
	s.server = &http.Server{Handler: http.HandlerFunc(s.take), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // until stop
	return s, nil
}

// maxBatch bounds what one request may bring; a batch of 512 spans has some 200 KiB.
const maxBatch = 16 << 20

// take answers 200 with no body: an empty message of protobuf, which is what a collector says when it took all.
func (s *sink) take(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBatch))
	s.got.Add(1)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (s *sink) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close() // the programs that still send have been told to end
	}
}
