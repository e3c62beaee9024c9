package pgsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

// ask sends a request to the admin port.
func (m *mock) ask(method, path, text string) (int, string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.server.AdminURL()+path, strings.NewReader(text))
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := m.client.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode, readAll(m.t, res)
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func reserve(reference, token string) string {
	return fmt.Sprintf(`{"reference":%q,"order_id":"o-1","merchant":"1","amount":100,"currency":"KRW","token":%q,"ttl_seconds":600}`, reference, token)
}

func TestBalances_AreSetAndTold_AndSurviveACrash(t *testing.T) {
	dir := t.TempDir()
	m := start(t, pgsim.Options{BookDir: dir, Instance: "mock-pg-3"})
	status, answer := m.ask(http.MethodPut, "/balances", `{"source":"w-1","balance":150}
		{"means":"COUPON","source":"c-1","balance":0} {"source":"w-2","currency":"USD","balance":7}`)
	if status != 200 || answer != `{"seq":3,"instance":"mock-pg-3"}`+"\n" {
		t.Fatalf("%d %s", status, answer)
	}
	if _, got := m.must("/point/v1/reserve", reserve("1.1", "gz1.w-1;seed=4")); got["result"] != "held" {
		t.Errorf("%v", got)
	}
	if _, got := m.must("/point/v1/reserve", reserve("2.1", "gz1.w-1")); got["result"] != "declined" || got["code"] != "insufficient_balance" {
		t.Errorf("%v", got)
	}
	const want = `{"means":"COUPON","source":"c-1","currency":"KRW","balance":0,"held":0,"spent":0,"refunded":0,"funded":0}
{"means":"POINT","source":"w-1","currency":"KRW","balance":50,"held":100,"spent":0,"refunded":0,"funded":150}
{"means":"POINT","source":"w-2","currency":"USD","balance":7,"held":0,"spent":0,"refunded":0,"funded":7}
`
	if _, got := m.admin("/balances"); got != want {
		t.Errorf("told\n%swant\n%s", got, want)
	}
	_, shot := m.admin("/snapshot")
	copied := filepath.Join(t.TempDir(), "copy") // what a kill -9 leaves behind
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	again := start(t, pgsim.Options{BookDir: copied, Instance: "mock-pg-3"})
	if _, got := again.admin("/balances"); got != want {
		t.Errorf("after the crash\n%s", got)
	}
	if _, got := again.admin("/snapshot"); got != shot {
		t.Errorf("after the crash\n%s\nbefore\n%s", got, shot)
	}
}

func TestBalances_AMistakeInOneLine_SetsNone(t *testing.T) {
	m := start(t, pgsim.Options{})
	good := `{"source":"w-1","balance":150}`
	for text, mention := range map[string]string{
		"":                                                        "there is no balance",
		good + `{"source":"w-2"}`:                                 "balance 2: balance must be from 0",
		good + `{"balance":1}`:                                    "balance 2: source",
		good + `{"source":"W","balance":1}`:                       "balance 2: source",
		good + `{"source":"w","balance":-1}`:                      "balance 2: balance",
		good + `{"source":"w","balance":1.5}`:                     "balance 2 is not the JSON",
		good + `{"source":"w","balance":1,"amount":1}`:            "balance 2 is not the JSON",
		good + `{"source":"w","balance":1,"means":"PG"}`:          "balance 2: means",
		good + `{"source":"w","balance":1,"currency":"won"}`:      "balance 2: currency",
		good + `{"source":"w","balance":1`:                        "balance 2 is not the JSON",
		strings.Repeat(good, 100_001):                             "more than 100000",
		good + `{"source":"` + strings.Repeat("x", 17<<20) + `"}`: "too large",
	} {
		if status, answer := m.ask(http.MethodPut, "/balances", text); status != 400 || !strings.Contains(answer, mention) {
			t.Errorf("%.60s: %d %s, want a 400 that says %q", text, status, answer, mention)
		}
	}
	if _, got := m.admin("/position"); got != `{"seq":0,"instance":""}`+"\n" {
		t.Errorf("something was booked: %s", got)
	}
}

func TestSnapshot_TellsWhatIsThere(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m := start(t, pgsim.Options{Now: func() time.Time { return at }, Instance: "mock-pg-1"})
	m.must("/pg/v1/charge", body("7.1", "gz1.c-1"))
	m.must("/pg/v1/refund", `{"reference":"7.1.1","original":"7.1","amount":500,"currency":"KRW"}`)
	m.must("/pg/v1/charge", body("8.1", "tok"))
	m.must("/pg/v1/void", `{"reference":"8.1"}`)
	m.must("/pg/v1/charge", body("9.1", "tok"))
	m.must("/pg/v1/refund", `{"reference":"9.1.1","original":"9.1","amount":20000,"currency":"KRW"}`)
	m.must("/point/v1/reserve", reserve("7.2", "gz1.w-1"))
	const want = `{"kind":"snapshot","seq":7,"instance":"mock-pg-1"}
{"kind":"wallet","means":"POINT","source":"w-1","currency":"KRW","balance":null,"held":100,"spent":0,"refunded":0,"funded":null}
{"kind":"live","means":"PG","reference":"7.1","transaction_id":"t-1","order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","booked_at":"2026-01-02T03:04:05Z","refunded":500}
{"kind":"hold","means":"POINT","reference":"7.2","transaction_id":"t-7","order_id":"o-1","merchant":"1","amount":100,"currency":"KRW","booked_at":"2026-01-02T03:04:05Z","expires_at":"2026-01-02T03:14:05Z","source":"w-1"}
{"kind":"end","wallets":1,"holds":1,"live":1}
`
	if _, got := m.admin("/snapshot"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestReset_BeginsAsIfNothingHadBeen(t *testing.T) {
	dir := t.TempDir()
	m := start(t, pgsim.Options{BookDir: dir, Instance: "mock-pg-2"})
	m.ask(http.MethodPut, "/balances", `{"source":"w-1","balance":100}`)
	m.must("/pg/v1/charge", body("1.1", "tok"))
	m.must("/pg/v1/net-cancel", `{"reference":"2.1"}`)
	m.must("/point/v1/reserve", reserve("3.1", "gz1.w-1"))
	m.must("/pg/v1/refund", `{"reference":"1.1.1","original":"1.1","amount":30,"currency":"KRW"}`)
	before, err := os.ReadFile(filepath.Join(dir, "book.jsonl"))
	if err != nil || len(before) == 0 {
		t.Fatal(err)
	}
	var page struct {
		Seq      uint64
		Instance string
		Aside    string   `json:"book_set_aside"`
		Removed  []string `json:"books_removed"`
	}
	eventually(t, "the requests have been answered", func() bool {
		status, answer := m.ask(http.MethodPost, "/reset", "")
		if status == 409 {
			return false // the last answer is on its way, and its request still counts
		}
		if err := json.Unmarshal([]byte(answer), &page); err != nil || status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
		return true
	})
	if kept, err := os.ReadFile(filepath.Join(dir, page.Aside)); err != nil || string(kept) != string(before) || page.Instance != "mock-pg-2" || page.Seq != 0 || len(page.Removed) != 0 {
		t.Errorf("%+v kept %q, %v", page, kept, err)
	}
	for path, want := range map[string]string{
		"/position": `{"seq":0,"instance":"mock-pg-2"}` + "\n", "/book?from=0": "", "/balances": "",
		"/snapshot": `{"kind":"snapshot","seq":0,"instance":"mock-pg-2"}` + "\n" + `{"kind":"end","wallets":0,"holds":0,"live":0}` + "\n",
	} {
		if _, got := m.admin(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if _, got := m.must("/pg/v1/inquiry", `{"reference":"1.1"}`); got["result"] != "not_found" {
		t.Errorf("the old charge is still there: %v", got)
	}
	if _, got := m.must("/pg/v1/charge", body("2.1", "tok")); got["result"] != "approved" || got["transaction_id"] != "t-1" {
		t.Errorf("behind a forgotten tombstone: %v", got)
	}
	if _, got := m.must("/pg/v1/refund", `{"reference":"1.1.1","original":"2.1","amount":30,"currency":"KRW"}`); got["result"] != "refunded" {
		t.Errorf("a forgotten refund's name: %v", got)
	}
	m.stop()
	again := start(t, pgsim.Options{BookDir: dir})
	if _, got := again.admin("/position"); got != `{"seq":2,"instance":""}`+"\n" {
		t.Errorf("after a restart: %s", got)
	}
}

// What is being answered speaks of the old book; so nothing may be, unless the operator insists.
func TestReset_IsRefusedWhileSomebodyWaits(t *testing.T) {
	for name, token := range map[string]string{"held by a fault": "gz1;charge=silent:after", "late": "gz1;charge=late/30s", "delayed": "gz1;charge=ok@fixed/5s"} {
		t.Run(name, func(t *testing.T) {
			m := start(t, pgsim.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			left := make(chan struct{})
			go func() {
				defer close(left)
				_, _, _ = m.post(ctx, "/pg/v1/charge", body("1.1", token))
			}()
			eventually(t, "the request is there", func() bool {
				status, _ := m.ask(http.MethodPost, "/reset", "")
				return status == 409
			})
			for range 3 {
				if status, answer := m.ask(http.MethodPost, "/reset", ""); status != 409 || !strings.Contains(answer, "wait for them, or force the reset") {
					t.Fatalf("%d %s", status, answer)
				}
			}
			if status, answer := m.ask(http.MethodPost, "/reset?force=1", ""); status != 200 {
				t.Errorf("forced: %d %s", status, answer)
			}
			if status, _ := m.ask(http.MethodPost, "/reset?force=yes", ""); status != 400 {
				t.Errorf("force=yes: %d", status)
			}
			cancel()
			<-left
		})
	}
}

func TestDeduplicate_TheFirstResultIsTheResult_AndNothingIsBooked(t *testing.T) {
	m := start(t, pgsim.Options{Deduplicate: true})
	_, first := m.must("/pg/v1/charge", body("1.1", "tok"))
	_, second := m.must("/pg/v1/charge", body("1.1", "tok"))
	if fmt.Sprint(first) != fmt.Sprint(second) || first["result"] != "approved" {
		t.Errorf("%v, then %v", first, second)
	}
	_, declined := m.must("/pg/v1/charge", body("2.1", "gz1;charge=decline:no_funds,ok"))
	_, again := m.must("/pg/v1/charge", body("2.1", "gz1;charge=decline:no_funds,ok"))
	if fmt.Sprint(declined) != fmt.Sprint(again) || declined["code"] != "no_funds" {
		t.Errorf("%v, then %v", declined, again)
	}
	m.must("/pg/v1/net-cancel", `{"reference":"1.1"}`)
	if _, got := m.must("/pg/v1/charge", body("1.1", "tok")); got["code"] != "tombstoned" {
		t.Errorf("behind a tombstone: %v", got)
	}
	if got := strings.Join(append(m.booked("1.1"), m.booked("2.1")...), ", "); got != "charge charged, net-cancel voided, net-cancel canceled, charge refused, charge declined" {
		t.Errorf("booked %s", got)
	}
}

func TestRouteKey_RequestsWithoutOneAreCounted(t *testing.T) {
	m := start(t, pgsim.Options{Instance: "mock-pg-4"})
	m.must("/pg/v1/charge", body("1.1", "tok"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.server.URL()+"/pg/v1/charge", strings.NewReader(body("2.1", "tok")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Route-Key", "tok")
	res, err := m.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = readAll(t, res)
	_ = res.Body.Close()
	var page struct {
		Instance string
		Without  int `json:"without_route_key"`
	}
	_, text := m.admin("/stats")
	if err := json.Unmarshal([]byte(text), &page); err != nil || page.Instance != "mock-pg-4" || page.Without != 1 {
		t.Errorf("%+v %v: %s", page, err, text)
	}
}
