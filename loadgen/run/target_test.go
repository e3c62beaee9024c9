package run

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// target is a payment API that answers by script: the n-th attempt with a key gets step n, the last one repeats.
type target struct {
	*httptest.Server
	mu       sync.Mutex
	attempts map[string][]string // key → bodies
	looks    map[string]int      // id → GETs
	script   func(attempt int, w http.ResponseWriter, r *http.Request, order string)
	look     func(n int) string // status of the n-th look
	cancel   func(attempt int, w http.ResponseWriter, id string, seq int, body string)
	back     func(n int) string // status of the n-th look at a cancellation; nil: as look says
}

func newTarget(t *testing.T) *target {
	x := &target{attempts: map[string][]string{}, looks: map[string]int{}, look: func(int) string { return "PAID" }}
	x.Server = httptest.NewServer(http.HandlerFunc(x.serve))
	t.Cleanup(x.Close)
	return x
}

func (x *target) serve(w http.ResponseWriter, r *http.Request) {
	payment, cancellation, canceling := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/payments/"), "/cancellations")
	if r.Method == http.MethodGet {
		x.mu.Lock()
		x.looks[payment+cancellation]++
		look := x.look
		if canceling && x.back != nil {
			look = x.back
		}
		state := look(x.looks[payment+cancellation])
		x.mu.Unlock()
		if canceling {
			fmt.Fprintf(w, `{"payment_id":%q,"seq":%s,"status":%q}`, payment, strings.TrimPrefix(cancellation, "/"), state)
			return
		}
		fmt.Fprintf(w, `{"id":%q,"status":%q}`, payment, state)
		return
	}
	body := make([]byte, r.ContentLength)
	for n := 0; n < len(body); {
		k, err := r.Body.Read(body[n:])
		if n += k; err != nil {
			break
		}
	}
	key := r.Header.Get("Idempotency-Key")
	if canceling {
		x.mu.Lock()
		x.attempts[key] = append(x.attempts[key], string(body))
		attempt := len(x.attempts[key])
		x.mu.Unlock()
		seq := 1
		if strings.HasSuffix(key, "-2") {
			seq = 2
		}
		x.cancel(attempt, w, payment, seq, string(body))
		return
	}
	order, _, _ := strings.Cut(strings.SplitN(string(body), `"order_id":"`, 2)[1], `"`)
	x.mu.Lock()
	x.attempts[key] = append(x.attempts[key], string(body))
	attempt := len(x.attempts[key])
	x.mu.Unlock()
	x.script(attempt, w, r, order)
}

func (x *target) count() (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, bodies := range x.attempts {
		n += len(bodies)
	}
	return n
}

func paid(w http.ResponseWriter, order string) {
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":"7","order_id":%q,"status":"PAID","amount":%d}`, order, 0)
}

func problem(w http.ResponseWriter, status int, slug string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"https://gazua.example/problems/%s","status":%d}`, slug, status)
}

func hangUp(w http.ResponseWriter, linger int) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = connection.(*net.TCPConn).SetLinger(linger)
	_ = connection.Close()
}
