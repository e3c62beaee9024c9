package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"gazua.example/payment-api/payment"
)

// Merchant is one who may use the API. The key comes in once and is kept as its hash only.
type Merchant struct {
	ID     payment.MerchantID `json:"id"`
	Name   string             `json:"name"`
	APIKey string             `json:"api_key"`
}

// RegisterMerchants makes these merchants and their keys known; those that are known stay.
func RegisterMerchants(ctx context.Context, db *sql.DB, merchants []Merchant) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		for _, m := range merchants {
			if _, err := affected(ctx, tx, "INSERT INTO merchant (id, name) VALUES (?, ?) AS new ON DUPLICATE KEY UPDATE name = new.name", m.ID, m.Name); err != nil {
				return fmt.Errorf("register merchant %d: %w", m.ID, err)
			}
			hash := sha256.Sum256([]byte(m.APIKey))
			if _, err := affected(ctx, tx, "INSERT INTO api_key (key_hash, merchant_id) VALUES (?, ?) AS new ON DUPLICATE KEY UPDATE merchant_id = new.merchant_id", hash[:], m.ID); err != nil {
				return fmt.Errorf("register the key of merchant %d: %w", m.ID, err)
			}
		}
		return nil
	})
}

// Keys reads who owns which key, by the key's SHA-256.
func Keys(ctx context.Context, db *sql.DB) (map[[32]byte]payment.MerchantID, error) {
	found, err := db.QueryContext(ctx, "SELECT key_hash, merchant_id FROM api_key")
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
