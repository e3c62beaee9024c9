package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"gazua.example/payment-api/payment"
)

// Merchant is one who may use the API, as merchants.json has it. The key comes in once and is kept as its hash only; the
// secret has to be kept, since callbacks are signed with it.
type Merchant struct {
	ID            payment.MerchantID `json:"id"`
	Name          string             `json:"name"`
	APIKey        string             `json:"api_key"`
	WebhookSecret string             `json:"webhook_secret"`
	CallbackURL   string             `json:"callback_url"` // empty: wants no callbacks
}

// MaxCallbackURL bounds a callback URL, in bytes.
const MaxCallbackURL = 512

// RegisterMerchants makes these merchants known, with their keys, secrets and callback URLs. Names and URLs become what is
// said here; keys and secrets that are known stay as they are, so that a repetition does not bring back one that expired.
func RegisterMerchants(ctx context.Context, db *sql.DB, merchants []Merchant) error {
	var faults []error
	for _, m := range merchants {
		faults = append(faults, m.validate())
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return inTx(ctx, db, func(tx *sql.Tx) error {
		for _, m := range merchants {
			if err := m.register(ctx, tx); err != nil {
				return fmt.Errorf("register merchant %d: %w", m.ID, err)
			}
		}
		return nil
	})
}

func (m *Merchant) register(ctx context.Context, tx *sql.Tx) error {
	callbackURL := sql.NullString{String: m.CallbackURL, Valid: m.CallbackURL != ""}
	if err := exec(ctx, tx, "INSERT INTO merchant (id, name, callback_url) VALUES (?, ?, ?) AS new ON DUPLICATE KEY UPDATE name = new.name, callback_url = new.callback_url",
		m.ID, m.Name, callbackURL); err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(m.APIKey))
	if err := exec(ctx, tx, "INSERT INTO api_key (key_hash, merchant_id, created_at) VALUES (?, ?, UTC_TIMESTAMP(6)) AS new ON DUPLICATE KEY UPDATE merchant_id = new.merchant_id",
		hash[:], m.ID); err != nil || m.WebhookSecret == "" {
		return err
	}
	return exec(ctx, tx, "INSERT INTO webhook_secret (merchant_id, secret, created_at) VALUES (?, ?, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE merchant_id = merchant_id", m.ID, m.WebhookSecret)
}

func (m *Merchant) validate() error {
	var faults []error
	if m.ID == 0 {
		faults = append(faults, errors.New("it has no id, a whole number from 1"))
	}
	if m.APIKey == "" {
		faults = append(faults, errors.New("it has no api_key"))
	}
	if m.WebhookSecret != "" {
		faults = append(faults, validateSecret(m.WebhookSecret))
	}
	if m.CallbackURL != "" {
		faults = append(faults, validateCallbackURL(m.CallbackURL))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("merchant %d: %w", m.ID, err)
	}
	return nil
}

// validateSecret never shows the secret. The bounds are those of Standard Webhooks.
func validateSecret(secret string) error {
	encoded, is := strings.CutPrefix(secret, secretPrefix)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !is || err != nil || len(raw) < 24 || len(raw) > 64 {
		return fmt.Errorf("webhook_secret must be %s and 24 to 64 bytes in base64", secretPrefix)
	}
	return nil
}

// validateCallbackURL says what is wrong, without the credentials that it may hold. Where it may lead is decided when it is
// called: an address can change.
func validateCallbackURL(text string) error {
	if len(text) > MaxCallbackURL {
		return fmt.Errorf("callback_url is longer than %d bytes", MaxCallbackURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		return errors.New("callback_url must be an absolute http or https URL")
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }):
		return errors.New("callback_url must be printable ASCII; encode the rest (%, punycode)")
	case u.User != nil:
		return errors.New("callback_url must not hold credentials: what we send is signed")
	case strings.Contains(text, "#"):
		return errors.New("callback_url must not have a fragment: it is never sent")
	}
	return nil
}
