package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// verify is how a merchant checks a callback, written after the specification (standardwebhooks.com) and not after sign.go:
// any one of the signatures must be that of the secret, and the time must be near.
func verify(secret string, h http.Header, body []byte, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil {
		return err
	}
	if off := now.Sub(time.Unix(seconds, 0)).Abs(); off > 5*time.Minute {
		return errors.New("too old or too new")
	}
	signed := slices.Concat([]byte(h.Get("webhook-id")), []byte("."), []byte(h.Get("webhook-timestamp")), []byte("."), body)
	mac := hmac.New(sha256.New, key)
	mac.Write(signed)
	for _, candidate := range strings.Fields(h.Get("webhook-signature")) {
		version, text, _ := strings.Cut(candidate, ",")
		if got, err := base64.StdEncoding.DecodeString(text); err == nil && version == "v1" && hmac.Equal(got, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature is right")
}

const (
	secretA = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretB = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// The example of the specification's reference implementations.
func TestSign_KnownAnswer(t *testing.T) {
	got, err := sign([]string{secretA}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestSign_EachSecretVerifies_AndNoOther(t *testing.T) {
	now := time.Now()
	body := []byte(`{"type":"payment.paid"}`)
	signature, err := sign([]string{secretA, "whsec_not base64", secretB}, "evt_1_2", now, body)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("Webhook-Id", "evt_1_2")
	h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("Webhook-Signature", signature)
	if a, b := verify(secretA, h, body, now), verify(secretB, h, body, now); a != nil || b != nil {
		t.Errorf("%v, %v", a, b)
	}
	if verify("whsec_"+base64.StdEncoding.EncodeToString([]byte("another")), h, body, now) == nil || verify(secretA, h, []byte(`{}`), now) == nil || verify(secretA, h, body, now.Add(6*time.Minute)) == nil {
		t.Error("another secret, another body or an old time verifies")
	}
}

func TestSign_NoSecretThatWorks_IsAnError_AndShowsNone(t *testing.T) {
	for name, secrets := range map[string][]string{"none": nil, "no prefix": {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "no base64": {"whsec_hunter2!"}, "empty": {"whsec_"}} {
		_, err := sign(secrets, "evt_1_2", time.Now(), nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "MfKQ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
