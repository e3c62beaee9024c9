package pgsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"strconv"
)

// The admin port, for operators and the verifier:
//
//	GET  /book?from=SEQ       the entries with a seq above SEQ, one JSON object a line, complete up to Book-Position;
//	                          without the tokens that the file keeps
//	GET  /position            {"seq":N,"instance":"mock-pg-1"}: the newest entry that is written
//	GET  /stats               added latency in ms, answers by means, op and result, faults, connections
//	GET  /stats/added         the added latency as a histogram; ?format=hdr: as HdrHistogram's table of percentiles
//	POST /stats/reset         starts the added latency anew
//	PUT, DELETE /schedule     the script of requests that bring none, e.g. gz1;charge=ok@fixed/50ms; back to that of the start
//	PUT, GET, DELETE /faults  faults by the clock: see timed_admin.go
//	/balances /snapshot /reset  money: see money_admin.go
//	GET  /livez /readyz /metrics /debug/pprof
func (s *Server) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /book", s.serveBook)
	mux.HandleFunc("GET /position", s.servePosition)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		page := s.stats.page()
		page.Connections, page.Held, page.Position = int64(s.http.GetOpenConnectionsCount()), s.held.count.Load(), s.book.Position()
		page.Instance, page.WithoutRouteKey = s.options.Instance, s.withoutRouteKey.Load()
		page.Most, page.FileLimit = s.options.MaxConnections, s.options.FileLimit
		writeJSON(w, page)
	})
	mux.HandleFunc("POST /stats/reset", func(http.ResponseWriter, *http.Request) { s.stats.added.forget() })
	mux.HandleFunc("GET /stats/added", s.serveAdded)
	mux.HandleFunc("PUT /schedule", s.serveSchedule)
	mux.HandleFunc("DELETE /schedule", s.resetSchedule)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "live") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.Ready(); err != nil {
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	s.timedRoutes(mux)
	s.moneyRoutes(mux)
	mux.Handle("GET /metrics", s.options.Metrics)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

func (s *Server) serveBook(w http.ResponseWriter, r *http.Request) {
	from := uint64(0)
	if text := r.FormValue("from"); text != "" {
		var err error
		if from, err = strconv.ParseUint(text, 10, 64); err != nil {
			http.Error(w, "from must be the seq of an entry, or 0", http.StatusBadRequest)
			return
		}
	}
	section, err := s.book.Since(from)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = section.Close() }()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Book-Position", strconv.FormatUint(section.Position, 10))
	if err := section.WriteWithoutTokens(w); err != nil {
		s.log.Warn("book not sent to its end", "error", err.Error())
	}
}

// maxSchedule bounds the body of PUT /schedule.
const maxSchedule = 4096

func (s *Server) serveSchedule(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSchedule))
	if err == nil {
		err = s.SetSchedule(string(text))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.log.Info("schedule set", "schedule", string(text))
	w.WriteHeader(http.StatusNoContent)
}

// resetSchedule goes back to what the program was started with.
func (s *Server) resetSchedule(w http.ResponseWriter, _ *http.Request) {
	if err := s.SetSchedule(s.options.Schedule); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.log.Info("schedule set", "schedule", s.options.Schedule)
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client has left: there is nobody to tell
}
