package e2e_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What telemetry costs: CPU time of payment-api a synchronous payment (card and points: two transactions, three calls), by
// how much is told. The programs run side by side and take turns of some hundred payments each, round after round, so that
// whatever else the machine does hits all of them alike; each is compared with the first within its round.
//
//	go test ./payment-worker/e2e -run xxx -bench Overhead -benchtime 20x -timeout 30m
//
// A program exports by its own clock, which knows nothing of turns: what falls into a turn is its share. Medians, since a
// turn that a neighbour has spoilt says nothing. OVERHEAD_BEFORE names another payment-api, such as one built before a
// change, which is compared as well.
func BenchmarkOverhead(b *testing.B) {
	if b.N == 1 {
		return // the framework's own first try; rounds are what -benchtime says
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	told := "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL
	variants := []*variant{
		{name: "off: no endpoint", env: []string{"OTEL_EXPORTER_OTLP_ENDPOINT="}},
		{name: "metrics", env: []string{told, "TRACE_PERCENT=0"}},
		{name: "metrics, 1 % of spans", env: []string{told, "TRACE_PERCENT=1"}},
		{name: "metrics, 100 % of spans", env: []string{told, "TRACE_PERCENT=100"}},
	}
	if before := os.Getenv("OVERHEAD_BEFORE"); before != "" {
		variants = append(variants, &variant{name: "before: no endpoint", program: before, env: []string{"OTEL_EXPORTER_OTLP_ENDPOINT="}})
	}
	for i, v := range variants {
		v.start(b, i)
		v.turn(b, 500) // warm up
	}
	for round := range b.N {
		for i := range variants {
			v := variants[(round+i)%len(variants)]
			began := v.api.cpu(b)
			v.turn(b, turnPayments)
			v.rounds = append(v.rounds, float64((v.api.cpu(b)-began).Microseconds())/turnPayments)
		}
	}
	fmt.Printf("\n%-26s %24s %32s\n", "", "CPU-µs a payment", "rate that CPU allows, ÷ off")
	for _, v := range variants {
		ratios := make([]float64, len(v.rounds))
		for r := range ratios {
			ratios[r] = variants[0].rounds[r] / v.rounds[r]
		}
		fmt.Printf("%-26s %24s %32s\n", v.name, median(v.rounds, "%.0f"), median(ratios, "%.3f"))
	}
	fmt.Printf("%d rounds of %d payments each; medians, in brackets their 95 %% interval\n", b.N, turnPayments)
}

const turnPayments = 800

// variant is a payment-api that tells as much as env says.
type variant struct {
	name, program string
	env           []string
	api           *program
	rounds        []float64 // CPU-µs a payment
}

var paymentNumber = struct {
	sync.Mutex
	n int
}{}

func (v *variant) start(b *testing.B, i int) {
	b.Helper()
	binary := "payment-api"
	if v.program != "" {
		binary = "payment-api-before"
		if err := os.Symlink(v.program, filepath.Join(system.programs, binary)); err != nil && !os.IsExist(err) {
			b.Fatal(err)
		}
	}
	listen, err := freeAddr()
	if err != nil {
		b.Fatal(err)
	}
	env := append([]string{"LOG_LEVEL=warn", "MERCHANT_RATE=1000000", "MERCHANT_BURST=1000000", "MEANS_TIMEOUT=2s", "SYNC_DEADLINE=5s", "LATE_BOUND=10s", "LEASE=15s", "RESOLVE_DEADLINE=60s", "LEASE_MARGIN=3s", "RESERVATION_TTL=10m", "RESCUE_AFTER=60s"}, v.env...)
	if v.api, err = start(b.Context(), fmt.Sprint("overhead-", i), binary, listen, env...); err != nil {
		b.Fatal(err)
	}
}

// turn pays n times, eight at a time.
func (v *variant) turn(b *testing.B, n int) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	work := make(chan int)
	for range 8 {
		all.Go(func() {
			for n := range work {
				o := order{id: fmt.Sprint("cost-", n), key: fmt.Sprint("cost-", n), point: tok, charge: tok}
				request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, v.api.url+"/v1/payments", strings.NewReader(o.body()))
				if err != nil {
					b.Error(err)
					continue
				}
				request.GetBody = nil
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("Authorization", "Bearer "+keyA)
				request.Header.Set("Idempotency-Key", o.key)
				response, err := client.Do(request)
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if response.StatusCode != http.StatusCreated {
					b.Errorf("%s: order %s: %d", v.name, o.id, response.StatusCode)
				}
			}
		})
	}
	for range n {
		paymentNumber.Lock()
		paymentNumber.n++
		next := paymentNumber.n
		paymentNumber.Unlock()
		work <- next
	}
	close(work)
	all.Wait()
}

// cpu is the CPU time of all threads of a program so far, by the scheduler's own clock.
func (p *program) cpu(b *testing.B) (all time.Duration) {
	b.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		b.Skip("the CPU time of a program is read from /proc/PID/task/*/schedstat, which is not there")
	}
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		ran, _, _ := strings.Cut(string(text), " ")
		nanoseconds, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		all += time.Duration(nanoseconds)
	}
	return all
}

// median is the middle value with the interval that holds the true one 95 times in 100: the values between two ranks, by
// the binomial distribution.
func median(values []float64, format string) string {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	low := max(int(math.Floor(float64(n)/2-.98*math.Sqrt(float64(n)))), 0)
	middle := (sorted[(n-1)/2] + sorted[n/2]) / 2
	return fmt.Sprintf(format+" ["+format+", "+format+"]", middle, sorted[low], sorted[n-1-low])
}
