package pgsim

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// The timed faults on the admin port:
//
//	PUT    /faults    a document (timed_document.go), from now on; answered with the page. It replaces what runs
//	GET    /faults    the page: what is planned, active and done, with its times
//	DELETE /faults    ends all

// timedPage is /faults.
type timedPage struct {
	Instance  string      `json:"instance,omitempty"`
	SetAt     *time.Time  `json:"set_at,omitempty"`
	StoppedAt *time.Time  `json:"stopped_at,omitempty"` // it was ended before its time
	Entries   []timedView `json:"entries"`
}

type timedView struct {
	After    string    `json:"after"`
	For      string    `json:"for"`
	Script   string    `json:"script"`
	Override bool      `json:"override"`
	Means    string    `json:"means,omitempty"`
	Share    float64   `json:"share"`
	State    string    `json:"state"` // planned, active, done, dropped: ended before it began
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	Struck   int64     `json:"struck"` // requests that met its script
}

func (s *Server) timedRoutes(mux *http.ServeMux) {
	mux.HandleFunc("PUT /faults", s.putFaults)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.timedPage()) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		s.timed.stop()
		w.WriteHeader(http.StatusNoContent)
	})
}

func (s *Server) putFaults(w http.ResponseWriter, r *http.Request) {
	document, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxTimedBody))
	if err != nil {
		http.Error(w, fmt.Sprintf("the document could not be read, or is over %d bytes: %v", maxTimedBody, err), http.StatusBadRequest)
		return
	}
	entries, err := parseTimed(document)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.timed.set(entries)
	writeJSON(w, s.timedPage())
}

func (s *Server) timedPage() timedPage {
	page := s.timed.page()
	page.Instance = s.options.Instance
	return page
}

func (t *timetable) page() timedPage {
	t.mu.Lock()
	defer t.mu.Unlock()
	page, r := timedPage{Entries: []timedView{}}, t.last
	if r == nil {
		return page
	}
	wall := func(at time.Duration) time.Time { return r.began.Add(at).UTC() }
	page.SetAt = new(wall(0))
	if r.stopped > 0 {
		page.StoppedAt = new(wall(r.stopped))
	}
	elapsed := time.Since(r.began)
	for i, e := range r.entries {
		state, ends := e.state(elapsed, r.stopped)
		page.Entries = append(page.Entries, timedView{
			After: e.after.String(), For: e.lasts.String(), Script: e.text, Override: e.override, Means: e.means, Share: e.share,
			State: state, StartsAt: wall(e.after), EndsAt: wall(ends), Struck: r.struck[i].Load(),
		})
	}
	return page
}

// state is how far an entry has come, and when it ends, or ended.
func (e *timedEntry) state(elapsed, stopped time.Duration) (string, time.Duration) {
	ends := e.after + e.lasts
	switch {
	case stopped > 0 && stopped <= e.after:
		return "dropped", e.after
	case stopped > 0 && stopped < ends:
		return "done", stopped
	case elapsed < e.after:
		return "planned", ends
	case elapsed < ends:
		return "active", ends
	}
	return "done", ends
}
