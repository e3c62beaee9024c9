package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gazua.example/payment-api/mysql"
)

// eventID names what is told: the same however often it is sent.
func eventID(d mysql.DueCallback) string { return fmt.Sprintf("evt_%d_%d", d.Payment, d.Version) }

// sign makes the value of webhook-signature (standardwebhooks.com): one signature for each secret that is valid, so that a
// merchant can change its secret without missing an event.
func sign(secrets []string, id string, at time.Time, body []byte) (string, error) {
	var signatures []string
	for _, secret := range secrets {
		key, ours := strings.CutPrefix(secret, "whsec_")
		decoded, err := base64.StdEncoding.DecodeString(key)
		if !ours || err != nil || len(decoded) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, decoded)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	switch {
	case len(secrets) == 0:
		return "", errors.New("the merchant has no webhook secret")
	case len(signatures) == 0:
		return "", errors.New("the merchant's webhook secret is not whsec_ and base64")
	}
	return strings.Join(signatures, " "), nil
}
