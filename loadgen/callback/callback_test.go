package callback

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The library's clock for the Date header, started once a process by its answer to a body that is too long.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

var secretA, secretB = bytes.Repeat([]byte("a"), 24), bytes.Repeat([]byte("b"), 24)

func whsec(secret []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }

// received runs a receiver; the function returns what it was called with so far.
func received(t *testing.T, refuse float64) (*Receiver, func() []Call) {
	t.Helper()
	r, err := Listen("127.0.0.1:0", []Merchant{{1, whsec(secretA)}, {2, whsec(secretB)}, {3, ""}}, refuse)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var calls []Call
	r.Serve(func(c *Call) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, *c)
	})
	t.Cleanup(r.Close)
	return r, func() []Call {
		mu.Lock()
		defer mu.Unlock()
		return append([]Call(nil), calls...)
	}
}

// message is a callback as the system sends it. The signature is made here with code of the test's own.
type message struct {
	method, path, id, body string
	at                     time.Time
	secret                 []byte
	more                   string // in the header, before the signature
}

const paid = `{"type":"payment.paid","timestamp":"2026-11-23T00:00:00Z","data":{"payment":{"id":"5","order_id":"o","status":"PAID","amount":900,"canceled_amount":0,"version":3}}}`

func good() message {
	return message{method: "POST", path: "/callbacks/1", id: "evt_5_3", body: paid, at: time.Now(), secret: secretA}
}

func (m message) send(t *testing.T, r *Receiver) int {
	t.Helper()
	timestamp := strconv.FormatInt(m.at.Unix(), 10)
	mac := hmac.New(sha256.New, m.secret)
	fmt.Fprintf(mac, "%s.%s.%s", m.id, timestamp, paid) // always of this body: another one is a changed one
	if m.body != paid && strings.HasPrefix(m.body, "{") {
		mac.Reset()
		fmt.Fprintf(mac, "%s.%s.%s", m.id, timestamp, m.body)
	}
	request, err := http.NewRequestWithContext(t.Context(), m.method, "http://"+r.Address()+m.path, strings.NewReader(m.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Webhook-Id", m.id)
	request.Header.Set("Webhook-Timestamp", timestamp)
	request.Header.Set("Webhook-Signature", m.more+"v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// The example that the specification's libraries are tested with.
func TestSigned_SpecificationsExample_IsValid(t *testing.T) {
	secret, err := readSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	id, at, body := []byte("msg_p5jXN8AQM9LWM0D4loKWxJek"), []byte("1614265330"), []byte(`{"test": 2432232314}`)
	const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if !signed(secret, id, at, body, []byte(signature)) {
		t.Error("it is refused")
	}
	for name, header := range map[string]string{
		"none": "", "another version": "v1a" + signature[2:], "no version": signature[3:], "cut off": signature[:len(signature)-1],
		"another": "v1,AAAA" + signature[7:],
	} {
		if signed(secret, id, at, body, []byte(header)) {
			t.Errorf("%s: %q is taken", name, header)
		}
	}
}

func TestReceiver_EachSort_GetsItsAnswer(t *testing.T) {
	canceled := `{"type":"cancellation.failed","data":{"payment":{"id":"5","status":"PAID","version":4,"canceled_amount":20},"cancellation":{"payment_id":"5","seq":2,"status":"FAILED"}}}`
	for name, c := range map[string]struct {
		change func(m *message)
		status int
		fault  string
		signed bool
	}{
		"as it must be":              {func(*message) {}, 204, "", true},
		"of a cancellation":          {func(m *message) { m.id, m.body = "evt_5_4", canceled }, 204, "", true},
		"two secrets are valid":      {func(m *message) { m.more = "v1,AAAA v2,xx " }, 204, "", true},
		"four minutes old":           {func(m *message) { m.at = m.at.Add(-4 * time.Minute) }, 204, "", true},
		"signed by another secret":   {func(m *message) { m.secret = secretB }, 401, "signature", false},
		"at another's address":       {func(m *message) { m.path = "/callbacks/2" }, 401, "signature", false},
		"its body was changed":       {func(m *message) { m.body = " " + paid }, 401, "signature", false},
		"recorded six minutes ago":   {func(m *message) { m.at = m.at.Add(-6 * time.Minute) }, 401, "timestamp", false},
		"from the future":            {func(m *message) { m.at = m.at.Add(6 * time.Minute) }, 401, "timestamp", false},
		"its id is of another event": {func(m *message) { m.id = "evt_5_4" }, 400, "id", true},
		"its body makes no sense":    {func(m *message) { m.body = `{"type":5}` }, 400, "body", true},
		"without a payment":          {func(m *message) { m.body = `{"type":"payment.paid","data":{}}` }, 400, "body", true},
		"no such merchant":           {func(m *message) { m.path = "/callbacks/9" }, 404, "merchant", false},
		"merchant without a secret":  {func(m *message) { m.path = "/callbacks/3" }, 404, "merchant", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, calls := received(t, 0)
			m := good()
			c.change(&m)
			if got := m.send(t, r); got != c.status {
				t.Errorf("answered %d, want %d", got, c.status)
			}
			all := calls()
			if len(all) != 1 || all[0].Fault != c.fault || all[0].Signed != c.signed || all[0].Answered != c.status {
				t.Fatalf("told %+v, want fault %q, signed %v", all, c.fault, c.signed)
			}
		})
	}
}

func TestReceiver_Call_SaysWhatTheBodyTells(t *testing.T) {
	r, calls := received(t, 0)
	m := good()
	m.send(t, r)
	m.id = "evt_5_7"
	m.body = `{"type":"cancellation.succeeded","data":{"payment":{"id":"5","status":"PARTIALLY_CANCELED","version":7,"canceled_amount":20},"cancellation":{"seq":2,"status":"SUCCEEDED"}}}`
	m.send(t, r)
	all := calls()
	for i := range all {
		if time.Since(all[i].At) > time.Minute {
			t.Errorf("it came at %v", all[i].At)
		}
		all[i].At = time.Time{}
	}
	want := []Call{
		{Merchant: 1, Signed: true, Answered: 204, Type: "payment.paid", Payment: "5", Version: 3, Status: "PAID"},
		{Merchant: 1, Signed: true, Answered: 204, Type: "cancellation.succeeded", Payment: "5", Version: 7, Seq: 2, Status: "SUCCEEDED", Canceled: 20},
	}
	if fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("told\n%+v\nwant\n%+v", all, want)
	}
}

func TestReceiver_WhatIsNoCallback_IsTurnedAway(t *testing.T) {
	r, calls := received(t, 0)
	for name, c := range map[string]struct {
		change func(m *message)
		status int
	}{
		"a GET":        {func(m *message) { m.method = "GET" }, 404},
		"another path": {func(m *message) { m.path = "/elsewhere" }, 404},
		"too long":     {func(m *message) { m.body = strings.Repeat("x", maxBody+1) }, 400},
	} {
		m := good()
		c.change(&m)
		if got := m.send(t, r); got != c.status {
			t.Errorf("%s: answered %d, want %d", name, got, c.status)
		}
	}
	if all := calls(); len(all) > 0 {
		t.Errorf("told %+v", all)
	}
}

func TestReceiver_Refusal_StrikesTheFirstAttemptOnly(t *testing.T) {
	r, calls := received(t, 1)
	for attempt, want := range []int{500, 204, 204} {
		if got := good().send(t, r); got != want {
			t.Errorf("attempt %d is answered %d, want %d", attempt+1, got, want)
		}
	}
	if all := calls(); len(all) != 3 || all[0].Fault != "refused" || !all[0].Signed || all[1].Fault != "" {
		t.Errorf("told %+v", all)
	}
}

func TestChosen_Share_IsWhatWasAskedFor(t *testing.T) {
	const count = 100_000
	for _, share := range []float64{0, 0.01, 0.5, 1} {
		got := 0.
		for n := range count {
			if chosen(fmt.Appendf(nil, "evt_%d_3", 118182731011067904+uint64(n)<<12), share) {
				got += 1. / count
			}
		}
		if slack := 5*math.Sqrt(share*(1-share)/count) + 1e-9; math.Abs(got-share) > slack {
			t.Errorf("%.4f are chosen of a share of %.2f", got, share)
		}
	}
}

func TestListen_AddressThatCannotBe_IsOneSentence(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = Listen(taken.Addr().String(), nil, 0)
	want := "the merchants' callbacks cannot be received at " + taken.Addr().String() + ", which CALLBACK_LISTEN names (does another loadgen run?): bind: address already in use"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestListen_SecretThatIsNone_IsRefusedAndNotShown(t *testing.T) {
	for _, secret := range []string{"hunter2hunter2hunter2hunter2hunter2", "whsec_hunter2", "whsec_aHVudGVyMg=="} {
		r, err := Listen("127.0.0.1:0", []Merchant{{1, secret}}, 0)
		if err == nil {
			r.Close()
			t.Errorf("%q is taken", secret)
		} else if strings.Contains(err.Error(), "unter2") || strings.Contains(err.Error(), "aHV") {
			t.Errorf("the secret is shown: %v", err)
		}
	}
}

func TestClose_NotServedOrTwice_LeavesNothing(t *testing.T) {
	r, err := Listen("127.0.0.1:0", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	served, _ := received(t, 0)
	good().send(t, served)
	served.Close()
	if _, err := net.Dial("tcp", served.Address()); err == nil {
		t.Error("it still listens")
	}
	served.Close()
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(paid))
	f.Add([]byte(`{"type":"x","data":{"payment":{"id":"5","status":"PAID","version":-1},"cancellation":{"seq":1,"status":"FAILED"}}}`))
	f.Add([]byte(`{"type":"x","data":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c Call
		if err := c.decode(body); err != nil {
			return
		}
		if c.Type == "" || c.Payment == "" || c.Status == "" || len(c.Type+c.Payment+c.Status) > 3*maxText || c.Seq < 0 {
			t.Fatalf("%q is read as %+v", body, c)
		}
	})
}
