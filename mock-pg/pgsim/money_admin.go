package pgsim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"gazua.example/mock-pg/pgsim/book"
)

// The part of the admin port that is about money:
//
//	GET  /balances     every wallet, one JSON object a line; each is of one moment, the whole is not
//	PUT  /balances     lines {"means":"POINT","source":"w-1","currency":"KRW","balance":100000}: has this from now on
//	GET  /snapshot     everything as of one position of the book: see snapshot.go
//	POST /reset        begins anew; 409 while anything is being answered or held, unless ?force=1: see reset.go
func (s *Server) moneyRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /balances", s.serveBalances)
	mux.HandleFunc("PUT /balances", s.serveSetBalances)
	mux.HandleFunc("GET /snapshot", s.serveSnapshot)
	mux.HandleFunc("POST /reset", s.serveReset)
}

// position answers GET /position.
type position struct {
	Seq      uint64 `json:"seq"`
	Instance string `json:"instance"`
}

func (s *Server) servePosition(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, position{s.book.Position(), s.options.Instance})
}

func (s *Server) serveBalances(w http.ResponseWriter, _ *http.Request) {
	var all []walletLine
	for means, e := range s.engines {
		for wallet := range e.wallets.all {
			if line, last := wallet.line(means); last != 0 {
				all = append(all, line)
			}
		}
	}
	slices.SortFunc(all, compareWallets)
	w.Header().Set("Content-Type", "application/x-ndjson")
	buffered := bufio.NewWriterSize(w, 64<<10)
	lines := json.NewEncoder(buffered)
	for _, line := range all {
		_ = lines.Encode(line) // the client has left: there is nobody to tell
	}
	_ = buffered.Flush()
}

// Bounds of PUT /balances.
const (
	maxSettings      = 100_000
	maxSettingsBytes = 16 << 20
)

func (s *Server) serveSetBalances(w http.ResponseWriter, r *http.Request) {
	settings, err := decodeSettings(http.MaxBytesReader(w, r.Body, maxSettingsBytes))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.setBalances(settings); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.log.Info("balances set", "wallets", len(settings))
	s.servePosition(w, r)
}

// decodeSettings reads all of them before any is set: a mistake in the last line sets none.
func decodeSettings(from io.Reader) (all []setting, err error) {
	lines := json.NewDecoder(from)
	lines.DisallowUnknownFields()
	for {
		var one setting
		switch err := lines.Decode(&one); {
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, errors.New(`there is no balance; one is {"source":"w-1","balance":100000}`)
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("balance %d is not the JSON object it should be: %w", len(all)+1, err)
		case len(all) == maxSettings:
			return nil, fmt.Errorf("more than %d balances at a time", maxSettings)
		}
		if err := one.check(); err != nil {
			return nil, fmt.Errorf("balance %d: %w", len(all)+1, err)
		}
		all = append(all, one)
	}
}

// setBalances returns when the book has all of them.
func (s *Server) setBalances(all []setting) error {
	var last book.Ticket
	for _, one := range all {
		var err error
		if last, err = s.engines[one.Means].setBalance(walletKey{one.Source, one.Currency}, *one.Balance, &s.funding); err != nil {
			return err
		}
	}
	return last.Wait()
}
