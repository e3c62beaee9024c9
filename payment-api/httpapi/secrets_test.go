package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

const (
	secretKey   = "gzk_0123456789abcdef0123456789abcdef"
	secretToken = "tok_card_4f1a9c"
)

// openAsInEarnest is a door with the program's own logs and metrics.
func openAsInEarnest(t *testing.T, domain *fakeDomain) (d *door, metrics http.Handler) {
	t.Helper()
	log := &syncBuffer{}
	tel, err := telemetry.Start(t.Context(), telemetry.Options{Service: "payment-api", Instance: "test", LogLevel: "debug", LogTo: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Stop(context.Background()) })
	keys := func(_ *Options, read *ReadKeys) {
		*read = func(context.Context) (map[[32]byte]payment.MerchantID, error) {
			return map[[32]byte]payment.MerchantID{sha256.Sum256([]byte(secretKey)): 1}, nil
		}
	}
	return openLogging(t, domain, log, tel.Log, keys), tel.Metrics
}

// Everything that a client sends comes back in some error of ours: it must stay inside of its line of the log.
func TestLog_NothingThatAClientSends_ForgesOrBreaksALine(t *testing.T) {
	forged := "x\n{\"time\":\"2026\",\"level\":\"ERROR\",\"msg\":\"forged\"}\r\n\x1b[31m\x00\u2028\u0085" + `","msg":"forged","x":"`
	var told string // what the domain's errors speak of
	fail := func() error {
		return &payment.Error{Kind: payment.KindUnavailable, Detail: "not now", RetryAfter: time.Second, Cause: errors.New(told)}
	}
	d, _ := openAsInEarnest(t, &fakeDomain{
		create: func(r *payment.Request) (payment.Created, error) {
			told = fmt.Sprintf("Error 1406: order %s token %d", r.OrderID, len(r.Legs))
			if strings.HasPrefix(r.OrderID, "panic") {
				panic("no such order: " + r.OrderID)
			}
			return payment.Created{}, fail()
		},
		byOrder: func(order string) ([]*payment.Payment, error) { told = order; return nil, errors.New("order " + order) },
		cancel: func(_ payment.ID, r *payment.CancelRequest) (payment.Canceled, error) {
			told = r.Reason
			return payment.Canceled{}, fail()
		},
	})
	quoted, _ := json.Marshal(forged)
	withKey := with("Authorization", "Bearer "+secretKey)
	everywhere := func(r *http.Request) {
		for _, name := range []string{"User-Agent", "Prefer", "Traceparent", "Tracestate", "X-Forwarded-For", "Referer"} {
			r.Header.Set(name, strings.Map(func(c rune) rune {
				if c < ' ' {
					return -1 // net/http sends no such header; what comes raw is below
				}
				return c
			}, forged))
		}
	}
	d.post(strings.Replace(good, `"o-1"`, string(quoted), 1), withKey, everywhere).isProblem(t, 503, "unavailable")
	d.post(strings.Replace(good, `"o-1"`, `"panic`+string(quoted)[1:], 1), withKey, everywhere).isProblem(t, 500, "internal-error")
	d.postTo(cancelPath, `{"reason":`+string(quoted)+`}`, withKey, everywhere).isProblem(t, 503, "unavailable")
	d.post(`{`+string(quoted)+`:1}`, withKey).isProblem(t, 400, "invalid-request")
	d.get("/v1/payments?order_id="+urlEscape(forged), secretKey, everywhere).isProblem(t, 500, "internal-error")
	d.get("/v1/payments?"+urlEscape(forged)+"=1", secretKey).isProblem(t, 400, "invalid-request")
	d.get("/"+urlEscape(forged), secretKey).isProblem(t, 404, "not-found")
	for _, raw := range []string{
		"GET /v1/payments/7\x1b[31m\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/payments HTTP/1.1\r\nHost: x\r\nUser-Agent: a\nlevel=ERROR msg=forged\r\n\r\n",
		"BREW\x1b /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secretKey + "\r\n\r\n",
		"POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: \x1b\r\n\r\n",
	} {
		d.raw(nil, raw)
	}
	lines := 0
	for line := range strings.Lines(d.log.String()) {
		lines++
		var entry struct{ Level, Msg, Instance string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Instance != "test" || entry.Msg != "request" && entry.Msg != "panic" || !strings.HasSuffix(line, "}\n") {
			t.Errorf("not a line of ours: %q", line)
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool { return c < ' ' || c == '\u2028' }) {
			t.Errorf("control characters in the log: %q", line)
		}
	}
	if lines != 5 { // three failures that the domain has causes for, the order's, and the panic with its answer
		t.Errorf("%d lines:\n%s", lines, d.log)
	}
}

// API keys and tokens go to whom they are for and nowhere else, whatever happens to the request.
func TestSecrets_AreInNoLog_NoProblem_NoAnswer_NoMetric(t *testing.T) {
	outcomes := map[string]error{
		"well":     nil,
		"refused":  &payment.Error{Kind: payment.KindOrderPaid, Payment: 7, Detail: "this order is paid already"},
		"away":     &payment.Error{Kind: payment.KindUnavailable, Detail: "not now", RetryAfter: time.Second, Cause: errors.New("dial tcp")},
		"a fault":  errors.New("Error 1054"),
		"panicked": nil,
	}
	for name, err := range outcomes {
		t.Run(name, func(t *testing.T) {
			d, metrics := openAsInEarnest(t, &fakeDomain{create: func(r *payment.Request) (payment.Created, error) {
				if name == "panicked" {
					panic("a mistake")
				}
				if err := r.Validate(); err != nil {
					return payment.Created{}, err
				}
				return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7}, err
			}})
			body := strings.Replace(good, `"tok"`, `"`+secretToken+`"`, 1)
			withKey := with("Authorization", "Bearer "+secretKey)
			var told strings.Builder
			keep := func(r reply) {
				told.WriteString(r.body)
				_ = r.header.Write(&told)
			}
			keep(d.post(body, withKey))
			keep(d.post(body, withKey, with("Prefer", "respond-async")))
			keep(d.post(body, withKey, without("Idempotency-Key")))
			keep(d.post(body, withKey, with("Content-Type", "text/"+secretToken)))
			keep(d.post(body[:len(body)-3], withKey))
			keep(d.post(strings.Replace(body, `"token":`, `"token":1,"token":`, 1), withKey))
			keep(d.post(strings.Replace(body, secretToken, secretToken+" "+secretToken, 1), withKey))
			keep(d.post(body, with("Authorization", "Basic "+secretKey)))
			keep(d.post(body, with("Authorization", "Bearer "+secretKey+"x")))
			keep(d.post(body, withKey, with("X-Large", strings.Repeat("h", 5<<10))))
			keep(d.get("/v1/payments/7", secretKey))
			keep(d.get("/v1/payments/"+secretKey, secretKey))
			keep(d.get("/v1/payments?api_key="+secretKey, secretKey))
			keep(d.get("/v1/"+secretToken, secretKey))
			page := httptest.NewRecorder()
			metrics.ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
			if !bytes.Contains(page.Body.Bytes(), []byte("http_server_request_duration")) {
				t.Error("the metrics page does not have the door's metrics")
			}
			for where, text := range map[string]string{"the log": d.log.String(), "an answer": told.String(), "the metrics": page.Body.String()} {
				for _, secret := range []string{secretKey, secretToken, "Bearer"} {
					if strings.Contains(text, secret) && !(secret == "Bearer" && where == "an answer") { // a 401 says how to send it
						t.Errorf("%s is in %s:\n%s", secret, where, text)
					}
				}
			}
		})
	}
}

func urlEscape(text string) string {
	var escaped strings.Builder
	for _, b := range []byte(text) {
		fmt.Fprintf(&escaped, "%%%02X", b)
	}
	return escaped.String()
}
