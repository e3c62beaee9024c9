package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Standard Webhooks (standardwebhooks.com, version 1): the signature is the HMAC-SHA256 of `id.timestamp.body`, in
// base64 behind `v1,`; a header may hold several, separated by blanks, while a secret is being replaced.

// tolerance is how far the timestamp may be off: an old callback that somebody recorded is not taken again.
const tolerance = 5 * time.Minute

// readSecret takes the bytes out of whsec_<base64>.
func readSecret(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(secret) < 16 {
		return nil, fmt.Errorf("a webhook_secret must be whsec_ and at least 16 bytes in base64") // and is not shown
	}
	return secret, nil
}

// fresh says whether the timestamp, in seconds since 1970, is near now.
func fresh(timestamp []byte, now time.Time) bool {
	seconds, err := strconv.ParseInt(string(timestamp), 10, 64)
	if err != nil {
		return false
	}
	off := now.Sub(time.Unix(seconds, 0))
	return off >= -tolerance && off <= tolerance
}

// signed says whether one of the signatures in the header was made with the secret.
func signed(secret, id, timestamp, body, header []byte) bool {
	mac := hmac.New(sha256.New, secret)
	for _, part := range [][]byte{id, {'.'}, timestamp, {'.'}, body} {
		mac.Write(part)
	}
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	valid := false
	for signature := range strings.FieldsSeq(string(header)) {
		version, value, _ := strings.Cut(signature, ",")
		// No early end: how long it takes says nothing about which one fits, or how much of it.
		if version == "v1" && subtle.ConstantTimeCompare([]byte(value), []byte(want)) == 1 {
			valid = true
		}
	}
	return valid
}
