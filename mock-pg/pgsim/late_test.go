package pgsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

// eventually polls until ok, and gives up after a while.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// held is how many connections the mock has taken over.
func (m *mock) held() int {
	m.t.Helper()
	var page struct {
		Held int `json:"held_connections"`
	}
	_, text := m.admin("/stats")
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		m.t.Fatal(err)
	}
	return page.Held
}

type outcome struct {
	fields map[string]any
	err    error
	took   time.Duration
}

// inBackground sends a request, and returns when the mock has it and holds it.
func (m *mock) inBackground(ctx context.Context, path, text string) <-chan outcome {
	m.t.Helper()
	before, out := m.held(), make(chan outcome, 1)
	go func() {
		sent := time.Now()
		_, fields, err := m.post(ctx, path, text)
		out <- outcome{fields, err, time.Since(sent)}
	}()
	eventually(m.t, "the request is held", func() bool { return m.held() > before })
	return out
}

func TestLate_ANetCancelOvertakesTheCharge(t *testing.T) {
	for _, c := range []struct {
		options pgsim.Options
		token   string
		want    string // of the charge
		live    any    // by the inquiry after it
		booked  []string
	}{
		{pgsim.Options{}, "gz1;charge=late/400ms", "refused tombstoned", nil, []string{"net-cancel canceled", "charge refused"}},
		{pgsim.Options{PGProfile: pgsim.ProfileBound}, "gz1;charge=late/400ms", "approved", 1.0, []string{"net-cancel canceled", "charge charged"}},
		{
			pgsim.Options{PGProfile: pgsim.ProfileBound, PGLateBound: 100 * time.Millisecond},
			"gz1;charge=late/400ms",
			"refused too_late", nil,
			[]string{"net-cancel canceled", "charge refused"},
		},
	} {
		m := start(t, c.options)
		charge := m.inBackground(t.Context(), "/pg/v1/charge", body("1.1", c.token))
		if _, got := m.must("/pg/v1/inquiry", `{"reference":"1.1"}`); got["result"] != "not_found" {
			t.Errorf("before it arrived: %v", got)
		}
		if _, got := m.must("/pg/v1/net-cancel", `{"reference":"1.1"}`); got["result"] != "canceled" || got["voided"] != 0.0 {
			t.Errorf("net-cancel: %v", got)
		}
		got := <-charge
		result, _ := got.fields["result"].(string)
		if code, refused := got.fields["code"].(string); refused {
			result += " " + code
		}
		if result != c.want || got.took < 400*time.Millisecond || got.err != nil {
			t.Errorf("%+v: the charge after %s: %v %v, want %s", c.options, got.took, got.fields, got.err, c.want)
		}
		if _, found := m.must("/pg/v1/inquiry", `{"reference":"1.1"}`); found["live"] != c.live {
			t.Errorf("%+v: afterwards %v, want live %v", c.options, found, c.live)
		}
		if got := m.booked("1.1"); !slices.Equal(got, c.booked) {
			t.Errorf("%+v: booked %v, want %v", c.options, got, c.booked)
		}
	}
}

func TestLate_TheClientThatHasGoneIsChargedAllTheSame(t *testing.T) {
	m := start(t, pgsim.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	sent := time.Now()
	charge := m.inBackground(ctx, "/pg/v1/charge", body("1.1", "gz1;charge=late/300ms@fixed/20s"))
	cancel()
	if got := <-charge; !errors.Is(got.err, context.Canceled) {
		t.Errorf("answered %v, %v", got.fields, got.err)
	}
	eventually(t, "the charge is booked", func() bool { return len(m.booked("1.1")) == 1 })
	if took := time.Since(sent); took < 300*time.Millisecond {
		t.Errorf("booked after %s", took)
	}
	eventually(t, "the connection is given back, without the delay of an answer to nobody", func() bool { return m.held() == 0 })
}

// The answer of a late charge ends its connection, and says so: a client must not send its next request into it.
func TestLate_TheAnswerAndItsDelay_ThenTheConnectionIsClosed(t *testing.T) {
	m := start(t, pgsim.Options{})
	sent := time.Now()
	res, err := m.client.Post(m.server.URL()+"/pg/v1/charge", "application/json", strings.NewReader(body("1.1", "gz1;charge=late/50ms@fixed/60ms")))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if took := time.Since(sent); took < 110*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
	if res.StatusCode != http.StatusOK || !res.Close || !strings.HasPrefix(string(text), `{"result":"approved","reference":"1.1","transaction_id":"t-1"`) {
		t.Errorf("%d %s, close %t", res.StatusCode, text, res.Close)
	}
	_, stats := m.admin("/stats")
	if !strings.Contains(stats, `"late":1`) || !strings.Contains(stats, `"PG/charge/approved":1`) {
		t.Errorf("stats: %s", stats)
	}
}

func TestStop_ForgetsWhatIsLate_AndDoesNotWaitForIt(t *testing.T) {
	dir := t.TempDir()
	m := start(t, pgsim.Options{BookDir: dir})
	waiting := m.inBackground(t.Context(), "/pg/v1/charge", body("1.1", "gz1;charge=late/30s"))
	ctx, leave := context.WithCancel(t.Context())
	gone := m.inBackground(ctx, "/pg/v1/charge", body("2.1", "gz1;charge=late/30s"))
	leave()
	<-gone
	answering := m.inBackground(t.Context(), "/pg/v1/charge", body("3.1", "gz1;charge=late/1ms@fixed/30s"))
	eventually(t, "the third has arrived", func() bool { return len(m.booked("3.1")) == 1 })
	began := time.Now()
	m.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
	for _, c := range []<-chan outcome{waiting, answering} {
		if got := <-c; got.err == nil {
			t.Errorf("answered %v by a mock that has stopped", got.fields)
		}
	}
	m = start(t, pgsim.Options{BookDir: dir})
	for reference, want := range map[string]int{"1.1": 0, "2.1": 0, "3.1": 1} {
		if got := m.booked(reference); len(got) != want {
			t.Errorf("%s: booked %v", reference, got)
		}
	}
}

// A late request costs a goroutine, as a silent one does, and nothing of the HTTP server.
func TestLate_CostsWhatSilenceCosts(t *testing.T) {
	const many = 200
	for _, token := range []string{"gz1;charge=silent", "gz1;charge=late/20s"} {
		m := start(t, pgsim.Options{})
		before := runtime.NumGoroutine()
		for n := range many {
			conn, err := net.Dial("tcp", strings.TrimPrefix(m.server.URL(), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			text := body(fmt.Sprintf("%d.1", n), token)
			if _, err := fmt.Fprintf(conn, "POST /pg/v1/charge HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(text), text); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, token+": all are held, each by one goroutine, and the server has forgotten them", func() bool {
			_, stats := m.admin("/stats")
			return m.held() == many && runtime.NumGoroutine()-before <= many+many/10 && strings.Contains(stats, `"open_connections":0,`)
		})
	}
}

func TestGate_HeldConnectionsCount_AndWhoIsTooManyIsAnswered503(t *testing.T) {
	m := start(t, pgsim.Options{MaxConnections: 3})
	ctx, leave := context.WithCancel(t.Context())
	for n := range 3 {
		m.inBackground(ctx, "/pg/v1/charge", body(fmt.Sprintf("%d.1", n), "gz1;charge=silent:before"))
	}
	// The 503 leaves before the request is read, so some clients see a connection that was closed instead.
	if got := m.look("/pg/v1/charge", body("4.1", "tok"), 5*time.Second); got.status != http.StatusServiceUnavailable && got.cause == "" {
		t.Errorf("the fourth sees %+v", got)
	}
	if _, stats := m.admin("/stats"); !strings.Contains(stats, `"503 Service Unavailable":1`) || !strings.Contains(stats, `"max_connections":3`) {
		t.Errorf("stats: %s", stats)
	}
	if got := m.booked("4.1"); len(got) != 0 || m.held() != 3 {
		t.Errorf("booked %v, %d held", got, m.held())
	}
	leave()
	eventually(t, "they have left", func() bool { return m.held() == 0 })
	if status, got := m.must("/pg/v1/charge", body("4.1", "tok")); status != 200 {
		t.Errorf("with room again: %d %v", status, got)
	}
}
