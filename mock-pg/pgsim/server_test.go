package pgsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/mock-pg/pgsim"
)

func TestMain(m *testing.M) {
	// fasthttp keeps one goroutine for the whole process, which writes the Date header's text once a second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// mock is a running server and a client of its own.
type mock struct {
	t      *testing.T
	server *pgsim.Server
	client *http.Client
}

func start(t *testing.T, o pgsim.Options) *mock {
	t.Helper()
	if o.BookDir == "" {
		o.BookDir = t.TempDir()
	}
	server, err := pgsim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	m := &mock{t: t, server: server, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(func() {
		m.client.CloseIdleConnections()
		m.stop()
	})
	return m
}

func (m *mock) stop() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := m.server.Stop(ctx); err != nil {
		m.t.Errorf("stop: %v", err)
	}
}

func body(reference, token string) string {
	return fmt.Sprintf(`{"reference":%q,"order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","token":%q}`, reference, token)
}

// post sends one request and returns the status and the answer's fields.
func (m *mock) post(ctx context.Context, path, text string) (int, map[string]any, error) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.server.URL()+path, strings.NewReader(text))
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := m.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		m.t.Errorf("%s answered %q: %v", path, raw, err)
	}
	return res.StatusCode, fields, nil
}

// must is post for requests that are answered.
func (m *mock) must(path, text string) (int, map[string]any) {
	m.t.Helper()
	status, fields, err := m.post(m.t.Context(), path, text)
	if err != nil {
		m.t.Fatal(err)
	}
	return status, fields
}

// admin reads a page of the admin port.
func (m *mock) admin(path string) (int, string) {
	m.t.Helper()
	res, err := m.client.Get(m.server.AdminURL() + path)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// booked is "op effect" of every entry of a reference.
func (m *mock) booked(reference string) (all []string) {
	m.t.Helper()
	_, text := m.admin("/book?from=0")
	for line := range strings.Lines(text) {
		var e struct{ Op, Effect, Reference string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			m.t.Fatal(err)
		}
		if e.Reference == reference {
			all = append(all, e.Op+" "+e.Effect)
		}
	}
	return all
}

func TestCharge_TheAnswerCarriesWhatWasBooked(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	m := start(t, pgsim.Options{Now: func() time.Time { return at }})
	status, got := m.must("/pg/v1/charge", body("123.3", "tok"))
	want := map[string]any{
		"result": "approved", "reference": "123.3", "transaction_id": "t-1", "amount": 20000.0, "currency": "KRW", "booked_at": "2026-01-02T03:04:05.000000678Z",
	}
	if status != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d %v\nwant %v", status, got, want)
	}
	_, line := m.admin("/book?from=0")
	const entry = `{"seq":1,"at":"2026-01-02T03:04:05.000000678Z","means":"PG","op":"charge","effect":"charged","reference":"123.3",` +
		`"order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","transaction_id":"t-1","nth":1}` + "\n"
	if line != entry {
		t.Errorf("booked %s\nwant   %s", line, entry)
	}
}

func TestCharge_SentTwice_IsChargedTwice(t *testing.T) {
	m := start(t, pgsim.Options{})
	_, first := m.must("/pg/v1/charge", body("1.1", "tok"))
	_, second := m.must("/pg/v1/charge", body("1.1", "tok"))
	if first["transaction_id"] == second["transaction_id"] || second["result"] != "approved" {
		t.Errorf("%v, then %v: a double charge is hidden", first, second)
	}
	if _, found := m.must("/pg/v1/inquiry", `{"reference":"1.1"}`); found["live"] != 2.0 {
		t.Errorf("inquiry: %v, want live 2", found)
	}
	if _, canceled := m.must("/pg/v1/net-cancel", `{"reference":"1.1"}`); canceled["voided"] != 2.0 {
		t.Errorf("net-cancel: %v, want voided 2", canceled)
	}
}

func TestSilent_AfterTheBooking_IsBookedAndNeverAnswered(t *testing.T) {
	for _, c := range []struct {
		token, reference string
		booked           int
	}{{"gz1;charge=silent:after", "1.1", 1}, {"gz1;charge=silent:before", "2.1", 0}} {
		t.Run(c.token, func(t *testing.T) {
			m := start(t, pgsim.Options{})
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, got, err := m.post(ctx, "/pg/v1/charge", body(c.reference, c.token)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("answered %v, %v; want the client's own time-out", got, err)
			}
			if got := m.booked(c.reference); len(got) != c.booked {
				t.Errorf("booked %v, want %d entries", got, c.booked)
			}
		})
	}
}

func TestReset_TheClientSeesECONNRESET(t *testing.T) {
	for token, booked := range map[string]int{"gz1;charge=reset:after": 1, "gz1;charge=reset": 0} {
		t.Run(token, func(t *testing.T) {
			m := start(t, pgsim.Options{})
			if _, got, err := m.post(t.Context(), "/pg/v1/charge", body("1.1", token)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("answered %v, %v; want ECONNRESET", got, err)
			}
			if got := m.booked("1.1"); len(got) != booked {
				t.Errorf("booked %v, want %d entries: net/http must not have sent it twice, too", got, booked)
			}
		})
	}
}

func TestDelay_IsAtLeastWhatIsAskedFor_AndThatIsNotCountedAsAdded(t *testing.T) {
	m := start(t, pgsim.Options{})
	var running sync.WaitGroup
	for i := range 20 {
		running.Go(func() {
			delay := time.Duration(20+5*i) * time.Millisecond
			sent := time.Now()
			m.must("/pg/v1/charge", body(fmt.Sprintf("%d.1", i), "gz1;charge=ok@fixed/"+delay.String()))
			if took := time.Since(sent); took < delay || took > delay+2*time.Second {
				t.Errorf("asked for %s, took %s", delay, took)
			}
		})
	}
	running.Wait()
	var page struct {
		Added struct {
			Count int
			P50   float64 `json:"p50_ms"`
		} `json:"added_latency"`
		Counts map[string]int
	}
	_, text := m.admin("/stats")
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	if page.Added.Count != 20 || page.Added.P50 > 19 || page.Counts["PG/charge/approved"] != 20 {
		t.Errorf("stats: %s", text)
	}
}

func TestExpiry_AHoldThatRanOutIsRefused_AndBookedByTheSweeper(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	m := start(t, pgsim.Options{Now: func() time.Time { return time.Unix(0, now.Load()) }, SweepEvery: 5 * time.Millisecond})
	for _, reference := range []string{"1.1", "1.2"} {
		_, got := m.must("/point/v1/reserve", strings.Replace(body(reference, "tok"), "{", `{"ttl_seconds":60,`, 1))
		if got["result"] != "held" || got["expires_at"] != "2026-01-02T03:05:05Z" {
			t.Errorf("reserve: %v", got)
		}
	}
	now.Add(int64(time.Minute))
	if _, got := m.must("/point/v1/confirm", `{"reference":"1.1"}`); got["code"] != "expired" {
		t.Errorf("confirm after its time: %v", got)
	}
	deadline := time.Now().Add(5 * time.Second)
	for len(m.booked("1.2")) < 2 {
		if time.Now().After(deadline) {
			t.Fatalf("nobody touched 1.2, and it was never booked as expired: %v", m.booked("1.2"))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestRequest_WhatIsWrongIsAnsweredClearly(t *testing.T) {
	m := start(t, pgsim.Options{MaxBodyBytes: 2048})
	good := body("1.1", "tok")
	for _, c := range []struct {
		path, body string
		status     int
		message    string
	}{
		{"/pg/v1/confirm", good, 404, "no such operation"},
		{"/pg/v1/refund", good, 400, "original"},
		{"/pg/v1/refund", strings.Replace(good, "{", `{"original":"1.1",`, 1), 400, "own"},
		{"/point/v1/refund", strings.Replace(good, "{", `{"original":"1\n1",`, 1), 400, "original"},
		{"/coupon/v1/refund", `{"reference":"1.1.1","original":"1.1","amount":0,"currency":"KRW"}`, 400, "amount"},
		{"/coupon/v1/refund", `{"reference":"1.1.1","original":"1.1","amount":1,"currency":""}`, 400, "currency"},
		{"/pg/v1/statement", "{}", 405, "GET"},
		{"/pg/v1/charge/", good, 404, "no such operation"},
		{"/point/v1/charge", good, 404, "no such operation"},
		{"/pg/v1/charge", "", 400, "JSON"},
		{"/pg/v1/charge", good + "x", 400, "JSON"},
		{"/pg/v1/charge", `["a"]`, 400, "JSON"},
		{"/pg/v1/charge", strings.Replace(good, "20000", "20000.5", 1), 400, "JSON"},
		{"/pg/v1/charge", strings.Replace(good, "20000", "0", 1), 400, "amount"},
		{"/pg/v1/charge", strings.Replace(good, "20000", "-5", 1), 400, "amount"},
		{"/pg/v1/charge", strings.Replace(good, "20000", "1000000000001", 1), 400, "amount"},
		{"/pg/v1/charge", strings.Replace(good, "KRW", "krw", 1), 400, "currency"},
		{"/pg/v1/charge", strings.Replace(good, "o-1", "", 1), 400, "order_id"},
		{"/pg/v1/charge", strings.Replace(good, `"merchant":"1"`, `"merchant":"a b"`, 1), 400, "merchant"},
		{"/pg/v1/charge", body(strings.Repeat("1", 129), "tok"), 400, "reference"},
		{"/pg/v1/charge", body(`1"}`, "tok"), 400, "reference"},
		{"/pg/v1/charge", body("1.1", strings.Repeat("t", 513)), 400, "token"},
		{"/pg/v1/charge", body("1.1", "a b"), 400, "token"},
		{"/pg/v1/charge", body("1.1", `a"b`), 400, "token"},
		{"/pg/v1/charge", body("1.1", "gz1;charge=hang"), 400, "hang"},
		{"/pg/v1/charge", body("1.1", strings.Repeat("t", 4096)), 413, "2048 bytes"},
		{"/pg/v1/void", `{}`, 400, "reference"},
		{"/point/v1/reserve", strings.Replace(good, "{", `{"ttl_seconds":-1,`, 1), 400, "ttl_seconds"},
	} {
		status, got := m.must(c.path, c.body)
		if message, _ := got["message"].(string); status != c.status || got["result"] != "invalid" || !strings.Contains(message, c.message) {
			t.Errorf("%s %.60s: %d %v, want %d about %q", c.path, c.body, status, got, c.status, c.message)
		}
	}
	res, err := m.client.Get(m.server.URL() + "/pg/v1/charge")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 405 || res.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
	if got := m.booked("1.1"); len(got) != 0 {
		t.Errorf("booked %v", got)
	}
}

func TestSchedule_RulesWhatBringsNoScript(t *testing.T) {
	m := start(t, pgsim.Options{Schedule: "gz1;charge=decline:by_default"})
	if _, got := m.must("/pg/v1/charge", body("1.1", "tok")); got["code"] != "by_default" {
		t.Errorf("a plain token: %v", got)
	}
	if _, got := m.must("/pg/v1/charge", body("2.1", "gz1;charge=ok")); got["result"] != "approved" {
		t.Errorf("a token with a script: %v", got)
	}
	put := func(text string) int {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, m.server.AdminURL()+"/schedule", bytes.NewBufferString(text))
		res, err := m.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if status := put("gz1;charge=hang"); status != 400 {
		t.Errorf("a faulty schedule: %d", status)
	}
	if status := put("gz1"); status != 204 {
		t.Errorf("a schedule: %d", status)
	}
	if _, got := m.must("/pg/v1/charge", body("3.1", "tok")); got["result"] != "approved" {
		t.Errorf("after the schedule was changed: %v", got)
	}
}

func TestStop_AnswersWhatIsInFlight_AndDropsWhoIsHeld(t *testing.T) {
	m := start(t, pgsim.Options{})
	answered, held := make(chan error, 1), make(chan error, 1)
	go func() {
		_, got, err := m.post(t.Context(), "/pg/v1/charge", body("1.1", "gz1;charge=ok@fixed/300ms"))
		if err == nil && got["result"] != "approved" {
			err = fmt.Errorf("answered %v", got)
		}
		answered <- err
	}()
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, _, err := m.post(ctx, "/pg/v1/charge", body("2.1", "gz1;charge=silent:after"))
		held <- err
	}()
	deadline := time.Now().Add(5 * time.Second)
	for len(m.booked("1.1"))+len(m.booked("2.1")) < 2 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	m.stop()
	if err := <-answered; err != nil {
		t.Errorf("the charge in flight: %v", err)
	}
	if err := <-held; err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the held charge ended with %v, want a closed connection", err)
	}
	if err := m.server.Ready(); err == nil {
		t.Error("a stopped server calls itself ready")
	}
}

func TestRestart_RemembersEverything(t *testing.T) {
	dir := t.TempDir()
	m := start(t, pgsim.Options{BookDir: dir})
	m.must("/pg/v1/charge", body("1.1", "tok"))
	m.must("/pg/v1/net-cancel", `{"reference":"2.1"}`)
	m.must("/point/v1/reserve", body("1.2", "tok"))
	m.stop()
	m = start(t, pgsim.Options{BookDir: dir})
	if _, got := m.must("/pg/v1/inquiry", `{"reference":"1.1"}`); got["status"] != "CAPTURED" || got["transaction_id"] != "t-1" {
		t.Errorf("a charge: %v", got)
	}
	if _, got := m.must("/pg/v1/charge", body("2.1", "tok")); got["code"] != "tombstoned" {
		t.Errorf("a tombstone: %v", got)
	}
	if _, got := m.must("/point/v1/confirm", `{"reference":"1.2"}`); got["result"] != "captured" || got["transaction_id"] != "t-3" {
		t.Errorf("a hold: %v", got)
	}
}

func TestStart_WhatCannotBeUsedIsNamed(t *testing.T) {
	m := start(t, pgsim.Options{})
	taken := strings.TrimPrefix(m.server.URL(), "http://")
	for name, o := range map[string]pgsim.Options{
		"listen for payments":       {BookDir: t.TempDir(), Listen: taken},
		"listen for admin requests": {BookDir: t.TempDir(), AdminListen: taken},
		"schedule":                  {BookDir: t.TempDir(), Schedule: "ok"},
		"make the book's folder":    {BookDir: "/proc/no/such/folder"},
	} {
		if server, err := pgsim.Start(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: started %v, error %v", name, server != nil, err)
		}
	}
}
