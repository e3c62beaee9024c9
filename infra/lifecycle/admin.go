package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"
)

// Admin serves what operators and the balancer ask: /livez, /readyz, /metrics, /debug/pprof and /debug/profiling, on a port
// of its own, so that a full public port never hides the program's health.
type Admin struct {
	server  *http.Server
	address string
	leaving atomic.Bool
}

// StartAdmin listens on addr. ready says why the program cannot serve now, or nil.
func StartAdmin(addr string, ready func() error, metrics http.Handler) (*Admin, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for admin requests on %s: %w", addr, err)
	}
	a := &Admin{address: listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "live") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		err := ready()
		if a.leaving.Load() {
			err = errors.New("shutting down")
		}
		if err != nil {
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("POST /debug/profiling", &profiling{})
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = a.server.Serve(listener) }() // ends with Stop
	return a, nil
}

// Addr is where it listens, host:port.
func (a *Admin) Addr() string { return a.address }

// Leave makes /readyz answer 503 from now on, so that the balancer sends nothing new.
func (a *Admin) Leave() { a.leaving.Store(true) }

// Stop closes the admin port; the last phase, so that a shutdown can be watched.
func (a *Admin) Stop(ctx context.Context) error {
	if err := a.server.Shutdown(ctx); err != nil {
		return a.server.Close()
	}
	return nil
}
