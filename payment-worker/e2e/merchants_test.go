package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What no program may ever say, as strings that nobody takes for anything else.
const (
	keyA        = "gzk_planted_key_of_a_5e1f77"
	keyB        = "gzk_planted_key_of_b_91d3c0"
	secretA     = "whsec_cGxhbnRlZCB3ZWJob29rIHNlY3JldCBvZiBh" // planted webhook secret of a
	secretB     = "whsec_cGxhbnRlZCB3ZWJob29rIHNlY3JldCBvZiBi"
	tok         = "tok_planted_card_81c2e4"
	appPassword = "planted-database-password-3d7a"
)

// shop is a merchant's server, which takes callbacks.
type shop struct {
	*httptest.Server
	secret string
	refuse int // so many attempts of each event, before it takes it

	mu    sync.Mutex
	calls []call
}

// call is one callback as it came.
type call struct {
	id, body string
	trace    string // the traceparent that it came with
	status   int    // what it was answered
	valid    error
}

func newShop(secret string, refuse int) *shop {
	s := &shop{secret: secret, refuse: refuse}
	s.Server = httptest.NewServer(http.HandlerFunc(s.take))
	return s
}

func (s *shop) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	told.add("a callback's body", body)
	c := call{id: r.Header.Get("webhook-id"), body: string(body), trace: r.Header.Get("traceparent"), status: http.StatusOK, valid: s.verify(r.Header, body)}
	s.mu.Lock()
	if len(s.of(c.id)) < s.refuse {
		c.status = http.StatusServiceUnavailable
	}
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	w.WriteHeader(c.status)
}

// of is the calls about one event so far; the caller holds mu.
func (s *shop) of(id string) []call {
	return slices.DeleteFunc(slices.Clone(s.calls), func(c call) bool { return c.id != id })
}

// about is the calls about a payment.
func (s *shop) about(payment string) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c call) bool { return !strings.HasPrefix(c.id, "evt_"+payment+"_") })
}

// verify checks a callback as standardwebhooks.com says.
func (s *shop) verify(h http.Header, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.secret, "whsec_"))
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("the time is wrong")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(slices.Concat([]byte(h.Get("webhook-id")+"."+h.Get("webhook-timestamp")+"."), body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !slices.Contains(strings.Fields(h.Get("webhook-signature")), want) {
		return errors.New("no signature is right")
	}
	return nil
}
