package pgsim

import (
	"errors"
	"fmt"
	"net/http"

	"gazua.example/mock-pg/pgsim/book"
)

// A reset lets the mock begin as if it had never booked anything: records, refunds, wallets and tombstones are forgotten and
// the book begins anew at seq 1. The old file is set aside, see book.Reset. Schedule, timed faults and statistics stay: they
// have resets of their own.
//
// What is being answered was booked in the old book; so a reset is refused while anything is, or is held by a fault, or is
// late. Forced, it goes ahead: those answers speak of a book that is set aside, and what is late is booked in the new one.

// busyError says why a reset would tear something apart.
type busyError struct{ error }

func (s *Server) reset(force bool) (book.Aside, error) {
	defer s.standStill()()
	// Who comes from now on waits for a lock that we hold, and is counted before it does. Whoever is not counted here has
	// been answered, or will be booked in the new book.
	if requests, connections := s.inFlight.Load(), s.held.count.Load(); !force && requests+connections > 0 {
		return book.Aside{}, busyError{fmt.Errorf("%d requests are being answered and %d connections are held; wait for them, or force the reset", requests, connections)}
	}
	aside, err := s.book.Reset()
	if err != nil {
		return aside, err
	}
	for _, e := range s.engines {
		e.forget()
	}
	return aside, nil
}

// forget drops all that is known. Everything stands still.
func (e *engine) forget() {
	for i := range e.shards {
		e.shards[i].records, e.shards[i].expiry = map[string]*record{}, nil
		clear(e.shards[i].scratch[:])
	}
	for i := range e.refunds {
		e.refunds[i].byName = nil
	}
	e.wallets.forget()
}

func (s *Server) serveReset(w http.ResponseWriter, r *http.Request) {
	force := r.FormValue("force")
	if force != "" && force != "1" {
		http.Error(w, "force must be 1 or not be there", http.StatusBadRequest)
		return
	}
	aside, err := s.reset(force == "1")
	if busy, ok := errors.AsType[busyError](err); ok {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "not reset: "+busy.Error(), http.StatusConflict)
		return
	}
	if err != nil {
		http.Error(w, "not reset: "+err.Error(), http.StatusInternalServerError)
		return
	}
	s.log.Info("reset", "book_set_aside", aside.Name, "books_removed", aside.Removed, "forced", force != "")
	if aside.Untidy != nil {
		s.log.Warn("the old book was not put away in good order", "error", aside.Untidy.Error())
	}
	writeJSON(w, resetPage{Instance: s.options.Instance, Aside: aside.Name, Removed: append([]string{}, aside.Removed...)})
}

// resetPage answers POST /reset.
type resetPage struct {
	Seq      uint64   `json:"seq"` // 0
	Instance string   `json:"instance"`
	Aside    string   `json:"book_set_aside"` // in the book's folder; empty: there was nothing in it
	Removed  []string `json:"books_removed"`  // beyond the five that are kept
}
