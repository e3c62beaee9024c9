package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gazua.example/infra/stack/stacktest"
)

// A worker that cannot finish what it has in hand leaves its group and its leases, says so, and the next one that starts finds
// all of it. It has a database and a broker of its own: the workers of the other stories would take its messages.
func TestWorkerStopped_WithAMessageLeft_Exits1_SaysSo_AndTheNextOneRecovers(t *testing.T) {
	t.Parallel()
	env := ownSystem(t)
	api := ownAPI(t, "lone-api", env...)
	first, err := start(t.Context(), "lone-worker-1", "payment-worker", "", append(env, "FINISH_WITHIN=1s")...)
	if err != nil {
		t.Fatal(err)
	}
	first.logged(t, `"msg":"recovered"`) // there was nothing
	o := order{id: "lone", key: "lone-1", point: tok, charge: hangs}
	got := o.pay(t, api, "Prefer", "respond-async")
	got.expect(t, 202, "ACCEPTED")
	eventually(t, "the charge is booked", func() bool { return booked(t, got.view.ID, "charged") })
	first.signal(syscall.SIGTERM)
	if code := first.end(t); code != 1 {
		t.Errorf("it ended with %d:\n%s", code, first.tail())
	}
	seen := first.shutdown(t)
	want := `payment-worker: shutdown phase "stop consuming" overran its bound of 1s, with 1 message in hand left: their messages come again to another worker, and its resolver ends what was begun`
	if seen.said != want || seen.ends.Left != "1 message in hand" || *seen.ends.Code != 1 || len(seen.phases) != 6 {
		t.Errorf("it said %q and logged %+v", seen.said, seen)
	}
	next, err := start(t.Context(), "lone-worker-2", "payment-worker", "", env...)
	if err != nil {
		t.Fatal(err)
	}
	next.logged(t, `"msg":"recovered"`)
	if answer := get(t, api, got.view.ID, keyA); answer.view.Status != "PAID" {
		t.Errorf("it has recovered, and the payment is %s", answer.body)
	}
	found, over := next.recovery(t)
	if found.Due+found.Leased != 1 || found.Unsent != 0 || found.AtLeast || over <= 0 {
		t.Errorf("it found %+v and recovered after %g ms", found, over)
	}
	next.signal(syscall.SIGTERM)
	if code := next.end(t); code != 0 {
		t.Errorf("the next one ended with %d:\n%s", code, next.tail())
	}
}

// inheritance is what a worker finds from before it started.
type inheritance struct {
	Due, Leased, Waiting, Unsent, Callbacks int
	AtLeast                                 bool `json:"at_least"`
}

func (p *program) recovery(t *testing.T) (found inheritance, recovered float64) {
	t.Helper()
	for _, text := range p.lines() {
		var line struct {
			Msg     string
			Elapsed float64 `json:"elapsed_ms"`
			inheritance
		}
		if !strings.HasPrefix(text, "{") {
			continue
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		switch line.Msg {
		case "recovering":
			found = line.inheritance
		case "recovered":
			recovered = line.Elapsed
		}
	}
	return found, recovered
}

// ownSystem is a database and a broker that no other story uses, with patient deadlines; the mock is everybody's.
func ownSystem(t *testing.T) (env []string) {
	t.Helper()
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
	return append(append(workerEnv(), patient...), "MYSQL_DSN="+server.AppDSN, "KAFKA_BROKERS="+broker)
}
