package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// order is one payment as a merchant asks for it.
type order struct {
	id, key               string
	coupon, point, charge string // tokens; empty: no such leg
}

const (
	couponAmount, pointAmount, pgAmount = 2000, 3000, 20000

	waitAtMost = 40 * time.Second // for a payment to settle, a rebalance of the workers included
)

func (o order) body() string {
	var legs []string
	amount := 0
	for _, leg := range []struct {
		means, token string
		amount       int
	}{{"COUPON", o.coupon, couponAmount}, {"POINT", o.point, pointAmount}, {"PG", o.charge, pgAmount}} {
		if leg.token != "" {
			legs = append(legs, fmt.Sprintf(`{"means":%q,"amount":%d,"token":%q}`, leg.means, leg.amount, leg.token))
			amount += leg.amount
		}
	}
	return fmt.Sprintf(`{"order_id":%q,"amount":%d,"currency":"KRW","legs":[%s]}`, o.id, amount, strings.Join(legs, ","))
}

// request is the order as the domain takes it.
func (o order) request() *payment.Request {
	var r payment.Request
	if err := json.Unmarshal([]byte(o.body()), &r); err != nil {
		panic(err) // we wrote it
	}
	return &r
}

// answer is what came back; err is set when nothing did.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
	view   struct {
		ID, Reason, Type string
		Status           state
		Payment          string `json:"payment_id"`
		Version          int
		Canceled         int64 `json:"canceled_amount"`
		Legs             []struct{ Means, Status, Code string }
		Seq              int // of a cancellation
		Refunds          []struct {
			Means, Status, Code string
			Amount              int64
		}
	}
}

// state is a payment's status; a problem's, which is a number, is no state.
type state string

func (s *state) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		*s = state(strings.Trim(string(text), `"`))
	}
	return nil
}

func (a answer) slug() string {
	return strings.TrimPrefix(a.view.Type, "https://gazua.example/problems/")
}

// pay sends the request once; header is name, value, name, value.
func (o order) pay(t *testing.T, to *program, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.url+"/v1/payments", strings.NewReader(o.body()))
	if err != nil {
		t.Fatal(err)
	}
	request.GetBody = nil // a merchant's client that repeats by itself would hide what happened
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+keyA)
	request.Header.Set("Idempotency-Key", o.key)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return do(request)
}

// payUntilAnswered repeats with the same key, as a merchant does, until the answer is neither 409 in-progress nor 503.
func (o order) payUntilAnswered(t *testing.T, to *program) answer {
	t.Helper()
	for deadline := time.Now().Add(waitAtMost); ; time.Sleep(50 * time.Millisecond) {
		a := o.pay(t, to)
		if a.err == nil && a.status != http.StatusServiceUnavailable && a.slug() != "request-in-progress" {
			return a
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer in time: %d %s %v", a.status, a.body, a.err)
		}
	}
}

func get(t *testing.T, from *program, id, key string) answer {
	t.Helper()
	return look(t, from, "/v1/payments/"+id, key)
}

func look(t *testing.T, from *program, path, key string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, from.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	return do(request)
}

func do(request *http.Request) answer {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	told.add("an answer to "+request.Method+" "+request.URL.Path, body)
	a := answer{status: response.StatusCode, header: response.Header, body: string(body), err: err}
	if err == nil {
		a.err = json.Unmarshal(body, &a.view)
	}
	return a
}

func (a answer) expect(t *testing.T, status int, want state) {
	t.Helper()
	if a.err != nil || a.status != status || a.view.Status != want {
		t.Fatalf("got %d %s %v, want %d %s", a.status, a.body, a.err, status, want)
	}
	if status < 300 && a.header.Get("Location") != "/v1/payments/"+a.view.ID {
		t.Errorf("Location %q", a.header.Get("Location"))
	}
}

func (a answer) expectProblem(t *testing.T, status int, slug string) {
	t.Helper()
	if a.err != nil || a.status != status || a.slug() != slug {
		t.Fatalf("got %d %s %v, want %d %s", a.status, a.body, a.err, status, slug)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(waitAtMost); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
