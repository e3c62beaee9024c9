package e2e_test

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deaf takes connections and never says anything.
func deaf(t *testing.T) (addr string, called <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	calls := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			calls <- struct{}{}
		}
	}()
	return listener.Addr().String(), calls
}

// Whatever a program waits for while it starts: told to stop it ends at once, with 0, and closes what it has opened.
func TestStoppedWhileItStarts_EndsAtOnce_With0(t *testing.T) {
	t.Parallel()
	nobody, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, program, variable, waiting, phases string }{
		{"early-api", "payment-api", "MYSQL_DSN=app:x@tcp(%s)/payment", "waiting for the database", "close pools:done, flush telemetry:done"},
		{"early-worker", "payment-worker", "KAFKA_BROKERS=%s", "waiting for Kafka", "readiness off:done, close pools:done, flush telemetry:done, close admin:done"},
	} {
		for where, deafly := range map[string]bool{"nobody": false, "deaf": true} {
			addr, called := nobody, (<-chan struct{})(nil)
			if deafly {
				addr, called = deaf(t)
			}
			listen, err := freeAddr()
			if err != nil {
				t.Fatal(err)
			}
			p, err := launch(c.name+"-"+where, c.program, listen, append(workerEnv(), fmt.Sprintf(c.variable, addr))...)
			if err != nil {
				t.Fatal(err)
			}
			if deafly {
				select {
				case <-called:
				case <-time.After(10 * time.Second):
					t.Errorf("%s does not ask", p.name)
				}
			} else {
				p.logged(t, c.waiting)
			}
			began := time.Now()
			p.signal(syscall.SIGTERM)
			if code := p.end(t); code != 0 || time.Since(began) > 2*time.Second {
				t.Errorf("%s ended with %d after %s:\n%s", p.name, code, time.Since(began), p.tail())
			}
			if seen := p.shutdown(t); seen.outcomes() != c.phases || seen.ends.Code == nil || *seen.ends.Code != 0 {
				t.Errorf("%s: %+v", p.name, seen)
			}
		}
	}
}

// What cannot start ends in order too, and says why.
func TestAPIThatCannotListen_ClosesWhatItOpened_AndExits1(t *testing.T) {
	t.Parallel()
	taken, _ := deaf(t)
	api, err := launch("api-stuck", "payment-api", taken)
	if err != nil {
		t.Fatal(err)
	}
	if code := api.end(t); code != 1 {
		t.Errorf("it ended with %d:\n%s", code, api.tail())
	}
	seen := api.shutdown(t)
	if seen.outcomes() != "readiness off:done, close pools:done, flush telemetry:done, close admin:done" || !strings.Contains(seen.said, "address already in use") {
		t.Errorf("it said %q and logged %+v", seen.said, seen)
	}
}
