// Package secrets makes the stack's passwords and keys at the first `up` and reads them ever after. They lie in files of
// mode 0600 in a folder of mode 0700, and are never printed.
package secrets

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gazua.example/infra/mysql"
)

const (
	mysqlFile     = "mysql.json"
	merchantsFile = "merchants.json"
)

// Merchant is one customer of the payment system, as `payment-api merchants` and loadgen read it.
type Merchant struct {
	ID            int    `json:"id"`
	Name          string `json:"name"`
	APIKey        string `json:"api_key"`
	WebhookSecret string `json:"webhook_secret"`
}

// MerchantsFile is where the merchants' keys lie.
func MerchantsFile(dir string) string { return filepath.Join(dir, merchantsFile) }

// Ensure makes what is missing in dir and returns the database passwords.
func Ensure(dir string) (mysql.Passwords, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return mysql.Passwords{}, fmt.Errorf("make the secrets' folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return mysql.Passwords{}, fmt.Errorf("close the secrets' folder: %w", err)
	}
	merchants := []Merchant{newMerchant(1, "merchant-a"), newMerchant(2, "merchant-b")}
	if err := writeOnce(filepath.Join(dir, merchantsFile), merchants); err != nil {
		return mysql.Passwords{}, err
	}
	if err := writeOnce(filepath.Join(dir, mysqlFile), NewPasswords()); err != nil {
		return mysql.Passwords{}, err
	}
	return Passwords(dir)
}

// Passwords reads the database passwords that Ensure made.
func Passwords(dir string) (mysql.Passwords, error) {
	var p mysql.Passwords
	text, err := os.ReadFile(filepath.Join(dir, mysqlFile))
	if err != nil {
		return p, fmt.Errorf("read the database passwords: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("read %s: %w", mysqlFile, err)
	}
	return p, nil
}

// NewPasswords draws a password for each database user. They are hex, so they need no quoting in a DSN or in SQL.
func NewPasswords() mysql.Passwords {
	return mysql.Passwords{Root: hexKey(16), Admin: hexKey(16), App: hexKey(16), Verifier: hexKey(16)}
}

func newMerchant(id int, name string) Merchant {
	secret := make([]byte, 32)
	rand.Read(secret)
	return Merchant{id, name, "gzk_" + hexKey(32), "whsec_" + base64.StdEncoding.EncodeToString(secret)}
}

func hexKey(bytes int) string {
	key := make([]byte, bytes)
	rand.Read(key) // never fails (crypto/rand)
	return hex.EncodeToString(key)
}

// writeOnce leaves an existing file as it is. The rename makes it appear whole: a file cut short by a crash would lock
// everyone out of the database for good.
func writeOnce(path string, value any) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return os.Rename(path+".new", path)
}
