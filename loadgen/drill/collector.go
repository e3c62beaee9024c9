package drill

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// collector takes what the stack's programs export by OTLP over HTTP, and remembers who sent its metrics when.
type collector struct {
	server *http.Server
	url    string

	mu   sync.Mutex // guards what follows
	sent map[string]time.Time
}

// largestExport is far above what one of our programs sends at a time.
const largestExport = 16 << 20

// collect starts one for the programs of a drill that wants it.
func (d Drill) collect(environment map[string]string) (*collector, error) {
	if !d.Collected {
		return nil, nil
	}
	c, err := startCollector()
	if err == nil {
		environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = c.url
	}
	return c, err
}

func startCollector() (*collector, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &collector{url: "http://" + listener.Addr().String(), sent: map[string]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/metrics", c.metrics)
	mux.HandleFunc("POST /v1/traces", func(http.ResponseWriter, *http.Request) {})
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = c.server.Serve(listener) }() // ends with Close
	return c, nil
}

// metrics finds who it is by the name in the resource's attributes: a string stands in protobuf as it is.
func (c *collector) metrics(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, largestExport))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range taught {
		if bytes.Contains(body, []byte(name)) {
			c.sent[name] = time.Now()
		}
	}
}

// last is when a process sent its metrics last.
func (c *collector) last(name string) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.sent[name]
	return at, ok
}

// Close ends it.
func (c *collector) Close() error {
	if c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := c.server.Shutdown(ctx); err != nil {
		return c.server.Close()
	}
	return nil
}
