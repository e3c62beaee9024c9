package run

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

// system is a whole payment system, small and honest: it books, stores, posts, answers, cancels and calls back. A test
// makes it dishonest.
type system struct {
	t     *testing.T
	db    *sql.DB
	stack Stack

	mu       sync.Mutex
	book     []map[string]any
	stated   []map[string]any  // lines of the statements; `means` and `day` are not told
	answers  map[string]answer // by path and key
	payments map[string]*ledgered
	orders   map[string]bool
	calls    sync.WaitGroup
	slow     func(answered int)     // before each answer
	charges  func(number int) int   // how often the PG is charged
	refunds  func(number int) int64 // how much more than asked the PG gives back
}

// answer is what a key is answered with, for ever.
type answer struct {
	request string
	status  int
	body    string
}

// ledgered is a payment of the system.
type ledgered struct {
	number   int
	id       uint64
	merchant int
	order    string
	amount   int64
	legs     []legRow
	version  int
	canceled int64
	cancels  []string // their views
}

type legRow struct {
	Means    string `json:"means"`
	Amount   int64  `json:"amount"`
	refunded int64
}

const systemFirstID = uint64(1) << 50

func newSystem(t *testing.T) *system {
	x := &system{
		t: t, answers: map[string]answer{}, payments: map[string]*ledgered{}, orders: map[string]bool{},
		slow: func(int) {}, charges: func(int) int { return 1 }, refunds: func(int) int64 { return 0 },
	}
	db, dsn := testdb.Open(t)
	x.db = db
	api, admin := httptest.NewServer(http.HandlerFunc(x.serveAPI)), httptest.NewServer(http.HandlerFunc(x.servePG))
	t.Cleanup(api.Close)
	t.Cleanup(admin.Close)
	t.Cleanup(x.calls.Wait)
	merchants := filepath.Join(t.TempDir(), "merchants.json")
	if err := os.WriteFile(merchants, []byte(`[{"id":1,"name":"a","api_key":"ka","webhook_secret":"`+webhookSecret+`"},
		{"id":2,"name":"b","api_key":"kb","webhook_secret":"`+webhookSecret+`"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	x.stack = Stack{Target: api.URL, PG: admin.URL, PGAdmin: admin.URL, MySQL: dsn, MerchantsFile: merchants, Callbacks: freeAddress(t)}
	return x
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (x *system) serveAPI(w http.ResponseWriter, r *http.Request) {
	merchant, ok := map[string]int{"Bearer ka": 1, "Bearer kb": 2}[r.Header.Get("Authorization")]
	if !ok {
		problem(w, 401, "unauthorized")
		return
	}
	request, _ := io.ReadAll(r.Body)
	x.mu.Lock()
	defer x.mu.Unlock()
	id, cancellation, canceling := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/payments"), "/cancellations")
	p := x.payments[strings.TrimPrefix(id, "/")]
	switch {
	case id != "" && p == nil:
		problem(w, 404, "not-found")
	case r.Method == http.MethodGet && canceling:
		seq, _ := strconv.Atoi(strings.TrimPrefix(cancellation, "/"))
		fmt.Fprint(w, p.cancels[seq-1])
	case r.Method == http.MethodGet:
		fmt.Fprint(w, p.view())
	default:
		x.post(w, r, merchant, string(request), p)
	}
}

// post keeps the promise of the key, and the answer to what is new.
func (x *system) post(w http.ResponseWriter, r *http.Request, merchant int, request string, p *ledgered) {
	key := r.URL.Path + "\n" + r.Header.Get("Idempotency-Key")
	given, known := x.answers[key]
	if known && given.request != request {
		problem(w, 422, "idempotency-key-reused")
		return
	}
	if known {
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		hash := sha256.Sum256([]byte("POST\n" + key))
		var refusal string
		if p == nil {
			given, refusal = x.create(merchant, request, hash[:], r.Header.Get("Prefer") == "respond-async")
		} else {
			given, refusal = x.cancel(p, request, hash[:])
		}
		if refusal != "" {
			status, _ := strconv.Atoi(refusal[:3])
			problem(w, status, refusal[4:])
			return
		}
		x.answers[key] = given
	}
	x.slow(len(x.answers))
	w.WriteHeader(given.status)
	fmt.Fprint(w, given.body)
}

func (p *ledgered) view() string {
	status := "PAID"
	switch {
	case p.canceled == p.amount:
		status = "CANCELED"
	case p.canceled > 0:
		status = "PARTIALLY_CANCELED"
	}
	return fmt.Sprintf(`{"id":"%d","order_id":%q,"status":%q,"amount":%d,"canceled_amount":%d,"version":%d}`, p.id, p.order, status, p.amount, p.canceled, p.version)
}

func (p *ledgered) reference(leg int) string { return fmt.Sprintf("%d.%d", p.id, leg+1) }

func (x *system) servePG(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	lines, end := x.book, map[string]any(nil)
	switch r.URL.Path {
	case "/position":
		fmt.Fprintf(w, `{"seq":%d}`, len(x.book))
		return
	case "/stats":
		fmt.Fprint(w, `{"added_latency":{"p99_ms":0.4}}`)
		return
	case "/book":
		from, _ := strconv.Atoi(r.FormValue("from"))
		lines = lines[from:]
	default: // /pg/v1/statement
		means, _, _ := strings.Cut(r.URL.Path[1:], "/")
		lines, end = x.statement(strings.ToUpper(means), r.FormValue("date"))
	}
	out := json.NewEncoder(w)
	for _, line := range lines {
		_ = out.Encode(line)
	}
	if end != nil {
		_ = out.Encode(end)
	}
}

func (x *system) statement(means, day string) (lines []map[string]any, end map[string]any) {
	sums := map[string]int64{}
	for _, line := range x.stated {
		if line["means"] == means && line["day"] == day {
			lines = append(lines, line)
			sums[line["kind"].(string)] += line["amount"].(int64)
		}
	}
	return lines, map[string]any{"kind": "end", "count": len(lines), "sum_captures": sums["capture"], "sum_refunds": sums["refund"]}
}

// books writes the means' book, and what its statement will say.
func (x *system) books(p *ledgered, leg int, effect, kind, reference string, amount int64, at time.Time) {
	line := map[string]any{
		"seq": len(x.book) + 1, "at": at, "means": p.legs[leg].Means, "op": "-", "effect": effect, "reference": reference, "order_id": p.order,
		"merchant": strconv.Itoa(p.merchant), "amount": amount, "currency": "KRW", "transaction_id": "t-" + reference,
	}
	if effect == "refunded" {
		line["original"] = p.reference(leg)
	}
	x.book = append(x.book, line)
	if kind != "" {
		x.stated = append(x.stated, map[string]any{
			"kind": kind, "means": p.legs[leg].Means, "day": at.In(time.FixedZone("Seoul", 9*3600)).Format(time.DateOnly), "reference": reference,
			"transaction_id": "t-" + reference, "amount": amount, "currency": "KRW", "booked_at": at,
		})
	}
}

func (x *system) exec(query string, args ...any) {
	if _, err := x.db.Exec(query, args...); err != nil {
		x.t.Errorf("%s: %v", query, err)
	}
}
