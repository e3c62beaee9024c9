package client

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/loadgen/internal/benchtarget"
	"gazua.example/loadgen/scenario"
)

func TestMain(m *testing.M) {
	benchtarget.ServeIfChild()
	goleak.VerifyTestMain(m)
}

// The two benchmarks do the same work and print what it costs in CPU, the server being another process:
//
//	go test ./client -run '^$' -bench . -benchtime 3s
func BenchmarkAttempt(b *testing.B) {
	s := scenario.Default()
	c, err := New(benchtarget.Start(b), []string{"key-a", "key-b"}, s.Client)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	attempts(b, func(n int) {
		p := s.Payment("bench", n)
		if a := c.Create(&p, 1); !a.Accepted() {
			b.Errorf("answer %+v", a)
		}
	})
}

func BenchmarkAttempt_NetHTTP(b *testing.B) {
	s, url := scenario.Default(), benchtarget.Start(b)+"/v1/payments"
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	c := http.Client{Transport: transport, Timeout: 10 * time.Second}
	attempts(b, func(n int) {
		p := s.Payment("bench", n)
		// A plain io.Reader: without GetBody net/http cannot replay the request by itself.
		request, _ := http.NewRequest(http.MethodPost, url, io.NopCloser(bytes.NewReader(appendBody(nil, &p))))
		request.Header = http.Header{
			"Content-Type": {"application/json"}, "Idempotency-Key": {p.Key}, "Authorization": {"Bearer key-a"},
			"Traceparent": {traceparent(&p, 1)},
		}
		if p.Async {
			request.Header.Set("Prefer", "respond-async")
		}
		response, err := c.Do(request)
		if err != nil {
			b.Error(err)
			return
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		var payment struct{ ID, Status string }
		if json.Unmarshal(body, &payment) != nil || response.StatusCode/100 != 2 {
			b.Errorf("status %d: %s", response.StatusCode, body)
		}
		_, _ = strconv.Atoi(response.Header.Get("Retry-After"))
	})
}

// attempts runs 16 clients at once.
func attempts(b *testing.B, attempt func(n int)) {
	b.SetParallelism(8)
	b.ReportAllocs()
	before := benchtarget.CPU()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			attempt(n)
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((benchtarget.CPU()-before).Microseconds())/float64(b.N), "CPU-µs/op")
}
