package httpapi

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/payment-api/payment"
)

// What a request costs at the door, by stages. The figures of the whole system are in docs/measurements.
//
//	go test -bench . -benchmem ./payment-api/httpapi

// benchBody is a card payment as loadgen sends it.
const benchBody = `{"order_id":"b7c1-000000000000012345","amount":25000,"currency":"KRW","legs":[{"means":"PG","amount":25000,"token":"gz1.w-17;charge=ok"}]}`

// idle is a domain that does nothing but what Create must do with a request.
type idle struct {
	*fakeDomain
	answer payment.Answer
}

func (d idle) Create(_ context.Context, _ payment.MerchantID, _ [32]byte, r *payment.Request, _ payment.How) (payment.Created, error) {
	return payment.Created{Answer: d.answer, Payment: 7}, r.Validate()
}

// A whole request, from its parsed header to its whole answer: middleware, key, rate, body, headers of the answer. What
// the network costs is left out.
func BenchmarkCreate(b *testing.B) {
	handle := benchDoor(b)
	var c fasthttp.RequestCtx
	c.Init(&fasthttp.Request{}, nil, nil)
	r := &c.Request
	r.Header.SetMethod("POST")
	r.SetRequestURI("/v1/payments")
	r.Header.SetHost("127.0.0.1:18080")
	r.Header.SetContentType("application/json")
	for name, value := range map[string]string{
		"Authorization": "Bearer key-1", "Idempotency-Key": "b7c1-000000000000012345",
		"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
	} {
		r.Header.Set(name, value)
	}
	r.SetBodyString(benchBody)
	b.ReportAllocs()
	for b.Loop() {
		c.Response.Reset()
		c.ResetUserValues()
		handle(&c)
		if c.Response.StatusCode() != 201 {
			b.Fatal(c.Response.StatusCode(), string(c.Response.Body()))
		}
	}
}

func benchDoor(b *testing.B) fasthttp.RequestHandler {
	b.Helper()
	keys := NewKeys(twoMerchants)
	a, err := New(idle{&fakeDomain{}, stored(201, paid(7).Render())}, keys, Options{
		MaxInFlight: 64, MaxWaiting: 4, MerchantRate: 1_000_000_000, MerchantBurst: 1_000_000_000, BodyLimit: 4 << 10, HeaderLimit: 4 << 10,
		ReadTimeout: time.Second, IdleTimeout: time.Second, WorkDeadline: 10 * time.Second,
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		b.Fatal(err)
	}
	return a.app.Server().Handler
}

func BenchmarkDecodeStrictly(b *testing.B) {
	body := []byte(benchBody)
	b.ReportAllocs()
	for b.Loop() {
		var r payment.Request
		if err := decodeStrictly(body, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOwner(b *testing.B) {
	keys := NewKeys(twoMerchants)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := keys.Owner(b.Context(), "key-1"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkKeyHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := payment.KeyHash("POST", "/v1/payments", "b7c1-000000000000012345"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	p := paid(7)
	b.ReportAllocs()
	for b.Loop() {
		p.Render()
	}
}

func BenchmarkRequestHash(b *testing.B) {
	r := payment.Request{OrderID: "b7c1-000000000000012345", Amount: 25000, Currency: "KRW", Legs: []payment.RequestLeg{{Means: payment.PG, Amount: 25000, Token: "gz1.w-17;charge=ok"}}}
	b.ReportAllocs()
	for b.Loop() {
		r.Hash()
	}
}
