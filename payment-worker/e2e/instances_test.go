package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/mock-pg/pgsim"
)

// twin is a second system: an API and two workers with a database and a broker of their own, whose means run in two instances.
type twin struct {
	mocks [2]*pgsim.Server
	api   *program
	env   []string
}

func startTwin(t *testing.T) *twin {
	t.Helper()
	s := &twin{}
	var urls []string
	for i := range s.mocks {
		mock, err := pgsim.Start(pgsim.Options{BookDir: t.TempDir(), Instance: fmt.Sprintf("mock-pg-%d", i+1), WalletBalance: 50_000})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = mock.Stop(ctx) // a silent charge may still hold a connection
		})
		s.mocks[i], urls = mock, append(urls, mock.URL())
	}
	server, stop, err := stacktest.StartMySQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	broker, stopBroker, err := stacktest.StartBroker(filepath.Join(t.TempDir(), "broker"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stopBroker)
	for _, verb := range [][]string{{"migrate"}, {"merchants", system.merchants}} {
		run := exec.CommandContext(t.Context(), filepath.Join(system.programs, "payment-api"), verb...)
		run.Env = append(os.Environ(), "MYSQL_DSN="+server.AdminDSN)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("payment-api %s: %v\n%s", verb, err, out)
		}
	}
	list := strings.Join(urls, ",")
	s.env = []string{"MYSQL_DSN=" + server.AppDSN, "PG_URL=" + list, "POINT_URL=" + list, "COUPON_URL=" + list}
	s.api = s.start(t, "twin-api", "payment-api")
	for _, name := range []string{"twin-worker-1", "twin-worker-2"} {
		s.start(t, name, "payment-worker", append(workerEnv(), "KAFKA_BROKERS="+broker)...)
	}
	return s
}

func (s *twin) start(t *testing.T, name, binary string, env ...string) *program {
	t.Helper()
	listen, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(t.Context(), name, binary, listen, append(env, s.env...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.ended
		if t.Failed() {
			t.Logf("the end of %s:\n%s", name, p.tail())
		}
	})
	return p
}

// movement is a line of a mock's book.
type movement struct {
	Means, Effect, Reference, Original, Source string
	Amount                                     int64
}

// books reads both, the entries of each mock by its number.
func (s *twin) books(t *testing.T) (all [2][]movement) {
	t.Helper()
	for i, mock := range s.mocks {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, mock.AdminURL()+"/book", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			var m movement
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				t.Fatal(err)
			}
			all[i] = append(all[i], m)
		}
		_ = response.Body.Close()
	}
	return all
}

// order is the n-th payment: each leg has a source of its own, so that the legs of one payment live at different mocks.
func (s *twin) order(n int) (o order, want state) {
	token := func(source, steps string) string { return fmt.Sprintf("gz1.%s-%d;seed=%d%s", source, n, n, steps) }
	o = order{id: fmt.Sprint("twin-", n), key: fmt.Sprint("twin-", n), coupon: token("c", ""), point: token("w", ""), charge: token("k", "")}
	switch n % 4 {
	case 1:
		o.charge = token("k", ";charge=decline")
		return o, "FAILED"
	case 2:
		o.charge = token("k", ";charge=silent:after")
	case 3:
		o.point = token("w", ";confirm=silent:after,ok")
	}
	return o, "PAID"
}

// Whatever becomes of a payment, whoever brings it to its end: everything about a leg happens at one instance, both have
// their share of the legs, and the statements of both together are what our ledger says.
func TestInstances_EachLegLivesAtOne(t *testing.T) {
	s := startTwin(t)
	const orders = 12
	ids := map[string]state{}
	for n := range orders {
		o, want := s.order(n)
		header := []string(nil)
		if n >= orders/2 {
			header = []string{"Prefer", "respond-async"}
		}
		answer := o.pay(t, s.api, header...)
		if answer.err != nil || answer.status > 202 {
			t.Fatalf("order %d: %d %s %v", n, answer.status, answer.body, answer.err)
		}
		ids[answer.view.ID] = want
	}
	for id, want := range ids {
		var seen answer
		eventually(t, "payment "+id+" becomes "+string(want), func() bool {
			seen = get(t, s.api, id, keyA)
			if seen.err == nil && (seen.view.Status == "PAID" || seen.view.Status == "FAILED") && seen.view.Status != want {
				t.Fatalf("payment %s, want %s: %s", id, want, seen.body)
			}
			return seen.err == nil && seen.view.Status == want
		})
		if want == "PAID" {
			cancel(t, s.api, id, "cancel-"+id, `{"amount":21000}`).expectCancellation(t, id, 201, "SUCCEEDED") // of the card, and of the points
		}
	}
	s.checkBooks(t, ids)
	s.checkStatements(t)
}

func (s *twin) checkBooks(t *testing.T, ids map[string]state) {
	t.Helper()
	at, live, refunds := map[string]int{}, map[string]int64{}, map[string]int{}
	legs := [2]int{}
	for i, movements := range s.books(t) {
		for _, m := range movements {
			if m.Effect == "funded" {
				continue
			}
			leg := m.Reference
			if m.Original != "" {
				leg = m.Original
			}
			if before, seen := at[leg]; seen && before != i {
				t.Errorf("leg %s was booked at both mocks", leg)
			} else if !seen {
				at[leg] = i
				legs[i]++
			}
			id, _, _ := strings.Cut(leg, ".")
			switch m.Effect {
			case "charged", "captured":
				live[id] += m.Amount
			case "voided":
				live[id] -= m.Amount
			case "refunded":
				live[id] -= m.Amount
				refunds[id]++
			}
		}
	}
	for id, want := range ids {
		if paid := int64(couponAmount + pointAmount + pgAmount - 21000); want == "PAID" && (live[id] != paid || refunds[id] != 2) || want == "FAILED" && live[id] != 0 {
			t.Errorf("payment %s is %s, and %d are live after %d refunds", id, want, live[id], refunds[id])
		}
	}
	if len(at) != 3*len(ids) || legs[0] < 5 || legs[1] < 5 {
		t.Errorf("%d legs of %d payments, %v at each mock", len(at), len(ids), legs)
	}
}

func (s *twin) checkStatements(t *testing.T) {
	t.Helper()
	today := time.Now().In(time.FixedZone("Asia/Seoul", 9*60*60)).Format(time.DateOnly)
	run := exec.CommandContext(t.Context(), filepath.Join(system.programs, "payment-worker"), "reconcile", "--date", today)
	run.Env = append(append(programEnv(), "INSTANCE=operator", "OTEL_EXPORTER_OTLP_ENDPOINT="), s.env...)
	out, err := run.Output()
	if text := string(out); err != nil || !strings.Contains(text, "verdict=CLEAN") || strings.Contains(text, "captures=0") || strings.Contains(text, "refunds=0") {
		t.Errorf("reconcile: %v\n%s", err, text)
	}
}
