package gateway_test

import (
	"bytes"
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
)

// What a call to a means costs, the other side's part of it included: a server that does nothing but answer, over loopback.
//
//	go test -bench . -benchmem ./payment-api/gateway

func BenchmarkCharge(b *testing.B) {
	g := benchGateway(b)
	c := charge()
	c.SendBy = time.Now().Add(time.Hour)
	defer used(b)()
	for b.Loop() {
		chargeOnce(b, g, c)
	}
}

// BenchmarkChargeOf64 is with as many callers as the full system has clients.
func BenchmarkChargeOf64(b *testing.B) {
	g := benchGateway(b)
	b.SetParallelism(32) // of each processor
	defer used(b)()
	b.RunParallel(func(p *testing.PB) {
		c := charge()
		c.SendBy = time.Now().Add(time.Hour)
		for p.Next() {
			chargeOnce(b, g, c)
		}
	})
}

// used reports what the process took of the processors, which a busy machine does not change much.
func used(b *testing.B) func() {
	b.ReportAllocs()
	before := cpu(b)
	return func() { b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op") }
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func chargeOnce(b *testing.B, g *gateway.Gateway, c payment.Call) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // as the door makes one
	defer cancel()
	if r := g.Do(ctx, c); r.Result != payment.Done {
		b.Error(r)
	}
}

func benchGateway(b *testing.B) *gateway.Gateway {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerAll(conn)
		}
	}()
	g, err := gateway.New(gateway.Options{
		URLs:    map[payment.Means][]string{payment.PG: {"http://" + listener.Addr().String()}},
		Timeout: 5 * time.Second, ReservationTTL: time.Minute, Bulkhead: 128, ControlCalls: 2, BulkheadWait: time.Second,
		Breaker: gateway.BreakerOptions{Window: 10 * time.Second, Failures: 0.5, Volume: 1000, Open: 100 * time.Millisecond, Probes: 2},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(g.Close)
	return g
}

// answerAll answers whatever is a request by its last byte, and allocates nothing.
func answerAll(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	answer := []byte("HTTP/1.1 200 OK\r\nServer: mock-pg\r\nDate: Sun, 01 Mar 2026 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 131\r\n\r\n" + approved)
	buffer := make([]byte, 16<<10)
	end := []byte("}")
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(buffer[:n], end) {
			continue
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
