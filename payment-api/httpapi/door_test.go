package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/payment-api/payment"
)

func TestMain(m *testing.M) {
	// fasthttp keeps one goroutine for the whole process: it writes the Date header's text.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// fakePayments is the domain as the tests want it; it records the last call.
type fakePayments struct {
	create func(r *payment.Request) (payment.Created, error)
	get    func(payment.MerchantID, payment.ID) (*payment.Payment, error)

	mu    sync.Mutex
	calls []created
}

type created struct {
	merchant payment.MerchantID
	keyHash  [32]byte
	request  payment.Request
	mode     payment.Mode
	deadline bool
}

func (f *fakePayments) Create(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, r *payment.Request, mode payment.Mode, _ string) (payment.Created, error) {
	_, bounded := ctx.Deadline()
	f.mu.Lock()
	f.calls = append(f.calls, created{merchant, keyHash, *r, mode, bounded})
	f.mu.Unlock()
	if f.create == nil {
		return payment.Created{Answer: payment.Answer{Status: 201, Body: []byte(`{"id":"7","status":"PAID"}`)}, Payment: 7}, nil
	}
	return f.create(r)
}

func (f *fakePayments) Get(_ context.Context, merchant payment.MerchantID, id payment.ID) (*payment.Payment, error) {
	return f.get(merchant, id)
}

func (f *fakePayments) last(t *testing.T) created {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		t.Fatal("the domain was not called")
	}
	return f.calls[len(f.calls)-1]
}

func (f *fakePayments) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

// door is a running server with one merchant, 1, whose key is "key-1", and another, 2, with "key-2".
type door struct {
	t        *testing.T
	api      *API
	payments *fakePayments
	url      string
	client   *http.Client
	log      *syncBuffer
}

func twoMerchants(context.Context) (map[[32]byte]payment.MerchantID, error) {
	return map[[32]byte]payment.MerchantID{sha256.Sum256([]byte("key-1")): 1, sha256.Sum256([]byte("key-2")): 2}, nil
}

func open(t *testing.T, payments *fakePayments, change ...func(*Options, *ReadKeys)) *door {
	t.Helper()
	o := Options{MaxInFlight: 64, BodyLimit: 4 << 10, HeaderLimit: 4 << 10, ReadTimeout: time.Second, IdleTimeout: 5 * time.Second, WorkDeadline: time.Second}
	read := ReadKeys(twoMerchants)
	for _, c := range change {
		c(&o, &read)
	}
	d := &door{t: t, payments: payments, log: &syncBuffer{}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	var err error
	if d.api, err = New(payments, NewKeys(read), o, slog.New(slog.NewTextHandler(d.log, nil))); err != nil {
		t.Fatal(err)
	}
	d.api.app.Server().MaxIdleWorkerDuration = 50 * time.Millisecond // its sweeper sleeps this long before it sees the end
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- d.api.app.Listener(listener) }()
	t.Cleanup(func() {
		d.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := d.api.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return d
}

const good = `{"order_id":"o-1","amount":100,"currency":"KRW","legs":[{"means":"PG","amount":100,"token":"tok"}]}`

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   string
	close  bool
}

// post sends a good payment, changed by change.
func (d *door) post(body string, change ...func(*http.Request)) reply {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+"/v1/payments", strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer key-1")
	r.Header.Set("Idempotency-Key", "k-1")
	r.Header.Set("Content-Type", "application/json")
	for _, c := range change {
		c(r)
	}
	return d.send(r)
}

func (d *door) get(path, key string) reply {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	return d.send(r)
}

func (d *door) send(r *http.Request) reply {
	d.t.Helper()
	response, err := d.client.Do(r)
	if err != nil {
		d.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return reply{header: http.Header{}}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Errorf("read the answer: %v", err)
	}
	return reply{response.StatusCode, response.Header, string(body), response.Close}
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func without(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }

// isProblem checks every member of RFC 9457 that we promise.
func (r reply) isProblem(t *testing.T, status int, slug string) {
	t.Helper()
	var p struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		t.Errorf("status %d, the body is no JSON: %q", r.status, r.body)
		return
	}
	if r.status != status || p.Status != status || p.Type != "https://gazua.example/problems/"+slug || p.Title == "" || p.Detail == "" {
		t.Errorf("got %d %+v, want %d %s", r.status, p, status, slug)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
}

type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
