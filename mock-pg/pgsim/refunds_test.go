package pgsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

func refund(name, original string, amount int) string {
	return fmt.Sprintf(`{"reference":%q,"original":%q,"amount":%d,"currency":"KRW"}`, name, original, amount)
}

func TestRefund_TheAnswerCarriesWhatWasBooked(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	m := start(t, pgsim.Options{Now: func() time.Time { return at }})
	m.must("/pg/v1/charge", body("123.3", "tok"))
	want := map[string]any{
		"result": "refunded", "reference": "123.3.1", "transaction_id": "t-2", "amount": 5000.0, "currency": "KRW", "booked_at": "2026-01-02T03:04:05.000000678Z",
	}
	for range 2 {
		if status, got := m.must("/pg/v1/refund", refund("123.3.1", "123.3", 5000)); status != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d %v\nwant %v", status, got, want)
		}
	}
	if _, got := m.must("/pg/v1/refund", refund("123.3.2", "123.3", 15001)); got["result"] != "refused" || got["code"] != "exceeds" {
		t.Errorf("more than is left: %v", got)
	}
	if _, got := m.must("/pg/v1/void", `{"reference":"123.3"}`); got["code"] != "refunded" {
		t.Errorf("void: %v", got)
	}
	if _, got := m.must("/pg/v1/inquiry", `{"reference":"123.3"}`); got["refunded"] != 5000.0 || got["status"] != "CAPTURED" || got["live"] != 1.0 {
		t.Errorf("inquiry: %v", got)
	}
	_, text := m.admin("/book?from=1")
	const order = `"order_id":"o-1","merchant":"1","amount":`
	wantBook := `{"seq":2,"at":"2026-01-02T03:04:05.000000678Z","means":"PG","op":"refund","effect":"refunded","reference":"123.3.1","original":"123.3",` +
		order + `5000,"currency":"KRW","transaction_id":"t-2","nth":1}` + "\n" +
		`{"seq":3,"at":"2026-01-02T03:04:05.000000678Z","means":"PG","op":"refund","effect":"refused","reference":"123.3.2","original":"123.3",` +
		order + `15001,"currency":"KRW","transaction_id":"","code":"exceeds","nth":1}` + "\n"
	if got := strings.SplitAfter(text, "\n"); len(got) < 2 || got[0]+got[1] != wantBook {
		t.Errorf("booked %s\nwant   %s", text, wantBook)
	}
	_, stats := m.admin("/stats")
	for _, count := range []string{`"PG/refund/refunded":1`, `"PG/refund/repeated":1`, `"PG/refund/refused":1`} {
		if !strings.Contains(stats, count) {
			t.Errorf("%s is not in %s", count, stats)
		}
	}
}

// The book that others read has no tokens. The file has them: scripts go on after a restart, those of refunds too.
func TestBook_IsReadWithoutTokens_AndStillHasThem(t *testing.T) {
	dir := t.TempDir()
	const token = "gz1;refund=decline:first_asked,silent:after"
	m := start(t, pgsim.Options{BookDir: dir})
	m.must("/pg/v1/charge", body("1.1", token))
	m.must("/pg/v1/charge", body("2.1", "tok_of_a_card"))
	m.must("/pg/v1/refund", refund("1.1.1", "1.1", 100))
	_, text := m.admin("/book?from=0")
	if strings.Contains(text, "token") || strings.Contains(text, "gz1") {
		t.Errorf("a token is read: %s", text)
	}
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if n := strings.Count(text, "\n"); n != 3 {
		t.Errorf("%d lines, want 3", n)
	}
	m.stop()
	file, err := os.ReadFile(filepath.Join(dir, "book.jsonl"))
	if err != nil || !strings.Contains(string(file), `"token":"`+token+`"}`) {
		t.Errorf("the file has no token any more (%v): %s", err, file)
	}
	m = start(t, pgsim.Options{BookDir: dir})
	if _, got := m.must("/pg/v1/refund", refund("1.1.2", "1.1", 100)); got["code"] != "first_asked" {
		t.Errorf("the script is forgotten: %v", got)
	}
}

func TestStatement_IsServedWithItsEnd(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 1, 2, 14, 59, 59, 0, time.UTC).UnixNano()) // a second before midnight in Seoul
	m := start(t, pgsim.Options{Now: func() time.Time { return time.Unix(0, now.Load()) }})
	for i := range 300 {
		m.must("/pg/v1/charge", body(fmt.Sprintf("%d.1", i), "tok"))
	}
	now.Add(int64(time.Second))
	m.must("/pg/v1/refund", refund("7.1.1", "7.1", 30))
	for query, want := range map[string]string{
		"/pg/v1/statement?date=2026-01-02":     `{"kind":"end","count":300,"sum_captures":6000000,"sum_refunds":0}`,
		"/pg/v1/statement?date=2026-01-03":     `{"kind":"end","count":1,"sum_captures":0,"sum_refunds":30}`,
		"/point/v1/statement?date=2026-01-02":  `{"kind":"end","count":0,"sum_captures":0,"sum_refunds":0}`,
		"/coupon/v1/statement?date=2026-01-02": `{"kind":"end","count":0,"sum_captures":0,"sum_refunds":0}`,
	} {
		status, kind, text := m.get(query)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if status != 200 || kind != "application/x-ndjson" || lines[len(lines)-1] != want {
			t.Errorf("%s: %d %s %s", query, status, kind, lines[len(lines)-1])
		}
	}
	for _, query := range []string{"", "?date=", "?date=today", "?date=2026-02-30"} {
		if status, _, text := m.get("/pg/v1/statement" + query); status != 400 || !strings.Contains(text, "2026-01-31") {
			t.Errorf("%q: %d %s", query, status, text)
		}
	}
}

// A reader who leaves in the middle costs nobody anything: goleak sees what would stay behind.
func TestStatement_AReaderThatLeavesIsNotWaitedFor(t *testing.T) {
	m := start(t, pgsim.Options{})
	for i := range 3000 {
		m.must("/pg/v1/charge", body(fmt.Sprintf("%d.1", i), "tok"))
	}
	today := time.Now().In(time.FixedZone("Seoul", 9*3600)).Format(time.DateOnly)
	res, err := m.client.Get(m.server.URL() + "/pg/v1/statement?date=" + today)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(res.Body, make([]byte, 100))
	_ = res.Body.Close()
	m.stop()
}

// get reads a page of the port of payments.
func (m *mock) get(path string) (status int, contentType, text string) {
	m.t.Helper()
	res, err := m.client.Get(m.server.URL() + path)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(raw)
}

func TestStart_AProfileThatIsNoneIsNamed(t *testing.T) {
	for want, o := range map[string]pgsim.Options{
		`no PG profile "best"`:  {PGProfile: "best"},
		"late bound of -1s":     {PGProfile: pgsim.ProfileBound, PGLateBound: -time.Second},
		"there are tombstone a": {PGProfile: "Bound"},
	} {
		o.BookDir = t.TempDir()
		if server, err := pgsim.Start(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: started %v, error %v", want, server != nil, err)
		}
	}
	if !slices.Equal(pgsim.Profiles, []string{"tombstone", "bound"}) {
		t.Errorf("profiles %v", pgsim.Profiles)
	}
}
