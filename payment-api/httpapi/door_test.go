package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
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
	goleak.VerifyTestMain(audited{m}, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// fakeDomain is the domain as a test wants it: what is not set answers as if all were well. It keeps the calls of Create.
type fakeDomain struct {
	create        func(r *payment.Request) (payment.Created, error)
	get           func(payment.MerchantID, payment.ID) (*payment.Payment, error)
	cancel        func(payment.ID, *payment.CancelRequest) (payment.Canceled, error)
	cancellations func(payment.MerchantID, payment.ID) (*payment.Payment, []*payment.Cancellation, error)
	list          func(from, to time.Time, after payment.ID, limit int) ([]*payment.Payment, error)
	byOrder       func(order string) ([]*payment.Payment, error)
	events        func(payment.ID) ([]payment.Event, error)

	mu      sync.Mutex
	calls   []created
	cancels []canceled
}

type created struct {
	merchant payment.MerchantID
	keyHash  [32]byte
	request  payment.Request
	how      payment.How
	ctx      context.Context
}

// bounded says that the work got a deadline, and a context that does not end with the client.
func (c created) bounded() bool { _, is := c.ctx.Deadline(); return is }

type canceled struct {
	merchant payment.MerchantID
	id       payment.ID
	keyHash  [32]byte
	request  payment.CancelRequest
	ctx      context.Context
}

// paid is payment id as it is when all went well.
func paid(id payment.ID) *payment.Payment {
	return &payment.Payment{
		ID: id, Merchant: 1, Order: "o-1", Price: payment.Money{Amount: 100, Currency: "KRW"}, State: payment.Paid, Version: 2,
		Legs: []payment.Leg{{Seq: 1, Means: payment.PG, Amount: 100, State: payment.Captured, Token: "tok"}},
	}
}

// in is payment id in a state.
func in(state payment.State, id payment.ID) *payment.Payment {
	p := paid(id)
	p.State, p.Legs[0].State = state, payment.Pending
	return p
}

// succeeded is cancellation seq of payment 7, of 40 of its 100.
func succeeded(seq uint32) *payment.Cancellation {
	return &payment.Cancellation{
		Payment: 7, Seq: seq, Amount: 40, State: payment.CancelSucceeded, Version: 2, Created: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Refunds: []payment.Refund{{Leg: 1, Means: payment.PG, Amount: 40, State: payment.Refunded}},
	}
}

func stored(status int, body []byte) payment.Answer {
	return payment.Answer{Status: status, Body: body}
}

const pending = `{"id":"7","status":"PROCESSING","status_url":"/v1/payments/7"}`

func (f *fakeDomain) Create(ctx context.Context, merchant payment.MerchantID, keyHash [32]byte, r *payment.Request, how payment.How) (payment.Created, error) {
	f.mu.Lock()
	f.calls = append(f.calls, created{merchant, keyHash, *r, how, ctx})
	f.mu.Unlock()
	if f.create != nil {
		return f.create(r)
	}
	return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7}, r.Validate()
}

func (f *fakeDomain) Get(_ context.Context, merchant payment.MerchantID, id payment.ID) (*payment.Payment, error) {
	if f.get != nil {
		return f.get(merchant, id)
	}
	return paid(id), nil
}

func (f *fakeDomain) Cancel(ctx context.Context, merchant payment.MerchantID, id payment.ID, keyHash [32]byte, r *payment.CancelRequest) (payment.Canceled, error) {
	f.mu.Lock()
	f.cancels = append(f.cancels, canceled{merchant, id, keyHash, *r, ctx})
	f.mu.Unlock()
	if f.cancel != nil {
		return f.cancel(id, r)
	}
	return payment.Canceled{Answer: stored(201, succeeded(1).Render(paid(id))), Payment: id, Seq: 1}, r.Validate()
}

func (f *fakeDomain) Cancellations(_ context.Context, merchant payment.MerchantID, id payment.ID) (*payment.Payment, []*payment.Cancellation, error) {
	if f.cancellations != nil {
		return f.cancellations(merchant, id)
	}
	return paid(id), []*payment.Cancellation{succeeded(1), succeeded(2)}, nil
}

func (f *fakeDomain) Cancellation(ctx context.Context, merchant payment.MerchantID, id payment.ID, seq uint32) (*payment.Payment, *payment.Cancellation, error) {
	p, all, err := f.Cancellations(ctx, merchant, id)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range all {
		if c.Seq == seq {
			return p, c, nil
		}
	}
	return nil, nil, &payment.Error{Kind: payment.KindNotFound, Detail: "this payment has no cancellation with this number"}
}

func (f *fakeDomain) List(_ context.Context, _ payment.MerchantID, from, to time.Time, after payment.ID, limit int) ([]*payment.Payment, error) {
	if f.list != nil {
		return f.list(from, to, after, limit)
	}
	return []*payment.Payment{paid(7), in(payment.Undoing, 8)}, nil
}

func (f *fakeDomain) ByOrder(_ context.Context, _ payment.MerchantID, order string) ([]*payment.Payment, error) {
	if f.byOrder != nil {
		return f.byOrder(order)
	}
	return []*payment.Payment{paid(7)}, nil
}

func (f *fakeDomain) Events(_ context.Context, _ payment.MerchantID, id payment.ID) ([]payment.Event, error) {
	if f.events != nil {
		return f.events(id)
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return []payment.Event{
		{Version: 1, At: at, To: "PROCESSING", Cause: "created"},
		{Version: 2, At: at, From: "PROCESSING", To: "PAID", Cause: "captured"},
		{Version: 3, At: at, Cancellation: 1, To: "PROCESSING", Cause: "created"},
		{Version: 4, At: at, Cancellation: 1, From: "PROCESSING", To: "REVIEW", Cause: "x"},
	}, nil
}

func (f *fakeDomain) last(t *testing.T) created {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		t.Fatal("the domain was not called")
	}
	return f.calls[len(f.calls)-1]
}

// count is how many requests came through to what pays or gives back.
func (f *fakeDomain) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls) + len(f.cancels)
}

// door is a running server with one merchant, 1, whose key is "key-1", and another, 2, with "key-2".
type door struct {
	t      *testing.T
	api    *API
	domain *fakeDomain
	url    string
	client *http.Client
	log    *syncBuffer
}

func twoMerchants(context.Context) (map[[32]byte]payment.MerchantID, error) {
	return map[[32]byte]payment.MerchantID{sha256.Sum256([]byte("key-1")): 1, sha256.Sum256([]byte("key-2")): 2}, nil
}

func open(t *testing.T, domain *fakeDomain, change ...func(*Options, *ReadKeys)) *door {
	t.Helper()
	log := &syncBuffer{}
	return openLogging(t, domain, log, slog.New(slog.NewTextHandler(log, nil)), change...)
}

// openLogging is open with a logger, which writes to where the test looks.
func openLogging(t *testing.T, domain *fakeDomain, to *syncBuffer, log *slog.Logger, change ...func(*Options, *ReadKeys)) *door {
	t.Helper()
	o := Options{
		MaxInFlight: 64, MaxWaiting: 4, MerchantRate: 1_000_000, MerchantBurst: 1_000_000, BodyLimit: 4 << 10, HeaderLimit: 4 << 10,
		ReadTimeout: time.Second, IdleTimeout: 5 * time.Second, WorkDeadline: time.Second,
	}
	read := ReadKeys(twoMerchants)
	for _, c := range change {
		c(&o, &read)
	}
	d := &door{t: t, domain: domain, log: to, client: &http.Client{Transport: &witness{t: t, inner: &http.Transport{MaxIdleConnsPerHost: 64}}}}
	var err error
	if d.api, err = New(domain, NewKeys(read), o, log); err != nil {
		t.Fatal(err)
	}
	d.api.app.Server().MaxIdleWorkerDuration = 50 * time.Millisecond // its sweeper sleeps this long before it sees the end
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- d.api.Serve(listener) }()
	t.Cleanup(func() {
		d.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(d.api.StopAccepting(ctx), d.api.Finish(ctx)); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		select {
		case err := <-served:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(10 * time.Second): // it had not even begun: a test that sends nothing needs no open door
			t.Error("it still serves after its shutdown")
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

// post sends a payment, changed by change.
func (d *door) post(body string, change ...func(*http.Request)) reply {
	d.t.Helper()
	return d.postTo("/v1/payments", body, change...)
}

func (d *door) postTo(path, body string, change ...func(*http.Request)) reply {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+path, strings.NewReader(body))
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

func (d *door) get(path, key string, change ...func(*http.Request)) reply {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	for _, c := range change {
		c(r)
	}
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
