package secrets

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Merchant is one customer of the payment system, as `payment-api merchants` and loadgen read it.
type Merchant struct {
	ID            int    `json:"id"`
	Name          string `json:"name"`
	APIKey        string `json:"api_key"`
	WebhookSecret string `json:"webhook_secret"`
	CallbackURL   string `json:"callback_url"`
}

// MerchantsFile is where the merchants' keys lie.
func MerchantsFile(dir string) string { return filepath.Join(dir, "merchants.json") }

// ensureMerchants makes the merchants at the first time. In a file that is there it only sets the callback URLs, so that
// the keys which a database and a person know stay.
func ensureMerchants(path, callbacks string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return write(path, []Merchant{newMerchant(1, "merchant-a", callbacks), newMerchant(2, "merchant-b", callbacks)})
	}
	if err != nil {
		return fmt.Errorf("read the merchants: %w", err)
	}
	merchants, changed, err := withCallbacks(text, callbacks)
	if err != nil {
		return fmt.Errorf("read the merchants in %s: %w", path, err)
	}
	if !changed {
		return nil
	}
	return write(path, merchants)
}

func newMerchant(id int, name, callbacks string) Merchant {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails (crypto/rand)
	return Merchant{id, name, "gzk_" + hexKey(32), "whsec_" + base64.StdEncoding.EncodeToString(secret), callbackURL(callbacks, id)}
}

func callbackURL(callbacks string, id int) string { return callbacks + "/" + strconv.Itoa(id) }

// members are one merchant's as they stand in the file, those that we do not know included.
type members map[string]json.RawMessage

// withCallbacks gives every merchant that has no callback URL one of ours, and moves ours to where callbacks are taken now
// (the port can be changed). A URL that a person wrote stays, an empty one too.
func withCallbacks(text []byte, callbacks string) (merchants []members, changed bool, err error) {
	if err := json.Unmarshal(text, &merchants); err != nil {
		return nil, false, fmt.Errorf("it must be a JSON list of merchants: %w", err)
	}
	for n, m := range merchants {
		var id int
		if err := json.Unmarshal(m["id"], &id); err != nil || id <= 0 {
			return nil, false, fmt.Errorf("merchant %d of the list has no id, a whole number from 1", n+1)
		}
		want := callbackURL(callbacks, id)
		if stays(m, want) {
			continue
		}
		m["callback_url"], changed = json.RawMessage(strconv.Quote(want)), true
	}
	return merchants, changed, nil
}

// ours is what a callback URL looks like that the stack wrote, at whatever port it was.
var ours = regexp.MustCompile(`^"http://127\.0\.0\.1:[0-9]+/callbacks/[0-9]+"$`)

func stays(m members, want string) bool {
	now, there := m["callback_url"]
	return there && (string(now) == strconv.Quote(want) || !ours.Match(now))
}
