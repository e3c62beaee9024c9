package mysql

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"gazua.example/payment-api/payment"
)

// What merchants and we know each other by: API keys, kept as hashes, and the secrets that callbacks are signed with. A
// merchant can have several of each: while one is replaced, the old one is valid until everybody has the new one.

// Credential is a key or secret as it may be shown: never itself.
type Credential struct {
	Prefix  string    // the first 12 hex digits of its SHA-256
	Created time.Time // by the database's clock, as all times here
	Expires time.Time // zero: it does not
	Valid   bool
}

// credentials is a table of them.
type credentials struct {
	what, table, prefix string
}

var (
	apiKeys        = credentials{"API key", "api_key", "LEFT(LOWER(HEX(key_hash)), 12)"}
	webhookSecrets = credentials{"webhook secret", "webhook_secret", "LEFT(SHA2(secret, 256), 12)"}
)

const (
	keyPrefix    = "gzk_"
	secretPrefix = "whsec_" // Standard Webhooks
	secretBytes  = 32       // 256 random bits
)

// Keys reads who owns which key that is valid, by the key's SHA-256.
func Keys(ctx context.Context, db *sql.DB) (map[[32]byte]payment.MerchantID, error) {
	found, err := db.QueryContext(ctx, "SELECT key_hash, merchant_id FROM api_key WHERE expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6)")
	if err != nil {
		return nil, fmt.Errorf("read the merchants' keys: %w", err)
	}
	defer func() { _ = found.Close() }()
	keys := map[[32]byte]payment.MerchantID{}
	for found.Next() {
		var hash []byte
		var merchant payment.MerchantID
		if err := found.Scan(&hash, &merchant); err != nil {
			return nil, fmt.Errorf("read the merchants' keys: %w", err)
		}
		keys[[32]byte(hash)] = merchant
	}
	return keys, found.Err()
}

// RotateKey gives a merchant a new API key, which is told here and nowhere again. Those that it has stay valid for overlap.
func RotateKey(ctx context.Context, db *sql.DB, merchant payment.MerchantID, overlap time.Duration) (key string, err error) {
	key = keyPrefix + hex.EncodeToString(random())
	hash := sha256.Sum256([]byte(key))
	if err := apiKeys.rotate(ctx, db, merchant, overlap, func(tx *sql.Tx) error {
		return exec(ctx, tx, "INSERT INTO api_key (key_hash, merchant_id, created_at) VALUES (?, ?, UTC_TIMESTAMP(6))", hash[:], merchant)
	}); err != nil {
		return "", fmt.Errorf("rotate the API key of merchant %d: %w", merchant, err)
	}
	return key, nil
}

// RevokeKey ends one API key of a merchant at once, named by its Prefix; false: the merchant has no such key that is valid.
func RevokeKey(ctx context.Context, db *sql.DB, merchant payment.MerchantID, prefix string) (bool, error) {
	return apiKeys.revoke(ctx, db, merchant, prefix)
}

// ListKeys reads a merchant's API keys, oldest first, without the keys.
func ListKeys(ctx context.Context, db *sql.DB, merchant payment.MerchantID) ([]Credential, error) {
	return apiKeys.list(ctx, db, merchant)
}

// RotateSecret gives a merchant a new webhook secret, which is told here and nowhere again. For overlap callbacks are signed
// with the old ones too.
func RotateSecret(ctx context.Context, db *sql.DB, merchant payment.MerchantID, overlap time.Duration) (secret string, err error) {
	secret = secretPrefix + base64.StdEncoding.EncodeToString(random())
	if err := webhookSecrets.rotate(ctx, db, merchant, overlap, func(tx *sql.Tx) error {
		return exec(ctx, tx, "INSERT INTO webhook_secret (merchant_id, secret, created_at) VALUES (?, ?, UTC_TIMESTAMP(6))", merchant, secret)
	}); err != nil {
		return "", fmt.Errorf("rotate the webhook secret of merchant %d: %w", merchant, err)
	}
	return secret, nil
}

// RevokeSecret ends one webhook secret of a merchant at once, named by its Prefix; false: the merchant has no such secret
// that is valid.
func RevokeSecret(ctx context.Context, db *sql.DB, merchant payment.MerchantID, prefix string) (bool, error) {
	return webhookSecrets.revoke(ctx, db, merchant, prefix)
}

// ListSecrets reads a merchant's webhook secrets, oldest first, without the secrets.
func ListSecrets(ctx context.Context, db *sql.DB, merchant payment.MerchantID) ([]Credential, error) {
	return webhookSecrets.list(ctx, db, merchant)
}

// rotate holds the merchant's row, so that two of them come one after the other. One that expires sooner stays so.
func (c credentials) rotate(ctx context.Context, db *sql.DB, merchant payment.MerchantID, overlap time.Duration, insert func(*sql.Tx) error) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		var known payment.MerchantID
		err := tx.QueryRowContext(ctx, "SELECT id FROM merchant WHERE id = ? FOR UPDATE", merchant).Scan(&known)
		if errors.Is(err, sql.ErrNoRows) {
			return errors.New("there is no such merchant")
		}
		if err != nil {
			return notStored(err)
		}
		if err := exec(ctx, tx, "UPDATE "+c.table+` SET expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
			WHERE merchant_id = ? AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)`, micros(overlap), merchant, micros(overlap)); err != nil {
			return err
		}
		return insert(tx)
	})
}

func (c credentials) revoke(ctx context.Context, db *sql.DB, merchant payment.MerchantID, prefix string) (bool, error) {
	result, err := db.ExecContext(ctx, "UPDATE "+c.table+" SET expires_at = UTC_TIMESTAMP(6) WHERE merchant_id = ? AND "+c.prefix+
		" = ? AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))", merchant, prefix)
	if err != nil {
		return false, fmt.Errorf("revoke the %s %s of merchant %d: %w", c.what, prefix, merchant, err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func (c credentials) list(ctx context.Context, db *sql.DB, merchant payment.MerchantID) ([]Credential, error) {
	found, err := db.QueryContext(ctx, "SELECT "+c.prefix+", created_at, expires_at, expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6) FROM "+c.table+
		" WHERE merchant_id = ? ORDER BY created_at, 1", merchant)
	if err != nil {
		return nil, fmt.Errorf("list each %s of merchant %d: %w", c.what, merchant, err)
	}
	defer func() { _ = found.Close() }()
	var all []Credential
	for found.Next() {
		var one Credential
		var expires sql.NullTime
		if err := found.Scan(&one.Prefix, &one.Created, &expires, &one.Valid); err != nil {
			return nil, fmt.Errorf("list each %s of merchant %d: %w", c.what, merchant, err)
		}
		one.Expires = expires.Time
		all = append(all, one)
	}
	return all, found.Err()
}

func random() []byte {
	raw := make([]byte, secretBytes)
	rand.Read(raw) // never fails (crypto/rand)
	return raw
}
