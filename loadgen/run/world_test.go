package run

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"gazua.example/loadgen/internal/testdb"
)

// system is a whole payment system, small and honest: it books, stores and answers. A test makes it dishonest.
type system struct {
	t     *testing.T
	db    *sql.DB
	stack Stack

	mu      sync.Mutex
	lines   []string             // the PG's book
	answers map[string]string    // by key
	slow    func(number int)     // before each answer
	charges func(number int) int // how often the PG is charged
}

const systemFirstID = uint64(1) << 50

func newSystem(t *testing.T) *system {
	x := &system{t: t, answers: map[string]string{}, slow: func(int) {}, charges: func(int) int { return 1 }}
	db, dsn := testdb.Open(t)
	x.db = db
	api, admin := httptest.NewServer(http.HandlerFunc(x.serveAPI)), httptest.NewServer(http.HandlerFunc(x.serveAdmin))
	t.Cleanup(api.Close)
	t.Cleanup(admin.Close)
	merchants := filepath.Join(t.TempDir(), "merchants.json")
	if err := os.WriteFile(merchants, []byte(`[{"id":1,"name":"a","api_key":"ka"},{"id":2,"name":"b","api_key":"kb"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	x.stack = Stack{Target: api.URL, PGAdmin: admin.URL, MySQL: dsn, MerchantsFile: merchants}
	return x
}

func (x *system) serveAPI(w http.ResponseWriter, r *http.Request) {
	merchant, ok := map[string]int{"Bearer ka": 1, "Bearer kb": 2}[r.Header.Get("Authorization")]
	if !ok {
		problem(w, 401, "unauthorized")
		return
	}
	if r.Method == http.MethodGet {
		x.get(w, filepath.Base(r.URL.Path))
		return
	}
	var request struct {
		Order  string `json:"order_id"`
		Amount int64  `json:"amount"`
		Legs   []struct {
			Means  string `json:"means"`
			Amount int64  `json:"amount"`
		} `json:"legs"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		problem(w, 400, "invalid-request")
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	async := r.Header.Get("Prefer") == "respond-async"
	if _, known := x.answers[key]; !known {
		number := len(x.answers)
		id := systemFirstID + uint64(number)<<22
		mode := "SYNC"
		if async {
			mode = "ASYNC"
		}
		x.exec(`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
			VALUES (?, ?, ?, ?, 'KRW', ?, 'PAID', 2, REPEAT('k', 32), NOW(6))`, id, merchant, request.Order, request.Amount, mode)
		for i, leg := range request.Legs {
			reference := fmt.Sprintf("%d.%d", id, i+1)
			x.exec(`INSERT INTO payment_leg (payment_id, seq, means, amount, state, reference, token, transaction_id) VALUES (?, ?, ?, ?, 'CAPTURED', ?, 'gz1', ?)`,
				id, i+1, leg.Means, leg.Amount, reference, "t-"+reference)
			for n := range x.charges(number) {
				x.lines = append(x.lines, fmt.Sprintf(`{"seq":%d,"means":%q,"effect":"charged","reference":%q,"order_id":%q,"merchant":"%d","amount":%d,"currency":"KRW","transaction_id":"t-%s%s"}`,
					len(x.lines)+1, leg.Means, reference, request.Order, merchant, leg.Amount, reference, []string{"", "-again"}[n]))
			}
		}
		x.answers[key] = fmt.Sprintf(`{"id":"%d","order_id":%q,"status":"PAID","amount":%d}`, id, request.Order, request.Amount)
	}
	x.slow(len(x.answers))
	if async {
		var p struct{ ID string }
		_ = json.Unmarshal([]byte(x.answers[key]), &p)
		w.WriteHeader(202)
		fmt.Fprintf(w, `{"id":%q,"status":"ACCEPTED"}`, p.ID)
		return
	}
	w.WriteHeader(201)
	fmt.Fprint(w, x.answers[key])
}

func (x *system) get(w http.ResponseWriter, id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, answer := range x.answers {
		var p struct{ ID string }
		if _ = json.Unmarshal([]byte(answer), &p); p.ID == id {
			fmt.Fprint(w, answer)
			return
		}
	}
	problem(w, 404, "not-found")
}

func (x *system) serveAdmin(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch r.URL.Path {
	case "/position":
		fmt.Fprintf(w, `{"seq":%d}`, len(x.lines))
	case "/stats":
		fmt.Fprint(w, `{"added_latency":{"p99_ms":0.4}}`)
	case "/book":
		from, _ := strconv.Atoi(r.FormValue("from"))
		for _, line := range x.lines[from:] {
			fmt.Fprintln(w, line)
		}
	}
}

func (x *system) exec(query string, args ...any) {
	if _, err := x.db.Exec(query, args...); err != nil {
		x.t.Errorf("%s: %v", query, err)
	}
}
