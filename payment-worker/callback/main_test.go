package callback

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// The tests of this package share one real MySQL; each has merchants of its own.
var db *sql.DB

func TestMain(m *testing.M) {
	code, err := withDatabase(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withDatabase(m *testing.M) (int, error) {
	ctx := context.Background()
	server, stop, err := stacktest.StartMySQL(ctx)
	if err != nil {
		return 1, err
	}
	defer stop()
	admin, err := mysql.Open(server.AdminDSN, 1)
	if err != nil {
		return 1, err
	}
	defer admin.Close()
	if _, err := mysql.Migrate(ctx, admin); err != nil {
		return 1, err
	}
	if db, err = mysql.Open(server.AppDSN, 8); err != nil {
		return 1, err
	}
	ignore := goleak.IgnoreCurrent() // the pools, which live as long as the tests
	code := m.Run()
	db.Close()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(ignore); err != nil && code == 0 {
		return 1, err
	}
	return code, nil
}

// shop is a merchant with a server that takes callbacks as the test says.
type shop struct {
	t      *testing.T
	id     payment.MerchantID
	server *httptest.Server
	handle func(w http.ResponseWriter, r *http.Request) // nil: 204

	mu       sync.Mutex
	arrived  map[string]int // by webhook-id
	bodies   map[string]string
	problems []error // signatures that do not verify
	now      int     // being handled
	most     int
}

var numbers atomic.Uint32

func newShop(t *testing.T, handle func(w http.ResponseWriter, r *http.Request)) *shop {
	t.Helper()
	s := &shop{t: t, id: payment.MerchantID(1000 + numbers.Add(1)), handle: handle, arrived: map[string]int{}, bodies: map[string]string{}}
	s.server = httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(s.server.Close)
	s.exec("INSERT INTO merchant (id, name, callback_url) VALUES (?, 'shop', ?)", s.id, s.server.URL+"/hook")
	s.exec("INSERT INTO webhook_secret (merchant_id, secret, created_at) VALUES (?, ?, UTC_TIMESTAMP(6)), (?, ?, UTC_TIMESTAMP(6))", s.id, secretA, s.id, secretB)
	t.Cleanup(func() { s.exec("DELETE FROM callback WHERE merchant_id = ?", s.id) })
	return s
}

func (s *shop) exec(statement string, args ...any) {
	s.t.Helper()
	if _, err := db.ExecContext(context.Background(), statement, args...); err != nil {
		s.t.Fatal(err)
	}
}

// owed leaves so many callbacks for the shop and returns what they are called.
func (s *shop) owed(n int) (ids []string) {
	s.t.Helper()
	for range n {
		payment := 1_000_000 + uint64(numbers.Add(1))
		s.exec(`INSERT INTO callback (payment_id, version, merchant_id, type, body, state, due_at, created_at)
			VALUES (?, 3, ?, 'payment.paid', ?, 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`, payment, s.id, fmt.Sprintf(`{"payment":"%d"}`, payment))
		ids = append(ids, fmt.Sprintf("evt_%d_3", payment))
	}
	return ids
}

func (s *shop) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.now++
	s.most = max(s.most, s.now)
	id := r.Header.Get("webhook-id")
	s.arrived[id]++
	s.bodies[id] = string(body)
	for _, secret := range []string{secretA, secretB} {
		if err := verify(secret, r.Header, body, time.Now()); err != nil {
			s.problems = append(s.problems, err)
		}
	}
	s.mu.Unlock()
	if s.handle == nil {
		w.WriteHeader(http.StatusNoContent)
	} else {
		s.handle(w, r)
	}
	s.mu.Lock()
	s.now--
	s.mu.Unlock()
}

func (s *shop) times(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived[id]
}

func (s *shop) state(id string) (state string, attempts int, trouble string) {
	s.t.Helper()
	var payment uint64
	if _, err := fmt.Sscanf(id, "evt_%d_3", &payment); err != nil {
		s.t.Fatal(err)
	}
	if err := db.QueryRowContext(context.Background(), "SELECT state, attempts, last_error FROM callback WHERE payment_id = ?", payment).Scan(&state, &attempts, &trouble); err != nil {
		s.t.Fatal(err)
	}
	return state, attempts, trouble
}

func (s *shop) delivered(ids []string) bool {
	s.t.Helper()
	for _, id := range ids {
		if state, _, _ := s.state(id); state != "DELIVERED" {
			return false
		}
	}
	return true
}

// run starts a sender for the length of the test, unless stop ends it before.
func run(t *testing.T, store Store, change ...func(*Sender)) (stop func()) {
	t.Helper()
	s, err := New(Options{Owner: fmt.Sprint("w", numbers.Add(1)), InFlight: 16, PerMerchant: 4, Timeout: time.Second, Allow: prefixes("127.0.0.1/32")}, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
