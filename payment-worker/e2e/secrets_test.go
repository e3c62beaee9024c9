package e2e_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// told gathers all that the programs said in the whole run, besides their logs and traces: answers, callbacks, what the
// verbs printed, metrics.
var told sayings

type sayings struct {
	mu   sync.Mutex
	said []saying
}

type saying struct {
	where string
	text  []byte
}

func (s *sayings) add(where string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, saying{where, bytes.Clone(text)})
}

// sink is a collector that keeps what is exported to it: spans and metrics as protobuf, in which texts stand as they are.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []saying
}

func newSink() *sink {
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.take))
	return s
}

func (s *sink) take(_ http.ResponseWriter, r *http.Request) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return
		}
		from = unzipped
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, saying{"an export to " + r.URL.Path, body})
}

func (s *sink) all() []saying {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]saying(nil), s.bodies...)
}

// secrets are what must never appear; a token of the mock's begins with gz1.
var secrets = map[string]string{
	"an API key": keyA, "another API key": keyB, "a webhook secret": strings.TrimPrefix(secretA, "whsec_"), "another webhook secret": strings.TrimPrefix(secretB, "whsec_"),
	"a payment token": tok, "a payment token with a script": "gz1;", "the database's password": appPassword, "the administrator's password": "test-admin",
}

// everythingSaid is all outputs of the run so far.
func everythingSaid() ([]saying, error) {
	told.mu.Lock()
	all := append([]saying(nil), told.said...)
	told.mu.Unlock()
	all = append(all, system.traces.all()...)
	for _, p := range launched() {
		log, err := os.ReadFile(p.log)
		if err != nil {
			return nil, err
		}
		all = append(all, saying{"the log of " + p.name, log})
	}
	return all, nil
}

// nothingTold says which secret was told where.
func nothingTold() error {
	all, err := everythingSaid()
	if err != nil {
		return err
	}
	for _, s := range all {
		for what, secret := range secrets {
			if i := bytes.Index(s.text, []byte(secret)); i >= 0 {
				return fmt.Errorf("%s stands in %s: …%q…", what, s.where, s.text[max(0, i-200):min(len(s.text), i+len(secret)+20)])
			}
		}
	}
	return nil
}

// The run of all stories ends with the same look; this one first does what might make a program talk, and makes sure that
// the look sees logs, traces and metrics at all.
func TestSecrets_StandInNoOutput(t *testing.T) {
	t.Parallel()
	paid := order{id: "secrets", key: "secrets-1", coupon: tok, point: "gz1;reserve=ok", charge: "gz1;charge=silent:after"}
	first := paid.pay(t, system.apis[0])
	first.expect(t, 202, "PROCESSING")
	judge(t, first.view.ID, "PAID")
	broken := order{id: "secrets-2", key: "secrets-2", point: strings.Repeat(tok, 40), charge: tok} // too long, and refused
	broken.pay(t, system.apis[0]).expectProblem(t, 400, "invalid-request")
	declined := order{id: "secrets-3", key: "secrets-3", charge: "gz1;charge=garbage,decline:stolen;inquiry=500,garbage,ok"}
	answer := declined.pay(t, system.apis[1], "Prefer", "respond-async")
	answer.expect(t, 202, "ACCEPTED")
	get(t, system.apis[0], first.view.ID, keyA+"x").expectProblem(t, 401, "unauthorized")
	get(t, system.apis[0], keyA, keyA) // a key where an id belongs
	cancel(t, system.apis[0], first.view.ID, "secrets-c", `{"reason":"as asked"}`)
	for _, args := range [][]string{{"dlq", "list"}, {"callback", "list"}, {"review", "list", "--json"}, {"review", "settle", first.view.ID, "paid", "--note", "n"}, {"help"}, {"nonsense"}} {
		verb(t, args...)
	}
	eventually(t, "its callback came", func() bool { return len(system.shops[1].about(first.view.ID)) > 0 })
	metrics := ""
	for _, p := range launched() {
		if page := page(t, p.admin+"/metrics"); page != "" {
			told.add("the metrics of "+p.name, []byte(page))
			metrics += page
		}
	}
	if !strings.Contains(metrics, "gazua_callbacks_delivered") {
		t.Error("the metrics say nothing of callbacks: are these the programs' pages?")
	}
	eventually(t, "logs and traces speak of the payment", func() bool {
		all, err := everythingSaid()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, s := range all {
			if bytes.Contains(s.text, []byte(first.view.ID)) {
				kind, _, _ := strings.Cut(s.where, " of ")
				seen[kind] = true
			}
		}
		return seen["the log"] && seen["an export to /v1/traces"] && seen["a callback's body"]
	})
	if err := nothingTold(); err != nil {
		t.Error(err)
	}
}

// page reads a page of a program that may have ended meanwhile.
func page(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return string(text)
}
